"""History, played into the memory in Redis by one process at a time."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import AsyncIterable

from sikka.fraud.stores.facts import Facts, LabelFacts, event_of, moment_ms
from sikka.fraud.stores.history import Playback, in_turns
from sikka.fraud.stores.keys import Keys
from sikka.fraud.stores.library import Library
from sikka.fraud.stores.link import Link
from sikka.fraud.stores.port import FeaturesUnavailable
from sikka_core import MalformedError

_log = logging.getLogger(__name__)

# Redis is busy with so many for a millisecond; then payments have their turn.
_ITEMS_AT_ONCE = 16
# Nobody waits for it as for a payment.
_TIMEOUT_S = 1.0
# Whoever was heard of so long ago is taken for dead, and another goes on where it stopped.
_LOCK_MS = 30_000

# What becomes of an item, as function.lua has it.
_COUNTED, _LOST, _REACHED = 1, -1, -2


class Warming:
    """Plays history under a lock for each mode. What is played and how far go into one step.

    Args:
        link, library, keys: the way to Redis, the functions there, the names.
        keep_s: how long an entity is remembered of which nothing more is heard.
    """

    def __init__(self, link: Link, library: Library, keys: Keys, keep_s: int) -> None:
        self._link = link
        self._library = library
        self._keys = keys
        self._keep_s = keep_s
        self._token = secrets.token_hex(16)
        self._held: dict[bool, Playback] = {}
        self._playing: set[bool] = set()

    async def play(self, history: AsyncIterable[Facts]) -> int:
        """See `sikka.fraud.stores.port.FeatureStore.warm`."""
        try:
            for livemode in (True, False):
                await self._begin(livemode)
            counted = await self._play(history) if self._held else 0
            for livemode in self._held:
                await self._finish(livemode, warm=True)
        except BaseException:
            with contextlib.suppress(FeaturesUnavailable):
                for livemode in self._held:
                    await self._finish(livemode, warm=False)
            raise
        return counted

    async def _begin(self, livemode: bool) -> None:
        lock, state = self._keys.lock(livemode), self._keys.state(livemode)
        words = ("SET", lock, self._token, "NX", "PX", _LOCK_MS)
        if not await self._link.command(*words, timeout_s=_TIMEOUT_S):
            return
        if await self._link.call(self._library.state, [state], timeout_s=_TIMEOUT_S):
            await self._finish(livemode, warm=False)
            return
        self._held[livemode] = Playback()
        self._playing.add(livemode)

    async def _finish(self, livemode: bool, *, warm: bool) -> None:
        keys = [self._keys.state(livemode), self._keys.lock(livemode)]
        await self._link.call(
            self._library.finish, keys, self._token, int(warm), timeout_s=_TIMEOUT_S
        )

    async def _play(self, history: AsyncIterable[Facts]) -> int:
        counted = 0
        batch: list[tuple[Facts, int]] = []
        async for facts in in_turns(history):
            if facts.livemode not in self._playing:
                continue
            batch.append((facts, self._held[facts.livemode].number_of(moment_ms(facts))))
            if len(batch) == _ITEMS_AT_ONCE:
                counted += await self._replay(batch)
                batch.clear()
                if not self._playing:
                    break
        return counted + await self._replay(batch)

    async def _replay(self, batch: list[tuple[Facts, int]]) -> int:
        became = await asyncio.gather(*(self._item(facts, number) for facts, number in batch))
        for (facts, _), what in zip(batch, became, strict=True):
            if what == _LOST:
                self._held.pop(facts.livemode, None)
            if what in (_LOST, _REACHED):
                self._playing.discard(facts.livemode)
        return became.count(_COUNTED)

    async def _item(self, facts: Facts, number: int) -> int:
        try:
            event = event_of(facts)
        except MalformedError as error:
            _log.warning("history of payment %s is left out: %s", facts.payment_id, error)
            return 0
        keys = self._keys
        became: int = await self._link.call(
            self._library.replay,
            [
                keys.state(facts.livemode),
                keys.lock(facts.livemode),
                keys.answer(facts),
                *keys.records(facts),
            ],
            event.pack(),
            self._keep_s,
            self._token,
            _LOCK_MS,
            number,
            int(facts.fraud) if isinstance(facts, LabelFacts) else "",
            timeout_s=_TIMEOUT_S,
        )
        return became
