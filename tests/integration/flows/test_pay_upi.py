from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from sikka.domain.errors import (
    IdempotencyKeyInUse,
    IdempotencyMismatch,
    InvalidRequest,
    UnprocessableRequest,
)
from sikka.domain.fraud.assessment import Decision
from sikka.domain.payment import Flow, Stage, Status
from sikka.domain.records import Actor
from sikka.flows.conclude import conclude_payment
from sikka.flows.listen import Listener
from sikka.flows.pay_upi import pay_upi
from sikka.ports import AuthorisationRequest
from tests.integration.flows.world import (
    AMBIGUOUS,
    APPROVED,
    NOT_SENT,
    PENDING,
    FlowWorld,
    declined,
    id_of,
    shown,
)


async def test_an_acknowledged_collect_is_submitted(world: FlowWorld) -> None:
    answer = await world.pay("order-1", PENDING)
    assert answer.status == 201
    body = shown(answer)
    assert (body["status"], body["stage"]) == ("PENDING", "submitted")
    assert body["next_action"]["type"] == "approve_in_upi_app"
    state = await world.state(body["id"])
    assert state.payment.version == 2
    assert len(state.upi.rrn or "") == 12
    assert world.rail.sent == [("collect", body["upi"]["npci_txn_id"])]


async def test_the_same_request_again_is_answered_with_the_same_bytes(world: FlowWorld) -> None:
    first = await world.pay("order-1", PENDING)
    again = await world.pay("order-1")
    assert (again.status, again.body, again.replayed) == (first.status, first.body, True)
    assert len(world.rail.sent) == 1


async def test_fifty_equal_requests_at_once_send_one(world: FlowWorld) -> None:
    async def ask() -> str:
        try:
            return id_of(await world.pay("order-1"))
        except IdempotencyKeyInUse:
            return "409"

    world.rail.says.append(PENDING)
    answers = await asyncio.gather(*(ask() for _ in range(50)))
    assert len(set(answers) - {"409"}) == 1
    assert len(world.rail.sent) == 1


async def test_a_key_with_another_request_is_refused(world: FlowWorld) -> None:
    await world.pay("order-1", PENDING)
    with pytest.raises(IdempotencyMismatch):
        await world.pay("order-1", body="another")


async def test_a_refusal_of_the_rail_is_a_402_that_replays(world: FlowWorld) -> None:
    first = await world.pay("order-1", declined("invalid_vpa", "ZH"))
    assert (first.status, shown(first)["error"]["code"]) == (402, "invalid_vpa")
    assert (await world.pay("order-1")).body == first.body
    state = await world.state(id_of(first))
    assert state.payment.state == (Status.FAILED, Stage.DECLINED)


async def test_a_rail_that_cannot_be_reached_is_a_424_and_nothing_is_left_open(
    world: FlowWorld,
) -> None:
    answer = await world.pay("order-1", NOT_SENT)
    assert (answer.status, shown(answer)["error"]["code"]) == (424, "rail_unavailable")
    state = await world.state(id_of(answer))
    assert state.payment.status is Status.FAILED
    assert state.upi.next_check_at is None


async def test_no_answer_leaves_the_payment_created_for_the_poller(world: FlowWorld) -> None:
    body = shown(await world.pay("order-1", AMBIGUOUS))
    assert (body["status"], body["stage"]) == ("PENDING", "created")
    state = await world.state(body["id"])
    assert state.upi.outcome == "ambiguous"
    assert state.upi.next_check_at is not None


async def test_a_callback_that_overtakes_the_acknowledgement_wins(world: FlowWorld) -> None:
    async def overtake() -> None:
        ((_, transaction_id),) = world.rail.sent
        await Listener(world.parts).answered("npci", transaction_id, APPROVED)

    world.rail.before_answer = overtake
    answer = await world.pay("order-1", PENDING)
    assert (answer.status, shown(answer)["status"]) == (201, "SUCCESS")
    assert (await world.pay("order-1")).body == answer.body


async def test_a_blocked_payment_is_stored_and_never_sent(world: FlowWorld) -> None:
    world.engine.decision = Decision.DECLINE
    answer = await world.pay("order-1")
    assert (answer.status, shown(answer)["error"]["type"]) == (402, "fraud_error")
    state = await world.state(id_of(answer))
    assert (state.payment.stage, state.payment.version) == (Stage.DECLINED, 1)
    assert world.rail.sent == []
    assert (await world.pay("order-1")).body == answer.body


async def test_a_process_that_was_paused_too_long_does_not_send(world: FlowWorld) -> None:
    commit = world.journal.commit

    async def slow(change: object) -> None:
        await commit(change)
        world.clock.move(31)

    world.parts = replace(world.parts, journal=type("Slow", (), {"commit": staticmethod(slow)})())
    body = shown(await world.pay("order-1"))
    assert (body["stage"], world.rail.sent) == ("created", [])


async def test_a_request_whose_process_died_is_answered_from_the_payment(world: FlowWorld) -> None:
    async def die() -> None:
        raise asyncio.CancelledError

    world.rail.before_answer = die
    with pytest.raises(asyncio.CancelledError):
        await world.pay("order-1", PENDING)
    with pytest.raises(IdempotencyKeyInUse):
        await world.pay("order-1")
    world.clock.move(61)
    answer = await world.pay("order-1")
    assert (answer.status, shown(answer)["stage"]) == (201, "created")
    assert (await world.pay("order-1")).body == answer.body
    assert len(world.rail.sent) == 1


@pytest.mark.parametrize(
    ("changed", "param"),
    [
        ({"amount_minor": 0}, "amount"),
        ({"currency": "USD"}, "currency"),
        ({"currency": "XXX"}, "currency"),
        ({"vpa": None}, "upi.vpa"),
        ({"flow": Flow.QR}, "upi.vpa"),
    ],
)
async def test_an_order_that_breaks_a_rule_changes_nothing(
    world: FlowWorld, changed: dict[str, object], param: str
) -> None:
    order = replace(world.order(), **changed)  # type: ignore[arg-type]
    with pytest.raises(InvalidRequest) as caught:
        await pay_upi(world.parts, world.merchant, order, world.caller("order-1"))
    assert caught.value.param == param
    assert await world.store.idempotency(world.merchant.id, False, "order-1") is None


async def test_a_merchant_on_an_unknown_rail_is_told_so(world: FlowWorld) -> None:
    other = replace(world.merchant, rail="nobank")
    with pytest.raises(UnprocessableRequest) as caught:
        await pay_upi(world.parts, other, world.order(), world.caller("order-1"))
    assert caught.value.code == "method_unavailable"


def _asks(transaction_id: str, **changed: object) -> AuthorisationRequest:
    ask = AuthorisationRequest(
        "npci", transaction_id, None, "asha@simbank", "teahouse@sikka", 129_900, "INR"
    )
    return replace(ask, **changed)  # type: ignore[arg-type]


async def test_a_link_is_payable_once_by_one_customer_in_its_amount(world: FlowWorld) -> None:
    answer = await world.pay("order-1", flow=Flow.INTENT)
    body = shown(answer)
    assert (body["stage"], body["next_action"]["type"]) == ("action_required", "open_upi_link")
    assert world.rail.sent == []
    listener = Listener(world.parts)
    transaction_id = body["upi"]["npci_txn_id"]
    wrong_amount = await listener.authorise(_asks(transaction_id, amount_minor=1))
    wrong_payee = await listener.authorise(_asks(transaction_id, payee_vpa="x@sikka"))
    assert not wrong_amount.accepted
    assert not wrong_payee.accepted
    assert (await listener.authorise(_asks(transaction_id))).accepted
    assert (await listener.authorise(_asks(transaction_id))).accepted
    second = await listener.authorise(_asks(transaction_id, payer_vpa="ravi@simbank"))
    assert not second.accepted
    state = await world.state(body["id"])
    assert (state.payment.stage, state.upi.payer_vpa) == (Stage.SUBMITTED, "asha@simbank")
    await conclude_payment(world.parts, state, APPROVED, Actor("rail"))
    assert (await world.state(body["id"])).payment.status is Status.SUCCESS


async def test_a_link_is_not_payable_after_its_time(world: FlowWorld) -> None:
    body = shown(await world.pay("order-1", flow=Flow.QR))
    world.clock.move(601)
    answer = await Listener(world.parts).authorise(_asks(body["upi"]["npci_txn_id"]))
    assert (answer.accepted, answer.response_code) == (False, "X1")
