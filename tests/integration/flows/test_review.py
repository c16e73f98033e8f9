"""Held payments: what a person's decision does, and what time does without one."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from sikka.domain.change import Change, amend
from sikka.domain.errors import IdempotencyKeyInUse, NotFound, UnprocessableRequest
from sikka.domain.payment import Flow, Stage, Status
from sikka.domain.review import ReviewStatus, TimeoutAction
from sikka.flows.claim import claim
from sikka.flows.expire import expire
from sikka.flows.pay_upi import pay_upi
from sikka.flows.poll import poll_payment
from sikka.flows.review import approve, decline
from tests.integration.flows.world import (
    AMBIGUOUS,
    NOT_FOUND,
    NOT_SENT,
    PENDING,
    FlowWorld,
    declined,
    id_of,
    shown,
)

ALL = range(4096)


async def approved(world: FlowWorld, id: str, key: str = "r-1", note: str | None = None) -> object:
    caller = world.analyst(id, "approve", key)
    return shown(await approve(world.parts, id, caller, reviewer="asha", note=note))


async def timed_out(world: FlowWorld, id: str, action: TimeoutAction) -> None:
    """Let the time of a held payment run out under a policy."""
    parts = replace(
        world.parts, review_policy=replace(world.parts.review_policy, timeout_action=action)
    )
    world.clock.move(parts.review_policy.timeout_s)
    (overdue,) = await world.store.overdue(world.clock.now(), ALL, 10)
    assert overdue.payment.id == id
    await expire(parts, overdue)


async def test_a_held_collect_is_not_sent_before_it_is_approved_and_then_once(
    proved: FlowWorld,
) -> None:
    id = await proved.hold()
    assert ((await proved.state(id)).payment.stage, proved.rail.sent) == (Stage.IN_REVIEW, [])
    proved.clock.move(3_000)
    proved.rail.says.append(PENDING)
    first = await approve(proved.parts, id, proved.analyst(id, "approve", "r-1"), note="known")
    assert (first.status, shown(first)["stage"]) == (201, "submitted")
    again = await approve(proved.parts, id, proved.analyst(id, "approve", "r-1"), note="known")
    assert (again.body, again.replayed) == (first.body, True)
    state = await proved.state(id)
    assert proved.rail.sent == [("collect", state.upi.npci_txn_id)]
    assert state.payment.expires_at == proved.clock.now() + timedelta(seconds=600)
    (event,) = [each for each in proved.heard if each == "review.ended"]
    assert event


async def test_a_held_link_becomes_payable_for_as_long_as_the_merchant_said(
    proved: FlowWorld,
) -> None:
    order = replace(proved.order(Flow.QR), expires_in_s=1_200)
    await proved.hold("other", Flow.INTENT)
    id = id_of(await pay_upi(proved.parts, proved.merchant, order, proved.caller("order-qr")))
    proved.clock.move(3_000)
    answer = await approve(proved.parts, id, proved.analyst(id, "approve", "r-1"))
    assert (answer.status, shown(answer)["stage"]) == (200, "action_required")
    state = await proved.state(id)
    assert state.payment.expires_at == proved.clock.now() + timedelta(seconds=1_200)
    assert proved.rail.sent == []


async def test_a_declined_payment_is_cancelled_and_says_so(proved: FlowWorld) -> None:
    id = await proved.hold()
    answer = await decline(proved.parts, id, proved.analyst(id, "decline", "r-1"), reviewer="asha")
    body = shown(answer)
    assert (body["status"], body["stage"]) == ("FAILED", "cancelled")
    assert body["failure"]["code"] == "review_declined"
    review = (await proved.case(id)).review
    assert (review.status, str(review.decider)) == (ReviewStatus.DECLINED, "asha")
    assert (await proved.state(id)).payment.version == 2
    assert proved.rail.sent == []


@pytest.mark.parametrize(
    ("said", "status", "stage"),
    [
        (declined("invalid_vpa", "ZH"), 402, Stage.DECLINED),
        (NOT_SENT, 424, Stage.DECLINED),
        (AMBIGUOUS, 201, Stage.CREATED),
    ],
)
async def test_an_approval_is_answered_with_what_the_rail_said(
    proved: FlowWorld, said: object, status: int, stage: Stage
) -> None:
    id = await proved.hold()
    proved.rail.says.append(said)  # type: ignore[arg-type]
    answer = await approve(proved.parts, id, proved.analyst(id, "approve", "r-1"))
    assert answer.status == status
    assert (await proved.state(id)).payment.stage is stage
    assert (await proved.case(id)).review.status is ReviewStatus.APPROVED


async def test_whoever_dies_between_the_decision_and_the_send_leaves_the_payment_to_the_poller(
    proved: FlowWorld,
) -> None:
    id = await proved.hold()

    async def dies() -> None:
        raise asyncio.CancelledError

    proved.rail.before_answer = dies
    with pytest.raises(asyncio.CancelledError):
        await approve(proved.parts, id, proved.analyst(id, "approve", "r-1"))
    assert (await proved.state(id)).payment.stage is Stage.CREATED
    with pytest.raises(IdempotencyKeyInUse):
        await approve(proved.parts, id, proved.analyst(id, "approve", "r-1"))
    with pytest.raises(UnprocessableRequest, match="was approved by key_1"):
        await decline(proved.parts, id, proved.analyst(id, "decline", "r-2"))
    proved.clock.move(90)
    (due,) = await proved.store.due_payment_checks(proved.clock.now(), ALL, 10)
    proved.rail.says.append(NOT_FOUND)
    await poll_payment(proved.parts, due)
    answer = await approve(proved.parts, id, proved.analyst(id, "approve", "r-1"))
    assert (answer.status, shown(answer)["error"]["code"]) == (402, "transaction_not_found")
    assert [what for what, _ in proved.rail.sent] == ["collect", "check"]


async def test_the_rail_is_asked_by_the_time_of_the_approval_and_not_of_the_order(
    proved: FlowWorld,
) -> None:
    id = await proved.hold()
    held_s = proved.parts.policy.checks_until_s - 60
    proved.clock.move(held_s)
    proved.rail.says.append(AMBIGUOUS)
    await approved(proved, id)
    begun = proved.clock.now()
    for after_s, asked in zip((90, 900, 3_600, 7_200), range(1, 5), strict=True):
        proved.clock.at = begun + timedelta(seconds=after_s)
        (due,) = await proved.store.due_payment_checks(proved.clock.now(), ALL, 10)
        proved.rail.says.append(AMBIGUOUS)
        await poll_payment(proved.parts, due)
        state = await proved.state(id)
        assert (state.upi.checks_made, state.payment.stage) == (asked, Stage.CREATED)
    assert proved.rail.asked_about == {begun}
    proved.rail.says.append(NOT_FOUND)
    proved.clock.move(900)
    await poll_payment(proved.parts, await proved.state(id))


async def test_an_approved_payment_goes_on_where_it_began_whatever_the_merchant_has_become(
    proved: FlowWorld,
) -> None:
    id = await proved.hold()
    moved = replace(proved.merchant, rail="elsewhere", payee_vpa="new@elsewhere")
    await proved.journal.commit(Change(7, (), (amend(proved.merchant, moved),)))
    proved.rail.says.append(PENDING)
    await approved(proved, id)
    assert proved.rail.payees == [proved.merchant.payee_vpa]


async def test_a_payment_whose_rail_is_gone_stays_held(proved: FlowWorld) -> None:
    id = await proved.hold()
    parts = replace(proved.parts, rails={})
    with pytest.raises(UnprocessableRequest) as refused:
        await approve(parts, id, proved.analyst(id, "approve", "r-1"))
    assert refused.value.code == "method_unavailable"
    assert (await proved.state(id)).payment.stage is Stage.IN_REVIEW
    await decline(parts, id, proved.analyst(id, "decline", "r-2"))


async def test_nobody_else_sees_a_held_payment(proved: FlowWorld) -> None:
    id = await proved.hold()
    for stranger in (
        replace(proved.analyst(id, "approve", "r-1"), merchant_id="mer_other"),
        replace(proved.analyst(id, "approve", "r-1"), livemode=True),
    ):
        for call in (approve, decline):
            with pytest.raises(NotFound):
                await call(proved.parts, id, stranger)


async def test_time_ends_a_review_when_it_is_due_and_not_before(proved: FlowWorld) -> None:
    id = await proved.hold()
    state = await proved.state(id)
    proved.clock.move(proved.parts.review_policy.timeout_s - 1)
    await expire(proved.parts, state)
    assert (await proved.state(id)).payment.stage is Stage.IN_REVIEW
    proved.clock.move(1)
    await asyncio.gather(*(expire(proved.parts, state) for _ in range(3)))
    state, review = await proved.state(id), (await proved.case(id)).review
    assert state.payment.state == (Status.EXPIRED, Stage.EXPIRED)
    assert state.payment.failure_code == "review_timed_out"
    assert (review.status, review.decider) == (ReviewStatus.EXPIRED, None)
    assert proved.heard.count("payment.expired") == 1
    with pytest.raises(UnprocessableRequest, match="was expired because its time ran out"):
        await approved(proved, id)


async def test_time_may_decline(proved: FlowWorld) -> None:
    id = await proved.hold()
    await timed_out(proved, id, TimeoutAction.DECLINE)
    state = await proved.state(id)
    assert (state.payment.stage, state.payment.failure_code) == (
        Stage.CANCELLED,
        "review_declined",
    )


@pytest.mark.parametrize(
    ("flow", "stage"), [(Flow.COLLECT, Stage.SUBMITTED), (Flow.INTENT, Stage.ACTION_REQUIRED)]
)
async def test_time_may_approve(proved: FlowWorld, flow: Flow, stage: Stage) -> None:
    id = await proved.hold(flow=flow)
    proved.rail.says.append(PENDING)
    await timed_out(proved, id, TimeoutAction.APPROVE)
    state, review = await proved.state(id), (await proved.case(id)).review
    assert state.payment.stage is stage
    assert (review.status, review.decider) == (ReviewStatus.APPROVED, None)
    assert state.payment.expires_at == proved.clock.now() + timedelta(seconds=600)
    audit = await proved.trail(id)
    assert ("payment.reviewed", "expiry") in [(each.action, each.user_id) for each in audit]


async def test_time_approves_nothing_of_a_merchant_that_is_switched_off(proved: FlowWorld) -> None:
    id = await proved.hold()
    closed = replace(proved.merchant, active=False)
    await proved.journal.commit(Change(7, (), (amend(proved.merchant, closed),)))
    await timed_out(proved, id, TimeoutAction.APPROVE)
    assert (await proved.state(id)).payment.status is Status.EXPIRED
    assert proved.rail.sent == []


async def test_a_claim_does_not_move_the_time_at_which_a_payment_is_due(proved: FlowWorld) -> None:
    id = await proved.hold()
    proved.clock.move(proved.parts.review_policy.timeout_s - 60)
    await claim(proved.parts, id, proved.analyst(id, "claim", "c-1"), "asha")
    proved.clock.move(60)
    await expire(proved.parts, await proved.state(id))
    assert (await proved.state(id)).payment.status is Status.EXPIRED


async def test_a_payment_that_was_held_without_a_review_expires_all_the_same(
    world: FlowWorld,
) -> None:
    id = await world.hold()
    await world.forget_review(id)
    world.clock.move(world.parts.review_policy.timeout_s)
    await expire(world.parts, await world.state(id))
    assert (await world.state(id)).payment.status is Status.EXPIRED
