from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from sikka.domain.errors import Unavailable
from sikka.worker.worker import Worker
from tests.unit.worker.world import Crew, RecordingDuty


async def until(is_so: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline_s, "the condition did not come to hold"
        await asyncio.sleep(0.001)


def worker_of(crew: Crew, *duties: RecordingDuty, **values: float) -> Worker:
    return Worker(crew.leases, crew.leases, duties, crew.clock, crew.observe, holder="a", **values)


def covered(duty: RecordingDuty) -> bool:
    return any(shift.buckets == range(4096) for shift in duty.shifts)


async def test_every_duty_runs_over_the_whole_territory() -> None:
    crew, duties = Crew(), (RecordingDuty("one"), RecordingDuty("two", prompt=False))
    async with worker_of(crew, *duties):
        await until(lambda: all(covered(duty) for duty in duties))
    assert all(duty.settled and not duty.abandoned for duty in duties)


async def test_stopping_gives_the_leases_back() -> None:
    crew, duty = Crew(), RecordingDuty()
    async with worker_of(crew, duty):
        await until(lambda: covered(duty))
    assert len(crew.leases.rows) == 17
    assert await crew.leases.live_leases("", crew.clock.now()) == 0


async def test_a_nudge_wakes_the_prompt_duties_alone() -> None:
    crew = Crew()
    prompt, calm = RecordingDuty("prompt"), RecordingDuty("calm", prompt=False)
    worker = worker_of(crew, prompt, calm)
    worker.nudge()
    assert worker._wakes["prompt"].is_set()
    assert not worker._wakes["calm"].is_set()


async def test_work_done_makes_the_other_duties_look_again() -> None:
    crew = Crew()
    busy, other = RecordingDuty("busy", prompt=False), RecordingDuty("other")
    async with worker_of(crew, busy, other):
        await until(lambda: covered(busy) and covered(other))
        worker_rounds = len(other.shifts)
        busy.answers = [3]
        await until(lambda: not busy.answers and len(other.shifts) > worker_rounds)


async def test_a_round_that_fails_is_told_and_followed_by_others() -> None:
    crew, broken, healthy = Crew(), RecordingDuty("broken"), RecordingDuty("healthy")
    worker = worker_of(crew, broken, healthy)
    await worker.tend()
    broken.answers = [Unavailable(), RuntimeError("boom")]
    async with worker:
        await until(lambda: len(crew.heard("worker.round_failed")) >= 1)
        rounds = len(healthy.shifts)
        await until(lambda: len(healthy.shifts) > rounds)
        await until(lambda: len(crew.heard("worker.round_failed")) >= 2)
        rounds = len(broken.shifts)
        await until(lambda: len(broken.shifts) > rounds)


async def test_a_worker_whose_leases_expired_does_nothing() -> None:
    crew, duty = Crew(), RecordingDuty()
    worker = worker_of(crew, duty)
    await worker.tend()
    assert await worker.run_once(duty) == 0
    assert len(duty.shifts) == 1
    crew.clock.forward(16)
    await worker.run_once(duty)
    assert len(duty.shifts) == 1


async def test_a_stop_that_takes_too_long_abandons_what_goes_on() -> None:
    class Endless(RecordingDuty):
        async def settle(self) -> None:
            if not self.abandoned:
                await asyncio.Event().wait()

    crew, duty = Crew(), Endless()
    async with worker_of(crew, duty, stop_timeout_s=0.05):
        await until(lambda: covered(duty))
    assert duty.abandoned
    assert await crew.leases.live_leases("", crew.clock.now()) == 0


async def test_a_database_that_is_away_at_first_is_waited_for() -> None:
    crew, duty = Crew(), RecordingDuty()
    crew.leases.away = True
    async with worker_of(crew, duty, lease_s=0.04):
        await until(lambda: len(crew.heard("worker.round_failed")) >= 2)
        crew.leases.away = False
        await until(lambda: covered(duty))
