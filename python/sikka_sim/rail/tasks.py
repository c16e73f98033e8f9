"""The world's background work: started and stopped here; its errors are never lost."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

_LOG = logging.getLogger("sikka_sim")


class Tasks:
    """Running tasks, and the exceptions with which any have ended.

    Attributes:
        errors: what went wrong in background work, for tests to look at.
    """

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()
        self.errors: list[BaseException] = []

    @property
    def running(self) -> int:
        """How many tasks have not ended."""
        return len(self._running)

    async def idle(self, timeout_s: float = 10.0) -> None:
        """Wait until no work is left.

        Raises:
            TimeoutError: some is left after ``timeout_s`` real seconds.
        """
        async with asyncio.timeout(timeout_s):
            while self._running:
                await asyncio.wait(self._running)

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Start work in the background."""
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            self.errors.append(error)
            _LOG.error("background work failed", exc_info=error)

    async def stop(self) -> None:
        """Cancel what still runs and wait for it."""
        running = list(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
