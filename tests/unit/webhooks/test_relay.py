from __future__ import annotations

from dataclasses import replace

import pytest

from sikka.domain.change import Change
from sikka.domain.delivery import WebhookDelivery
from sikka.domain.errors import Rejected, Unavailable
from sikka.domain.records import Event, EventType
from sikka_core import new_id
from tests.unit.webhooks.world import ALL, World


async def test_an_event_becomes_one_delivery_for_each_endpoint_that_wants_it() -> None:
    world = World()
    every = world.endpoint(event_types=("*",))
    family = world.endpoint(event_types=("payment.*",))
    world.endpoint(event_types=("refund.*",))
    exact = world.endpoint(event_types=("payment.succeeded", "payment.created"))
    event = world.event(type=EventType.PAYMENT_SUCCEEDED)
    assert await world.fan_out() == 1
    wanted = {every.id, family.id, exact.id}
    assert {each.endpoint_id for each in world.deliveries()} == wanted
    assert all(each.event_id == event.id for each in world.deliveries())
    assert world.journal.rows[Event, event.id].relayed


async def test_other_merchants_other_modes_and_disabled_endpoints_hear_nothing() -> None:
    world = World()
    world.endpoint(merchant_id=new_id("mer", 9, 0))
    world.endpoint(livemode=True)
    world.endpoint(enabled=False, disabled_reason="merchant")
    event = world.event()
    assert await world.fan_out() == 1
    assert world.deliveries() == []
    assert world.journal.rows[Event, event.id].relayed


async def test_relaying_twice_fans_out_once() -> None:
    world = World()
    world.endpoint()
    world.event()
    assert [await world.fan_out(), await world.fan_out()] == [1, 0]
    assert len(world.deliveries()) == 1


async def test_all_events_of_a_payment_are_relayed_in_one_change() -> None:
    world = World()
    world.endpoint()
    payment_id = world.payment()
    events = [world.event(payment_id, sequence) for sequence in (1, 2, 3)]
    assert await world.fan_out() == 3
    (change,) = world.journal.changes
    assert [row.event_id for row in change.inserts] == [event.id for event in events]


async def test_a_relay_without_the_lease_changes_nothing() -> None:
    world = World()
    world.endpoint()
    event = world.event()
    world.journal.lease(2)
    assert await world.fan_out() == 0
    assert world.deliveries() == []
    assert not world.journal.rows[Event, event.id].relayed
    assert world.heard("webhook.relay_conflict")


async def test_events_of_other_buckets_are_left_to_their_worker() -> None:
    world = World()
    world.endpoint()
    mine, other = world.event(world.payment(5)), world.event(world.payment(300))
    assert await world.relay.relay(range(256), world.guard) == 1
    assert world.journal.rows[Event, mine.id].relayed
    assert not world.journal.rows[Event, other.id].relayed


async def test_a_poisoned_payment_does_not_stop_the_others_and_is_tried_again_later() -> None:
    world = World()
    world.endpoint()
    poisoned, healthy = world.event(), world.event()

    def refuse(change: Change) -> Exception | None:
        bad = any(
            isinstance(row, WebhookDelivery) and row.event_id == poisoned.id
            for row in change.inserts
        )
        return Rejected() if bad else None

    world.journal.failures = [refuse]
    assert await world.fan_out() == 1
    assert world.journal.rows[Event, healthy.id].relayed
    assert await world.fan_out() == 0
    assert len(world.heard("webhook.relay_failed")) == 1
    world.journal.failures = []
    world.clock.forward(2)
    assert await world.fan_out() == 1


async def test_a_database_that_is_away_is_told_to_the_worker_and_loses_nothing() -> None:
    world = World()
    world.endpoint()
    world.event()
    world.journal.failures = [lambda _: Unavailable()]
    with pytest.raises(Unavailable):
        await world.fan_out()
    world.journal.failures = []
    assert await world.fan_out() == 1


async def test_a_backlog_longer_than_a_batch_reaches_every_bucket() -> None:
    world = World()
    world.endpoint()
    for bucket in (3, 900, 4000):
        for _ in range(90):
            world.event(world.payment(bucket))
    assert [await world.fan_out() for _ in range(4)] == [100, 100, 70, 0]
    late = world.event(world.payment(3))
    assert await world.relay.relay(ALL, world.guard) == 1
    assert replace(late, relayed=True) == world.journal.rows[Event, late.id]
