from __future__ import annotations

from collections.abc import Callable

import pytest

from sikka.domain.change import Amend
from sikka.domain.errors import Unavailable
from sikka.ports import Lease
from sikka.worker.duty import Rhythm
from sikka.worker.fraud_duties import FeedLabelsDuty, MonitorDuty
from sikka.worker.territory import Shift, fence_of
from sikka.worker.worker import Worker
from tests.unit.webhooks.world import NOW
from tests.unit.worker.test_worker import until
from tests.unit.worker.world import Crew

QUICK = Rhythm(shortest_s=0.001, longest_s=0.01)


class Working:
    """Counts how often it was asked, and by whose fence."""

    def __init__(self) -> None:
        self.steps = 0
        self.fences: list[Amend] = []
        self.away = False

    async def step(self) -> int:
        if self.away:
            raise Unavailable
        self.steps += 1
        return 1

    async def run(self, guard: Callable[[int], Amend]) -> int:
        self.fences.append(guard(0))
        return 2


def shift(buckets: range) -> Shift:
    return Shift(buckets, lambda bucket: fence_of(Lease(f"p{bucket}", "a", 7, NOW)), lambda: None)


async def test_the_holder_of_the_first_partition_feeds_and_watches_and_nobody_else() -> None:
    working = Working()
    feed, monitor = FeedLabelsDuty(working), MonitorDuty(working)
    for buckets in (range(256, 4096), range(4095, 4096)):
        assert await feed.run(shift(buckets)) == await monitor.run(shift(buckets)) == 0
    assert (working.steps, working.fences) == (0, [])
    assert await feed.run(shift(range(256))) == 1
    assert await monitor.run(shift(range(4096))) == 2
    assert [each.expect for each in working.fences] == [{"token": 7}]
    assert not feed.busy(range(4096))


async def test_a_database_that_is_away_ends_the_round() -> None:
    working = Working()
    working.away = True
    with pytest.raises(Unavailable):
        await FeedLabelsDuty(working).run(shift(range(256)))


async def test_of_two_workers_one_watches_and_the_other_follows_when_it_leaves() -> None:
    crew, works = Crew(), [Working(), Working()]
    workers = [
        Worker(
            crew.leases,
            crew.leases,
            (FeedLabelsDuty(work, QUICK), MonitorDuty(work, QUICK)),
            crew.clock,
            crew.observe,
            holder=holder,
            lease_s=0.2,
        )
        for holder, work in zip("ab", works, strict=True)
    ]
    async with workers[0]:
        await until(lambda: bool(works[0].fences))
    assert works[1].steps == 0
    rounds = works[0].steps
    async with workers[1]:
        await until(lambda: works[1].steps > 0 and bool(works[1].fences))
    assert works[0].steps == rounds
    assert works[0].fences[-1].expect["token"] < works[1].fences[0].expect["token"]
