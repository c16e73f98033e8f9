from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sikka.domain.errors import Unavailable
from sikka.worker.keeper import Keeper
from sikka.worker.territory import buckets_of
from tests.unit.worker.world import TTL_S, Crew, buckets_held

EVERY = set(range(4096))


async def tend_all(*keepers: Keeper, rounds: int = 3) -> None:
    for _ in range(rounds):
        for keeper in keepers:
            await keeper.tend()


async def test_a_lone_worker_takes_everything_at_once() -> None:
    crew = Crew()
    keeper = crew.keeper("a")
    assert await keeper.tend()
    assert buckets_held(keeper) == EVERY
    assert keeper.territory().ranges() == [range(4096)]
    assert not await keeper.tend()


@given(st.integers(1, 20))
async def test_workers_share_fairly_and_nothing_is_held_twice_or_left(count: int) -> None:
    crew = Crew()
    keepers = [crew.keeper(f"worker-{number}") for number in range(count)]
    await tend_all(*keepers)
    held = [buckets_held(keeper) for keeper in keepers]
    assert set().union(*held) == EVERY
    assert sum(len(each) for each in held) == 4096
    assert max(len(each) for each in held) <= -(-16 // count) * 256


async def test_a_second_worker_gets_half_once_the_first_gives_it_back() -> None:
    crew = Crew()
    first, second = crew.keeper("a"), crew.keeper("b")
    await first.tend()
    assert not await second.tend()
    await first.tend()
    assert await second.tend()
    assert (len(buckets_held(first)), len(buckets_held(second))) == (2048, 2048)


async def test_a_partition_is_given_back_only_when_nothing_of_it_is_on_its_way() -> None:
    crew = Crew()
    first, second = crew.keeper("a"), crew.keeper("b")
    await first.tend()
    crew.busy = EVERY
    await tend_all(second, first, second)
    assert buckets_held(second) == set()
    # What is to be given back is no longer worked on.
    assert len(buckets_held(first)) == 2048
    crew.busy = set()
    await tend_all(first, second)
    assert len(buckets_held(second)) == 2048


async def test_a_worker_that_dies_is_inherited_from_once_its_leases_expire() -> None:
    crew = Crew()
    dead, heir = crew.keeper("a"), crew.keeper("b")
    await tend_all(dead, heir)
    crew.clock.forward(TTL_S - 1)
    await heir.tend()
    assert len(buckets_held(heir)) == 2048
    crew.clock.forward(2)
    await heir.tend()
    assert buckets_held(heir) == EVERY


async def test_a_paused_worker_holds_nothing_when_it_wakes() -> None:
    crew = Crew()
    paused, other = crew.keeper("a"), crew.keeper("b")
    await paused.tend()
    fence = paused.territory().guard(0)
    crew.clock.forward(TTL_S + 1)
    assert buckets_held(paused) == set()
    await other.tend()
    await paused.tend()
    assert crew.heard("worker.lease_lost")
    assert other.territory().guard(0).expect["token"] == fence.expect["token"] + 1


async def test_release_gives_everything_to_the_next_at_once() -> None:
    crew = Crew()
    first, second = crew.keeper("a"), crew.keeper("b")
    await first.tend()
    await first.release()
    assert buckets_held(first) == set()
    await second.tend()
    assert buckets_held(second) == EVERY


async def test_what_is_held_stays_held_while_the_database_is_away_until_it_expires() -> None:
    crew = Crew()
    keeper = crew.keeper("a")
    await keeper.tend()
    crew.leases.away = True
    with pytest.raises(Unavailable):
        await keeper.tend()
    assert buckets_held(keeper) == EVERY
    crew.clock.forward(TTL_S)
    assert buckets_held(keeper) == set()
    crew.leases.away = False
    await keeper.tend()
    assert buckets_held(keeper) == EVERY


async def test_a_partition_about_to_be_given_back_is_taken_again_when_the_other_has_gone() -> None:
    crew = Crew()
    first, second = crew.keeper("a"), crew.keeper("b")
    await first.tend()
    crew.busy = EVERY
    await tend_all(second, first, rounds=1)
    await second.release()
    crew.clock.forward(1)
    assert await first.tend()
    assert buckets_held(first) == EVERY
    assert buckets_of(0).start in buckets_held(first)
