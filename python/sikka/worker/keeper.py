"""Keeps this worker's fair share of the partitions under lease."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol
from zlib import crc32

from sikka.ports import Clock, Lease, Leases, Observer
from sikka.worker.territory import PARTITIONS, Territory, buckets_of, lease_name

PRESENCE = "worker/"


class Presence(Protocol):
    """Who else is there."""

    async def live_leases(self, prefix: str, now: datetime) -> int:
        """How many leases with this prefix of the name have not expired."""
        ...


class Keeper:
    """Takes, prolongs and gives back partitions.

    Every worker holds a lease on its own name beside its partitions; by those the workers count
    each other. Each aims for an equal share, rounded up, and gives back what is beyond it once
    nothing of it is on its way.

    Args:
        leases: where they are kept.
        presence: counts the workers.
        clock: the time that leases are measured by.
        holder: this worker's name, unlike any other's (host, process id, random part).
        ttl_s: how long a lease lives unless prolonged; `tend` must be called several times in it.
        observe: hears `worker.partitions`, `worker.lease_lost`.
        busy: whether something of these buckets is on its way.
    """

    def __init__(
        self,
        leases: Leases,
        presence: Presence,
        clock: Clock,
        holder: str,
        ttl_s: float,
        observe: Observer,
        busy: Callable[[range], bool],
    ) -> None:
        self._leases = leases
        self._presence = presence
        self._clock = clock
        self._holder = holder
        self._ttl_s = ttl_s
        self._observe = observe
        self._busy = busy
        self._own: Lease | None = None
        self._held: dict[int, Lease] = {}
        self._leaving: set[int] = set()
        # Workers begin in different places, so that each comes by a contiguous run.
        first = crc32(holder.encode()) % PARTITIONS
        self._order = [(first + place) % PARTITIONS for place in range(PARTITIONS)]

    def territory(self) -> Territory:
        """What may be worked on now: held, not about to be given back, not expired."""
        now = self._clock.now()
        return Territory(
            {
                partition: lease
                for partition, lease in self._held.items()
                if partition not in self._leaving and now < lease.expires_at
            }
        )

    async def tend(self) -> bool:
        """Prolong what is held and move towards the fair share; return whether something was won.

        Raises:
            Unavailable: the database is away. What is held stays held until it expires.
        """
        await self._tend_presence()
        await self._prolong()
        workers = max(1, await self._presence.live_leases(PRESENCE, self._clock.now()))
        share = -(-PARTITIONS // workers)
        before = len(self._held) - len(self._leaving)
        if before < share:
            won = await self._take(share - before)
        else:
            won = False
            self._leaving.update(self._surplus(before - share))
        await self._give_back()
        self._observe("worker.partitions", held=len(self._held), share=share, workers=workers)
        return won

    async def release(self) -> None:
        """Give everything back, so that others need not wait until it expires."""
        held, self._held = self._held, {}
        self._leaving.clear()
        for lease in held.values():
            await self._leases.release(lease)
        if self._own is not None:
            own, self._own = self._own, None
            await self._leases.release(own)

    async def _tend_presence(self) -> None:
        now = self._clock.now()
        if self._own is not None:
            self._own = await self._leases.renew(self._own, now, self._ttl_s)
        if self._own is None:
            name = PRESENCE + self._holder
            taken = await self._leases.acquire([name], self._holder, now, self._ttl_s, 1)
            self._own = taken[0] if taken else None

    async def _prolong(self) -> None:
        for partition, lease in list(self._held.items()):
            renewed = await self._leases.renew(lease, self._clock.now(), self._ttl_s)
            if renewed is not None:
                self._held[partition] = renewed
                continue
            del self._held[partition]
            self._leaving.discard(partition)
            self._observe("worker.lease_lost", partition=partition)

    async def _take(self, wanted: int) -> bool:
        back = list(self._leaving)[:wanted]
        self._leaving.difference_update(back)
        free = [partition for partition in self._order if partition not in self._held]
        limit = wanted - len(back)
        if not free or limit <= 0:
            return bool(back)
        names = {lease_name(partition): partition for partition in free}
        taken = await self._leases.acquire(
            list(names), self._holder, self._clock.now(), self._ttl_s, limit
        )
        self._held.update((names[lease.name], lease) for lease in taken)
        return bool(back or taken)

    def _surplus(self, count: int) -> list[int]:
        """The partitions furthest from where this worker begins."""
        held = [each for each in self._order if each in self._held and each not in self._leaving]
        return held[len(held) - count :] if count else []

    async def _give_back(self) -> None:
        for partition in list(self._leaving):
            if not self._busy(buckets_of(partition)):
                lease = self._held.pop(partition)
                self._leaving.discard(partition)
                await self._leases.release(lease)
