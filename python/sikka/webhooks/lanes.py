"""Each endpoint has a lane of its own, so that a slow merchant fills his and nobody else's."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sikka.background import end
from sikka.domain.change import Amend
from sikka.domain.delivery import DueDelivery
from sikka.ports import Clock

# How long a delivery that was read may wait in its lane; then it is read again.
_FRESH = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may be on its way at once.

    Args:
        total: deliveries of this process.
        per_endpoint: deliveries to one endpoint whose last attempt succeeded.
        per_failing_endpoint: to one whose last attempt failed. With few of those slots each, even
            hundreds of merchants that are down leave room for the others.
        page: deliveries read at a time.
    """

    total: int = 512
    per_endpoint: int = 8
    per_failing_endpoint: int = 1
    page: int = 128


@dataclass(frozen=True, slots=True)
class _Planned:
    """A delivery with the fence that was held when it was read."""

    due: DueDelivery
    fence: Amend
    read_at: datetime
    wake: Callable[[], None]


class _Lane:
    """One endpoint's deliveries: how many are on their way, and what comes next."""

    __slots__ = ("failing", "load", "ready")

    def __init__(self) -> None:
        self.load = 0
        self.failing = False
        self.ready: deque[_Planned] = deque()


class Lanes:
    """What is on its way, and what starts when something has ended.

    Args:
        limits: how much at once.
        clock: how old a reading is.
        fly: deals with one delivery; it does not raise.
    """

    def __init__(
        self, limits: Limits, clock: Clock, fly: Callable[[DueDelivery, Amend], Awaitable[None]]
    ) -> None:
        self._limits = limits
        self._clock = clock
        self._fly = fly
        self._lanes: dict[str, _Lane] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._buckets: dict[str, int] = {}
        self._started: set[str] = set()

    def begin_reading(self) -> frozenset[str]:
        """What is on its way now; what starts from here on, `started` tells."""
        self._started.clear()
        return frozenset(self._tasks)

    @property
    def started(self) -> Collection[str]:
        """What was started since `begin_reading`, whether or not it has ended by now."""
        return self._started

    @property
    def has_room(self) -> bool:
        """Whether anything may start at all."""
        return len(self._tasks) < self._limits.total

    def full(self) -> set[str]:
        """The endpoints that have no room."""
        return {id for id, lane in self._lanes.items() if lane.load >= self._room_of(lane)}

    def load_beside(self, endpoint_ids: Collection[str]) -> int:
        """How many deliveries to other endpoints than these are on their way."""
        return sum(lane.load for id, lane in self._lanes.items() if id not in endpoint_ids)

    def plan(
        self,
        dues: Sequence[DueDelivery],
        guard: Callable[[int], Amend],
        read_at: datetime,
        wake: Callable[[], None],
    ) -> int:
        """Start what has room and keep the rest ready; return how many were started.

        What was ready for these endpoints before is replaced by what was read now.
        """
        for endpoint_id in {due.endpoint.id for due in dues}:
            self._lanes.setdefault(endpoint_id, _Lane()).ready.clear()
        for due in dues:
            fence = guard(due.delivery.bucket)
            self._lanes[due.endpoint.id].ready.append(_Planned(due, fence, read_at, wake))
        return sum(self._advance(id) for id in {due.endpoint.id for due in dues})

    def succeeded(self, endpoint_id: str) -> None:
        """The endpoint takes deliveries: it has all its room."""
        self._lanes.setdefault(endpoint_id, _Lane()).failing = False

    def failed(self, endpoint_id: str) -> None:
        """The endpoint does not: it has little room, and what was ready is read again."""
        lane = self._lanes.setdefault(endpoint_id, _Lane())
        lane.failing = True
        lane.ready.clear()

    def busy(self, buckets: Collection[int]) -> bool:
        """Whether a delivery of these buckets is on its way, or may start without being read."""
        now = self._clock.now()
        return any(bucket in buckets for bucket in self._buckets.values()) or any(
            planned.due.delivery.bucket in buckets and now < planned.read_at + _FRESH
            for lane in self._lanes.values()
            for planned in lane.ready
        )

    async def settle(self) -> None:
        """Start nothing more; return when nothing is on its way."""
        self._forget()
        while self._tasks:
            await asyncio.wait(self._tasks.values())

    async def abandon(self) -> None:
        """Drop what is on its way; return when nothing is."""
        self._forget()
        await end(*self._tasks.values())

    def _forget(self) -> None:
        for lane in self._lanes.values():
            lane.ready.clear()

    def _room_of(self, lane: _Lane) -> int:
        limits = self._limits
        return limits.per_failing_endpoint if lane.failing else limits.per_endpoint

    def _advance(self, endpoint_id: str) -> int:
        lane = self._lanes[endpoint_id]
        fresh_since = self._clock.now() - _FRESH
        count = 0
        while lane.ready and self.has_room and lane.load < self._room_of(lane):
            planned = lane.ready.popleft()
            if planned.read_at > fresh_since:
                self._start(lane, planned)
                count += 1
        return count

    def _start(self, lane: _Lane, planned: _Planned) -> None:
        delivery = planned.due.delivery
        lane.load += 1
        self._started.add(delivery.id)
        self._buckets[delivery.id] = delivery.bucket
        task = asyncio.create_task(self._run(planned), name=f"deliver {delivery.id}")
        self._tasks[delivery.id] = task
        task.add_done_callback(lambda _: self._ended(planned))

    async def _run(self, planned: _Planned) -> None:
        await self._fly(planned.due, planned.fence)

    def _ended(self, planned: _Planned) -> None:
        id, endpoint_id = planned.due.delivery.id, planned.due.endpoint.id
        lane = self._lanes[endpoint_id]
        lane.load -= 1
        del self._tasks[id]
        del self._buckets[id]
        self._advance(endpoint_id)
        if not lane.ready:
            planned.wake()
        if not lane.load and not lane.failing:
            del self._lanes[endpoint_id]
