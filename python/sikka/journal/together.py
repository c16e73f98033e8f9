"""Looks keys up together: those asked for while one lookup runs make the next one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Together(Generic[K, V]):
    """Answers single keys from lookups of many.

    A lookup begins only after the keys in it were asked for, so that an answer is never older
    than its question. Nothing waits for company: a lone key is looked up at once.

    Args:
        look_up: answers the values of some different keys; a key without one is absent.
        keys_max: the most keys of one lookup.
    """

    def __init__(
        self, look_up: Callable[[Sequence[K]], Awaitable[Mapping[K, V]]], keys_max: int = 200
    ) -> None:
        self._look_up = look_up
        self._keys_max = keys_max
        self._asked: dict[K, list[asyncio.Future[V | None]]] = {}
        self._task: asyncio.Task[None] | None = None

    async def get(self, key: K) -> V | None:
        """The value of a key, or None. Raises what the lookup raises."""
        answer: asyncio.Future[V | None] = asyncio.get_running_loop().create_future()
        self._asked.setdefault(key, []).append(answer)
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        return await answer

    async def _run(self) -> None:
        try:
            while self._asked:
                keys = list(self._asked)[: self._keys_max]
                waiting = {key: self._asked.pop(key) for key in keys}
                await self._answer(waiting)
        finally:
            self._task = None

    async def _answer(self, waiting: Mapping[K, list[asyncio.Future[V | None]]]) -> None:
        try:
            found = await self._look_up(list(waiting))
        except BaseException as error:
            for answers in waiting.values():
                for answer in answers:
                    if not answer.done():
                        answer.set_exception(error)
            if not isinstance(error, Exception):
                raise
        else:
            for key, answers in waiting.items():
                for answer in answers:
                    if not answer.done():
                        answer.set_result(found.get(key))
