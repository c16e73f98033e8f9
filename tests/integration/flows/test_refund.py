from __future__ import annotations

import asyncio

import pytest

from sikka.domain.errors import IntegrityFailure, InvalidRequest, NotFound, UnprocessableRequest
from sikka.domain.records import Actor
from sikka.domain.refund import RefundStatus
from sikka.flows.conclude import conclude_payment
from sikka.flows.conclude_refund import conclude_refund
from sikka.flows.listen import Listener
from sikka.flows.poll import poll_refund
from tests.integration.flows.world import (
    AMBIGUOUS,
    APPROVED,
    DEEMED,
    NOT_FOUND,
    NOT_SENT,
    PENDING,
    FlowWorld,
    declined,
    id_of,
    replace,
    shown,
)

RAIL = Actor("rail:npci")


async def _captured(world: FlowWorld) -> str:
    payment_id = id_of(await world.pay("order-1", PENDING))
    await conclude_payment(world.parts, await world.state(payment_id), APPROVED, RAIL)
    return payment_id


async def test_a_refund_reserves_and_books_before_it_is_sent(world: FlowWorld) -> None:
    payment_id = await _captured(world)
    answer = await world.give_back(payment_id, "refund-1", PENDING, amount_minor=100)
    assert (answer.status, shown(answer)["status"]) == (201, "PENDING")
    assert (await world.state(payment_id)).payment.refunded_minor == 100
    assert (await world.balances())["refunds_in_clearing"] == -100
    assert (await world.give_back(payment_id, "refund-1", amount_minor=100)).body == answer.body
    assert [what for what, _ in world.rail.sent] == ["collect", "refund"]


async def test_a_refund_succeeds_once_however_often_the_rail_says_so(world: FlowWorld) -> None:
    payment_id = await _captured(world)
    refund = shown(await world.give_back(payment_id, "refund-1", PENDING))
    stored = await world.stored_refund(refund["id"])
    listener = Listener(world.parts)
    await asyncio.gather(
        *(listener.answered("npci", stored.npci_txn_id, APPROVED) for _ in range(10))
    )
    assert (await world.stored_refund(refund["id"])).status is RefundStatus.SUCCESS
    assert world.heard.count("refund.succeeded") == 1
    await conclude_refund(world.parts, refund["id"], declined(), RAIL)
    assert world.heard.count("refund.contradiction") == 1


async def test_a_failed_refund_gives_back_what_it_had_reserved(world: FlowWorld) -> None:
    payment_id = await _captured(world)
    before = await world.balances()
    refund = shown(await world.give_back(payment_id, "refund-1", PENDING))
    await conclude_refund(world.parts, refund["id"], declined("account_unusable", "YE"), RAIL)
    assert (await world.state(payment_id)).payment.refunded_minor == 0
    assert await world.balances() == before
    again = await world.give_back(payment_id, "refund-2", PENDING)
    assert shown(again)["amount"] == 129_900


@pytest.mark.parametrize(
    ("said", "status", "code"),
    [
        (NOT_SENT, 424, "rail_unavailable"),
        (declined("original_not_found"), 402, "original_not_found"),
    ],
)
async def test_a_refund_that_the_rail_does_not_take_fails_at_once(
    world: FlowWorld, said: object, status: int, code: str
) -> None:
    payment_id = await _captured(world)
    answer = await world.give_back(payment_id, "refund-1", said)  # type: ignore[arg-type]
    assert (answer.status, shown(answer)["error"]["code"]) == (status, code)
    assert (await world.state(payment_id)).payment.refunded_minor == 0


async def test_refunds_at_once_never_give_back_more_than_was_captured(world: FlowWorld) -> None:
    payment_id = await _captured(world)
    world.rail.says.extend([PENDING] * 10)
    results = await asyncio.gather(
        *(world.give_back(payment_id, f"refund-{n}", amount_minor=30_000) for n in range(8)),
        return_exceptions=True,
    )
    assert sum(isinstance(each, UnprocessableRequest) for each in results) == 4
    assert (await world.state(payment_id)).payment.refunded_minor == 120_000


async def test_a_refund_is_refused_where_there_is_nothing_to_refund(world: FlowWorld) -> None:
    payment_id = id_of(await world.pay("order-1", PENDING))
    with pytest.raises(UnprocessableRequest) as caught:
        await world.give_back(payment_id, "refund-1")
    assert caught.value.code == "payment_not_captured"
    await conclude_payment(world.parts, await world.state(payment_id), APPROVED, RAIL)
    with pytest.raises(UnprocessableRequest) as caught:
        await world.give_back(payment_id, "refund-2", amount_minor=129_901)
    assert caught.value.code == "refund_exceeds_captured"
    with pytest.raises(InvalidRequest):
        await world.give_back(payment_id, "refund-3", amount_minor=0)
    with pytest.raises(NotFound):
        await world.give_back(payment_id.replace("pay_0", "pay_1"), "refund-4")


async def test_a_refund_without_an_answer_is_checked_and_one_unknown_is_sent_again(
    world: FlowWorld,
) -> None:
    payment_id = await _captured(world)
    refund_id = shown(await world.give_back(payment_id, "refund-1", AMBIGUOUS))["id"]
    world.clock.move(91)
    world.rail.says.append(NOT_FOUND)
    await poll_refund(world.parts, await world.stored_refund(refund_id))
    unknown = await world.stored_refund(refund_id)
    assert (unknown.outcome, unknown.next_check_at) == (None, world.clock.now())
    world.rail.says.append(PENDING)
    await poll_refund(world.parts, unknown)
    assert [what for what, _ in world.rail.sent] == ["collect", "refund", "check", "refund"]
    assert len({id for what, id in world.rail.sent if what != "collect"}) == 1
    world.rail.says.append(DEEMED)
    await poll_refund(world.parts, await world.stored_refund(refund_id))
    assert (await world.stored_refund(refund_id)).outcome == "deemed"
    world.rail.says.append(APPROVED)
    await poll_refund(world.parts, await world.stored_refund(refund_id))
    assert (await world.stored_refund(refund_id)).status is RefundStatus.SUCCESS


async def test_a_refund_answered_with_another_amount_is_not_believed(world: FlowWorld) -> None:
    payment_id = await _captured(world)
    refund_id = shown(await world.give_back(payment_id, "refund-1", PENDING))["id"]
    with pytest.raises(IntegrityFailure):
        await conclude_refund(world.parts, refund_id, replace(APPROVED, amount_minor=1), RAIL)
    assert (await world.stored_refund(refund_id)).status is RefundStatus.PENDING


async def test_a_refund_that_stays_unknown_goes_to_a_person_once(world: FlowWorld) -> None:
    payment_id = await _captured(world)
    refund_id = shown(await world.give_back(payment_id, "refund-1", PENDING))["id"]
    world.clock.move(172_801)
    world.rail.says.append(PENDING)
    await poll_refund(world.parts, await world.stored_refund(refund_id))
    world.clock.move(900)
    await poll_refund(world.parts, await world.stored_refund(refund_id))
    stuck = await world.stored_refund(refund_id)
    assert (stuck.needs_attention, stuck.next_check_at) == (True, None)
    await poll_refund(world.parts, stuck)
    assert world.heard.count("refund.needs_attention") == 1
    await conclude_refund(world.parts, refund_id, APPROVED, RAIL)
    assert (await world.stored_refund(refund_id)).status is RefundStatus.SUCCESS
