from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime

from sikka.domain.delivery import DeliveryStatus, DueDelivery
from sikka.webhooks.lanes import Limits
from tests.unit.webhooks.world import ALL, World, always

URL = "https://shop.example/hooks"
OTHER = "https://other.example/hooks"


async def relayed(world: World, events: int) -> None:
    for _ in range(events):
        world.event()
    while await world.fan_out():
        pass


def count_reads(world: World) -> list[int]:
    """How many deliveries each reading from now on returns."""
    sizes: list[int] = []
    read = world.journal.due_deliveries

    async def counted(
        now: datetime, buckets: range, limit: int, excluded: Collection[str]
    ) -> Sequence[DueDelivery]:
        found = await read(now, buckets, limit, excluded)
        sizes.append(len(found))
        return found

    world.journal.due_deliveries = counted  # type: ignore[method-assign]
    return sizes


async def flown(world: World, count: int) -> None:
    for _ in range(10_000):
        if len(world.poster.posts) >= count:
            return
        await asyncio.sleep(0)
    raise AssertionError(f"only {len(world.poster.posts)} of {count} were delivered")


async def idle(world: World) -> None:
    for _ in range(10_000):
        if not world.deliverer.busy(ALL):
            return
        await asyncio.sleep(0)
    raise AssertionError("deliveries do not end")


async def test_a_backlog_of_one_endpoint_is_read_once_and_flows_on_by_itself() -> None:
    world = World(Limits(per_endpoint=4, page=100))
    world.endpoint()
    await relayed(world, 60)
    sizes = count_reads(world)
    assert await world.start() == 4
    await flown(world, 60)
    await world.deliverer.settle()
    assert sizes == [60]
    assert world.poster.most_at_once[URL] == 4
    assert {each.status for each in world.deliveries()} == {DeliveryStatus.DELIVERED}
    assert len(set(world.poster.ids())) == 60


async def test_what_was_read_too_long_ago_is_read_again_before_it_starts() -> None:
    world = World(Limits(per_endpoint=1, page=100))
    world.endpoint()
    await relayed(world, 5)
    world.poster.held[URL] = asyncio.Event()
    await world.start()
    world.clock.forward(1)
    world.poster.held[URL].set()
    await flown(world, 1)
    for _ in range(50):
        await asyncio.sleep(0)
    assert len(world.poster.posts) == 1
    await world.deliver()
    assert len(world.poster.posts) == 5


async def test_what_is_ready_counts_as_busy_until_it_is_too_old() -> None:
    world = World(Limits(per_endpoint=1))
    world.endpoint()
    world.event(world.payment(5))
    world.event(world.payment(900))
    await world.fan_out()
    world.poster.held[URL] = asyncio.Event()
    await world.start()
    assert world.deliverer.busy(range(256))
    assert world.deliverer.busy(range(768, 1024))
    world.clock.forward(1)
    assert not (world.deliverer.busy(range(256)) and world.deliverer.busy(range(768, 1024)))
    world.poster.held[URL].set()
    await world.deliverer.settle()


async def test_a_failure_drops_what_was_ready_for_the_endpoint() -> None:
    world = World(Limits(per_endpoint=1))
    world.endpoint()
    world.poster.answers[URL] = always(500)
    await relayed(world, 10)
    await world.start()
    for _ in range(50):
        await asyncio.sleep(0)
    assert len(world.poster.posts) == 1


async def test_what_ends_while_a_reading_is_under_way_is_not_delivered_again() -> None:
    world = World()
    world.endpoint()
    await relayed(world, 1)
    held = world.poster.held[URL] = asyncio.Event()
    await world.start()
    read, ended = world.journal.due_deliveries, asyncio.Event()

    async def slow(
        now: datetime, buckets: range, limit: int, excluded: Collection[str]
    ) -> Sequence[DueDelivery]:
        found = await read(now, buckets, limit, excluded)
        assert len(found) == 1
        held.set()
        await ended.wait()
        return found

    world.journal.due_deliveries = slow  # type: ignore[method-assign]
    second = asyncio.create_task(world.deliverer.deliver(ALL, world.guard, lambda: None))
    await held.wait()
    await idle(world)
    ended.set()
    assert await second == 0
    assert len(world.poster.posts) == 1


async def test_what_starts_and_ends_while_a_reading_is_under_way_is_not_delivered_again() -> None:
    world = World(Limits(per_endpoint=2))
    world.endpoint()
    await relayed(world, 4)
    held = world.poster.held[URL] = asyncio.Event()
    assert await world.start() == 2
    read = world.journal.due_deliveries

    async def slow(
        now: datetime, buckets: range, limit: int, excluded: Collection[str]
    ) -> Sequence[DueDelivery]:
        # As a database would that reads before the marks and answers after them.
        found = await read(now, buckets, limit, ())
        held.set()
        await idle(world)
        return found

    world.journal.due_deliveries = slow  # type: ignore[method-assign]
    assert await world.start() == 0
    assert sorted(world.poster.ids()) == sorted(set(world.poster.ids()))
    assert len(world.poster.posts) == 4


async def test_the_bound_of_the_process_holds_over_all_endpoints() -> None:
    world = World(Limits(total=5, per_endpoint=4))
    world.endpoint(URL)
    world.endpoint(OTHER)
    await relayed(world, 20)
    for url in (URL, OTHER):
        world.poster.held[url] = asyncio.Event()
    assert await world.start() == 5
    assert await world.start() == 0
    for event in world.poster.held.values():
        event.set()
    await world.deliver()
    assert len(world.poster.posts) == 40
