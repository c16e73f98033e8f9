from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from sikka.domain.payment import Flow, Stage, Status
from sikka.flows.expire import expire
from sikka.flows.parts import Policy
from sikka.flows.poll import poll_payment
from sikka.flows.schedule import next_check_at
from tests.integration.flows.world import (
    AMBIGUOUS,
    APPROVED,
    NOT_FOUND,
    PENDING,
    START,
    FlowWorld,
    declined,
    id_of,
    shown,
)

ALL = range(4096)


def test_the_checks_keep_the_etiquette_of_the_network() -> None:
    policy = Policy()
    at, times = START, []
    for made in range(7):
        at = next_check_at(policy, START, made, at)
        times.append((at - START).total_seconds())
    assert times == [90, 900, 3600, 7200, 8100, 9000, 9900]
    assert sum(each < 7200 for each in times) == 3


@pytest.mark.parametrize("made", [1, 2, 3, 4, 9])
def test_checks_that_were_missed_are_not_made_up_for_in_a_burst(made: int) -> None:
    now = START + timedelta(days=1)
    assert next_check_at(Policy(), START, made, now) >= now + timedelta(seconds=90)


async def test_a_payment_is_due_after_ninety_seconds_and_not_before(world: FlowWorld) -> None:
    await world.pay("order-1", PENDING)
    world.clock.move(89)
    assert not await world.store.due_payment_checks(world.clock.now(), ALL, 10)
    world.clock.move(1)
    (due,) = await world.store.due_payment_checks(world.clock.now(), ALL, 10)
    world.rail.says.append(APPROVED)
    await poll_payment(world.parts, due)
    assert (await world.state(due.payment.id)).payment.status is Status.SUCCESS
    assert not await world.store.due_payment_checks(world.clock.now(), ALL, 10)


async def test_several_workers_make_one_check(world: FlowWorld) -> None:
    payment_id = id_of(await world.pay("order-1", PENDING))
    world.clock.move(90)
    state = await world.state(payment_id)
    world.rail.says.append(PENDING)
    await asyncio.gather(*(poll_payment(world.parts, state) for _ in range(5)))
    assert [what for what, _ in world.rail.sent] == ["collect", "check"]
    assert (await world.state(payment_id)).upi.checks_made == 1


async def test_a_payment_that_never_left_fails_when_the_rail_has_not_got_it(
    world: FlowWorld,
) -> None:
    payment_id = id_of(await world.pay("order-1", AMBIGUOUS))
    world.clock.move(90)
    world.rail.says.append(NOT_FOUND)
    await poll_payment(world.parts, await world.state(payment_id))
    state = await world.state(payment_id)
    assert state.payment.failure_code == "transaction_not_found"


@pytest.mark.parametrize("said", [PENDING, AMBIGUOUS])
async def test_a_check_without_a_usable_answer_changes_nothing_but_the_schedule(
    world: FlowWorld, said: object
) -> None:
    payment_id = id_of(await world.pay("order-1", PENDING))
    world.clock.move(90)
    world.rail.says.append(said)  # type: ignore[arg-type]
    await poll_payment(world.parts, await world.state(payment_id))
    state = await world.state(payment_id)
    assert (state.payment.stage, state.upi.checks_made) == (Stage.SUBMITTED, 1)
    assert state.upi.next_check_at == START + timedelta(seconds=900)


async def test_a_payment_that_stays_unknown_is_asked_about_once_more_and_goes_to_a_person(
    world: FlowWorld,
) -> None:
    payment_id = id_of(await world.pay("order-1", PENDING))
    world.clock.move(172_800)
    world.rail.says.append(PENDING)
    await poll_payment(world.parts, await world.state(payment_id))
    assert (await world.state(payment_id)).payment.stage is Stage.SUBMITTED
    world.clock.move(900)
    await poll_payment(world.parts, await world.state(payment_id))
    assert [what for what, _ in world.rail.sent] == ["collect", "check"]
    state = await world.state(payment_id)
    assert (state.payment.stage, state.upi.next_check_at) == (Stage.NEEDS_ATTENTION, None)
    assert state.payment.status is Status.PENDING
    await poll_payment(world.parts, state)
    assert world.heard.count("payment.needs_attention") == 1


async def test_a_concluded_payment_is_not_asked_about(world: FlowWorld) -> None:
    payment_id = id_of(await world.pay("order-1", declined()))
    await poll_payment(world.parts, await world.state(payment_id))
    assert [what for what, _ in world.rail.sent] == ["collect"]


async def test_a_link_that_nobody_used_expires_once_the_rail_says_so(world: FlowWorld) -> None:
    payment_id = shown(await world.pay("order-1", flow=Flow.QR))["id"]
    world.clock.move(600)
    (overdue,) = await world.store.overdue(world.clock.now(), ALL, 10)
    await expire(world.parts, overdue)
    assert (await world.state(payment_id)).upi.next_check_at is None
    world.clock.move(120)
    await expire(world.parts, await world.state(payment_id))
    (due,) = await world.store.due_payment_checks(world.clock.now(), ALL, 10)
    world.rail.says.append(NOT_FOUND)
    await poll_payment(world.parts, due)
    state = await world.state(payment_id)
    assert state.payment.state == (Status.EXPIRED, Stage.EXPIRED)


async def test_a_link_is_not_expired_by_a_check_before_its_time(world: FlowWorld) -> None:
    payment_id = shown(await world.pay("order-1", flow=Flow.QR))["id"]
    world.rail.says.append(NOT_FOUND)
    await poll_payment(world.parts, await world.state(payment_id))
    assert (await world.state(payment_id)).payment.stage is Stage.ACTION_REQUIRED
