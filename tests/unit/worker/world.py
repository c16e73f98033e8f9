"""Leases in memory, a clock moved by hand, and duties that remember what they were asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sikka.domain.errors import Unavailable
from sikka.ports import Lease
from sikka.worker.duty import Rhythm
from sikka.worker.keeper import Keeper
from sikka.worker.territory import Shift
from tests.unit.webhooks.world import HandClock

TTL_S = 15.0


class MemoryLeases:
    """Leases as the port says, and the count of those that live."""

    def __init__(self) -> None:
        self.rows: dict[str, Lease] = {}
        self.away = False

    def _reach(self) -> None:
        if self.away:
            raise Unavailable

    async def acquire(
        self, names: Sequence[str], holder: str, now: datetime, ttl_s: float, limit: int
    ) -> Sequence[Lease]:
        self._reach()
        taken: list[Lease] = []
        for name in names:
            held = self.rows.get(name)
            if len(taken) == limit or (held is not None and held.expires_at > now):
                continue
            token = held.token + 1 if held else 1
            lease = Lease(name, holder, token, now + timedelta(seconds=ttl_s))
            self.rows[name] = lease
            taken.append(lease)
        return taken

    async def renew(self, lease: Lease, now: datetime, ttl_s: float) -> Lease | None:
        self._reach()
        if not self._is_mine(lease):
            return None
        renewed = replace(lease, expires_at=now + timedelta(seconds=ttl_s))
        self.rows[lease.name] = renewed
        return renewed

    async def release(self, lease: Lease) -> None:
        self._reach()
        if self._is_mine(lease):
            self.rows[lease.name] = replace(lease, expires_at=lease.expires_at - timedelta(days=1))

    async def live_leases(self, prefix: str, now: datetime) -> int:
        self._reach()
        return sum(
            name.startswith(prefix) and lease.expires_at > now for name, lease in self.rows.items()
        )

    def _is_mine(self, lease: Lease) -> bool:
        held = self.rows.get(lease.name)
        return held is not None and (held.token, held.holder) == (lease.token, lease.holder)


class Crew:
    """Several keepers on one table of leases."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.leases = MemoryLeases()
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.busy: set[int] = set()

    def keeper(self, holder: str) -> Keeper:
        return Keeper(
            self.leases, self.leases, self.clock, holder, TTL_S, self.observe, self.is_busy
        )

    def is_busy(self, buckets: range) -> bool:
        return any(bucket in buckets for bucket in self.busy)

    def observe(self, what: str, /, **facts: Any) -> None:
        self.told.append((what, facts))

    def heard(self, what: str) -> list[dict[str, Any]]:
        return [facts for name, facts in self.told if name == what]


def buckets_held(keeper: Keeper) -> set[int]:
    return {bucket for run in keeper.territory().ranges() for bucket in run}


class RecordingDuty:
    """Does as many things as it is told, and remembers its shifts."""

    def __init__(self, name: str = "record", *, prompt: bool = True) -> None:
        self.name = name
        self.rhythm = Rhythm(shortest_s=0.001, longest_s=0.01, prompt=prompt)
        self.shifts: list[Shift] = []
        self.answers: list[int | Exception] = []
        self.settled = False
        self.abandoned = False

    async def run(self, shift: Shift) -> int:
        self.shifts.append(shift)
        answer = self.answers.pop(0) if self.answers else 0
        if isinstance(answer, Exception):
            raise answer
        return answer

    def busy(self, buckets: range) -> bool:
        return False

    async def settle(self) -> None:
        self.settled = True

    async def abandon(self) -> None:
        self.abandoned = True
