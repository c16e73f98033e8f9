"""A worker: its duties, each in a loop of its own, over the partitions that its keeper holds."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Self

from sikka.background import end
from sikka.domain.errors import SikkaError
from sikka.ports import Clock, Leases, Observer
from sikka.worker.duty import Duty
from sikka.worker.keeper import Keeper, Presence
from sikka.worker.territory import Shift, Territory

_log = logging.getLogger(__name__)

TENDINGS_PER_LEASE = 4
FAILURE_PAUSE_S = 1.0


class Worker:
    """Runs the duties until it is stopped. Any number of workers share the work.

    Use it as `async with worker:`; leaving it finishes what is on its way and gives the leases
    back.

    Args:
        leases: where partitions are kept.
        presence: counts the workers.
        duties: what to do.
        clock: the time that leases are measured by.
        observe: hears `worker.round_failed` and what the duties and the keeper tell.
        holder: this worker's name, unlike any other's.
        lease_s: how long others wait for the partitions of a worker that has died.
        stop_timeout_s: how long a stop waits for what is on its way.
    """

    def __init__(
        self,
        leases: Leases,
        presence: Presence,
        duties: Sequence[Duty],
        clock: Clock,
        observe: Observer,
        *,
        holder: str,
        lease_s: float = 15.0,
        stop_timeout_s: float = 20.0,
    ) -> None:
        self._duties = tuple(duties)
        self._observe = observe
        self._lease_s = lease_s
        self._stop_timeout_s = stop_timeout_s
        self._keeper = Keeper(leases, presence, clock, holder, lease_s, observe, self._busy)
        self._wakes = {duty.name: asyncio.Event() for duty in self._duties}
        self._rounds: dict[str, range] = {}
        self._stopping = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._tasks = [
            asyncio.create_task(self._work(duty), name=f"worker {duty.name}")
            for duty in self._duties
        ]
        self._tasks.append(asyncio.create_task(self._keep(), name="worker leases"))
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._stopping.set()
        self._wake_all()
        try:
            async with asyncio.timeout(self._stop_timeout_s):
                await asyncio.gather(*self._tasks)
                await asyncio.gather(*(duty.settle() for duty in self._duties))
        except TimeoutError:
            _log.warning("stopped with work on its way; it will be done again elsewhere")
            await end(*self._tasks)
            await asyncio.gather(*(duty.abandon() for duty in self._duties))
        self._tasks = []
        try:
            await self._keeper.release()
        except SikkaError:
            _log.exception("leases could not be given back; they expire by themselves")

    def nudge(self) -> None:
        """Say that there may be work: something was committed. Cheap; call it on the event loop."""
        for duty in self._duties:
            if duty.rhythm.prompt:
                self._wakes[duty.name].set()

    async def tend(self) -> None:
        """See to the leases once; what `async with` does from time to time."""
        if await self._keeper.tend():
            self._wake_all()

    async def run_once(self, duty: Duty) -> int:
        """One round of a duty over the whole territory; return how much was done.

        Raises:
            Unavailable: the database is away.
        """
        territory = self._keeper.territory()
        return sum([await self._shift(duty, territory, each) for each in territory.ranges()])

    async def _shift(self, duty: Duty, territory: Territory, buckets: range) -> int:
        self._rounds[duty.name] = buckets
        try:
            return await duty.run(Shift(buckets, territory.guard, self.nudge))
        finally:
            del self._rounds[duty.name]

    async def _work(self, duty: Duty) -> None:
        pause_s = duty.rhythm.shortest_s
        wake = self._wakes[duty.name]
        while not self._stopping.is_set():
            wake.clear()
            try:
                done = await self.run_once(duty)
            except Exception as error:  # noqa: BLE001 - a duty outlives whatever its round meets
                self._failed(duty.name, error)
                await self._pause(self._stopping, FAILURE_PAUSE_S)
                continue
            if done:
                # What one duty has done is often work for the next: an event, a delivery.
                self.nudge()
                pause_s = duty.rhythm.shortest_s
            else:
                pause_s = min(duty.rhythm.longest_s, pause_s * 2.0)
            await self._pause(wake, pause_s)

    async def _keep(self) -> None:
        while not self._stopping.is_set():
            pause_s = self._lease_s / TENDINGS_PER_LEASE
            try:
                await self.tend()
            except Exception as error:  # noqa: BLE001 - leases outlive a database that is away
                self._failed("leases", error)
                pause_s = min(pause_s, FAILURE_PAUSE_S)
            await self._pause(self._stopping, pause_s)

    def _failed(self, duty: str, error: Exception) -> None:
        if isinstance(error, SikkaError):
            _log.warning("a round of %s failed: %s", duty, error.code)
        else:
            _log.error("a round of %s failed", duty, exc_info=error)
        self._observe("worker.round_failed", duty=duty, error=type(error).__name__)

    def _busy(self, buckets: range) -> bool:
        running = any(
            present.start < buckets.stop and buckets.start < present.stop
            for present in self._rounds.values()
        )
        return running or any(duty.busy(buckets) for duty in self._duties)

    def _wake_all(self) -> None:
        for wake in self._wakes.values():
            wake.set()

    @staticmethod
    async def _pause(event: asyncio.Event, pause_s: float) -> None:
        try:
            async with asyncio.timeout(pause_s):
                await event.wait()
        except TimeoutError:
            return
