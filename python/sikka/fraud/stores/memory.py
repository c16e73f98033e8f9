"""The memory of one process."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterable
from pathlib import Path

from sikka.fraud.stores.facts import Facts, LabelFacts, PaymentFacts, moment_ms
from sikka.fraud.stores.history import Playback, in_turns
from sikka.fraud.stores.port import INDIA_OFFSET_S, Observation
from sikka_core import FeatureStore, MalformedError, load_snapshot, save_snapshot

_log = logging.getLogger(__name__)

_SUFFIX = ".features"
_COMPLETE = "complete"
_MODES = {True: "live", False: "test"}


class MemoryFeatureStore:
    """A `FeatureStore` whose records live in this process.

    Each process remembers what passes through it, so with n processes behind one port a count is
    about an n-th of the truth.

    Args:
        entities_max: how many users, instruments, devices, addresses and merchants are remembered,
            each; at some 0.8 KB.
        utc_offset_s: how far the clock that makes hours and weekdays is ahead of UTC.
        folder: where the memory is kept between `close` and the next `open`; it is of one process.
            It is read once, so that a process that died begins without.
    """

    name = "memory"

    def __init__(
        self,
        entities_max: int = 200_000,
        utc_offset_s: int = INDIA_OFFSET_S,
        folder: Path | None = None,
    ) -> None:
        self._entities_max = entities_max
        self._utc_offset_s = utc_offset_s
        self._folder = folder
        self._memories: dict[tuple[bool, str], FeatureStore] = {}
        self._warm = False
        self._warming = False
        self._since_ms: dict[bool, int] = {}
        self._played = {True: (-1, 0), False: (-1, 0)}

    async def open(self) -> None:
        if self._folder is not None:
            await asyncio.to_thread(self._load, self._folder)

    async def observe(self, facts: PaymentFacts) -> Observation:
        vector = self._observe(facts)
        if not self._warm:
            self._since_ms.setdefault(facts.livemode, facts.time_ms)
        return Observation(vector, stale=not self._warm)

    async def label(self, facts: LabelFacts) -> bool:
        return self._label(facts)

    async def is_warm(self) -> bool:
        return self._warm

    async def warm(self, history: AsyncIterable[Facts]) -> int:
        if self._warm or self._warming:
            return 0
        self._warming = True
        try:
            counted = await self._play(history)
        finally:
            self._warming = False
        self._warm = True
        return counted

    async def close(self) -> None:
        if self._folder is not None and self._warm:
            await asyncio.to_thread(self._save, self._folder)

    async def _play(self, history: AsyncIterable[Facts]) -> int:
        playbacks = {True: Playback(), False: Playback()}
        counted = 0
        async for facts in in_turns(history):
            at_ms = moment_ms(facts)
            place = (at_ms, playbacks[facts.livemode].number_of(at_ms))
            if at_ms >= self._since_ms.get(facts.livemode, at_ms + 1):
                continue
            if place <= self._played[facts.livemode]:
                continue
            self._played[facts.livemode] = place
            try:
                if isinstance(facts, PaymentFacts):
                    self._observe(facts)
                else:
                    self._label(facts)
            except MalformedError as error:
                _log.warning("history of payment %s is left out: %s", facts.payment_id, error)
                continue
            counted += 1
        return counted

    def _observe(self, facts: PaymentFacts) -> memoryview:
        return self._memory(facts).observe(
            facts.payment_id,
            facts.time_ms,
            facts.amount_minor,
            user=facts.user,
            instrument=facts.instrument,
            device=facts.device,
            ip=facts.ip,
            merchant=facts.merchant,
            latitude=facts.latitude,
            longitude=facts.longitude,
        )

    def _label(self, facts: LabelFacts) -> bool:
        return self._memory(facts).label(
            facts.payment_id,
            facts.known_ms,
            facts.fraud,
            user=facts.user,
            instrument=facts.instrument,
            device=facts.device,
            ip=facts.ip,
            merchant=facts.merchant,
        )

    def _memory(self, facts: Facts) -> FeatureStore:
        place = (facts.livemode, facts.currency)
        memory = self._memories.get(place)
        if memory is None:
            memory = self._memories[place] = self._empty()
        return memory

    def _empty(self) -> FeatureStore:
        return FeatureStore(entities_max=self._entities_max, utc_offset_s=self._utc_offset_s)

    def _load(self, folder: Path) -> None:
        complete, memories = folder / _COMPLETE, {}
        if not complete.exists():
            return
        # Whatever happens from here on, nobody finds a part of it complete.
        complete.unlink()
        for path in folder.glob(f"*{_SUFFIX}"):
            mode, _, currency = path.name.removesuffix(_SUFFIX).partition("-")
            memory = memories[mode == _MODES[True], currency] = self._empty()
            try:
                load_snapshot(memory, path)
            except (OSError, MalformedError) as error:
                _log.warning("the memory of the features is lost, %s: %s", path.name, error)
                return
        self._memories, self._warm = memories, True

    def _save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for path in folder.glob(f"*{_SUFFIX}"):
            path.unlink()
        for (livemode, currency), memory in self._memories.items():
            save_snapshot(memory, folder / f"{_MODES[livemode]}-{currency}{_SUFFIX}")
        (folder / _COMPLETE).touch()
