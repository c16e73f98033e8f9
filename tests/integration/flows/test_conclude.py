from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from sikka.domain.errors import IntegrityFailure, NotFound
from sikka.domain.payment import Stage, Status
from sikka.domain.records import Actor
from sikka.domain.refund import RefundOrigin, RefundStatus
from sikka.flows.conclude import conclude_payment
from sikka.flows.listen import Listener
from sikka.flows.poll import poll_refund
from sikka.ports import UpiState
from tests.integration.flows.world import (
    APPROVED,
    DEEMED,
    NOT_FOUND,
    PENDING,
    FlowWorld,
    ScriptedRail,
    declined,
    id_of,
    shown,
)

RAIL = Actor("rail:npci")
EXPIRED = declined("payment_collect_request_expired", "U69")


async def _submitted(world: FlowWorld) -> UpiState:
    return await world.state(id_of(await world.pay("order-1", PENDING)))


async def test_an_approval_succeeds_and_books(world: FlowWorld) -> None:
    after = await conclude_payment(world.parts, await _submitted(world), APPROVED, RAIL)
    assert after.payment.state == (Status.SUCCESS, Stage.CAPTURED)
    assert after.upi.next_check_at is None
    assert await world.state(after.payment.id) == after
    assert await world.balances() == {
        "receivable": 129_900,
        "merchant_payable": -(129_900 - 1_299 - 234),
        "fee_income": -1_299,
        "gst_payable": -234,
    }


async def test_twenty_equal_answers_at_once_make_one_transition(world: FlowWorld) -> None:
    state = await _submitted(world)
    answers = [conclude_payment(world.parts, state, APPROVED, RAIL) for _ in range(20)]
    after = await asyncio.gather(*answers)
    assert {each.payment.version for each in after} == {3}
    assert world.heard.count("payment.succeeded") == 1
    assert (await world.balances())["receivable"] == 129_900


async def test_a_decline_fails_with_the_reason_and_a_repeat_changes_nothing(
    world: FlowWorld,
) -> None:
    state = await _submitted(world)
    after = await conclude_payment(world.parts, state, declined(), RAIL)
    assert after.payment.state == (Status.FAILED, Stage.DECLINED)
    assert after.payment.failure_code == "insufficient_funds"
    assert await conclude_payment(world.parts, after, declined(), RAIL) == after
    assert await world.balances() == {}


async def test_a_request_that_nobody_answered_expires(world: FlowWorld) -> None:
    after = await conclude_payment(world.parts, await _submitted(world), EXPIRED, RAIL)
    assert after.payment.state == (Status.EXPIRED, Stage.EXPIRED)


@pytest.mark.parametrize("end", [declined(), EXPIRED])
async def test_a_late_success_is_held_in_suspense_and_given_back(
    world: FlowWorld, end: object
) -> None:
    ended = await conclude_payment(world.parts, await _submitted(world), end, RAIL)  # type: ignore[arg-type]
    late = await conclude_payment(world.parts, ended, APPROVED, RAIL)
    assert late.payment.state == ended.payment.state
    assert late.payment.refunded_minor == 0
    (refund,) = await world.store.refunds_of(ended.payment.id)
    assert refund.origin is RefundOrigin.LATE_SUCCESS
    assert await world.balances() == {"receivable": 129_900, "refunds_in_clearing": -129_900}
    assert await conclude_payment(world.parts, late, APPROVED, RAIL) == late
    assert len(await world.store.refunds_of(ended.payment.id)) == 1
    world.rail.says.append(APPROVED)
    await poll_refund(world.parts, refund)
    (refund,) = await world.store.refunds_of(ended.payment.id)
    assert refund.status is RefundStatus.SUCCESS
    assert world.rail.sent[-1] == ("refund", refund.npci_txn_id)


async def test_a_deemed_payment_waits_in_suspense_until_it_is_confirmed(world: FlowWorld) -> None:
    held = await conclude_payment(world.parts, await _submitted(world), DEEMED, RAIL)
    assert held.payment.state == (Status.PENDING, Stage.DEEMED)
    assert await world.balances() == {"receivable": 129_900, "suspense": -129_900}
    assert held.upi.next_check_at is not None
    assert await conclude_payment(world.parts, held, DEEMED, RAIL) == held
    done = await conclude_payment(world.parts, held, APPROVED, RAIL)
    assert done.payment.status is Status.SUCCESS
    assert "suspense" not in await world.balances()


async def test_a_deemed_payment_that_failed_leaves_the_books_even(world: FlowWorld) -> None:
    held = await conclude_payment(world.parts, await _submitted(world), DEEMED, RAIL)
    done = await conclude_payment(world.parts, held, declined(), RAIL)
    assert done.payment.state == (Status.FAILED, Stage.DECLINED)
    assert await world.balances() == {}


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"amount_minor": 129_901}, "amount"),
        ({"currency": "USD"}, "currency"),
        ({"payer_vpa": "mallory@simbank"}, "payer"),
        ({"payee_vpa": "mallory@sikka"}, "payee"),
    ],
)
async def test_an_answer_about_other_money_is_recorded_and_never_applied(
    world: FlowWorld, changed: dict[str, object], named: str
) -> None:
    state = await _submitted(world)
    for said in (APPROVED, DEEMED):
        with pytest.raises(IntegrityFailure, match=named):
            await conclude_payment(world.parts, state, replace(said, **changed), RAIL)  # type: ignore[arg-type]
    assert await world.state(state.payment.id) == state
    assert world.heard.count("payment.integrity_failure") == 2


async def test_a_rail_that_takes_its_success_back_is_not_believed(world: FlowWorld) -> None:
    done = await conclude_payment(world.parts, await _submitted(world), APPROVED, RAIL)
    assert await conclude_payment(world.parts, done, declined(), RAIL) == done
    assert await conclude_payment(world.parts, done, NOT_FOUND, RAIL) == done
    assert world.heard.count("payment.contradiction") == 2


async def test_an_acknowledged_request_that_the_rail_no_longer_knows_goes_to_a_person(
    world: FlowWorld,
) -> None:
    after = await conclude_payment(world.parts, await _submitted(world), NOT_FOUND, RAIL)
    assert after.payment.state == (Status.PENDING, Stage.NEEDS_ATTENTION)
    assert await conclude_payment(world.parts, after, NOT_FOUND, RAIL) == after
    done = await conclude_payment(world.parts, after, APPROVED, RAIL)
    assert done.payment.status is Status.SUCCESS


async def test_a_rail_is_heard_about_its_own_transactions_only(world: FlowWorld) -> None:
    state = await _submitted(world)
    bank = ScriptedRail("somebank")
    world.parts = replace(world.parts, rails={"npci": world.rail, "somebank": bank})
    listener = Listener(world.parts)
    transaction_id = state.upi.npci_txn_id
    for rail, id in (("somebank", transaction_id), ("npci", "XXX" + transaction_id[3:])):
        with pytest.raises(NotFound):
            await listener.answered(rail, id, APPROVED)
    await conclude_payment(world.parts, state, APPROVED, RAIL)
    refund_id = shown(await world.give_back(state.payment.id, "refund-1", PENDING))["id"]
    refund = await world.stored_refund(refund_id)
    with pytest.raises(NotFound):
        await listener.answered("somebank", refund.npci_txn_id, APPROVED)
    with pytest.raises(NotFound):
        await listener.answered("npci", "SKA" + "0" * 32, APPROVED)
    assert await world.stored_refund(refund_id) == refund


async def test_success_and_decline_at_once_end_in_one_of_them_with_books_to_match(
    world: FlowWorld,
) -> None:
    state = await _submitted(world)
    await asyncio.gather(
        *(conclude_payment(world.parts, state, said, RAIL) for said in (declined(), APPROVED) * 5)
    )
    after = await world.state(state.payment.id)
    refunds = await world.store.refunds_of(state.payment.id)
    if after.payment.status is Status.SUCCESS:
        assert not refunds
    else:
        assert [each.origin for each in refunds] == [RefundOrigin.LATE_SUCCESS]
    assert (await world.balances())["receivable"] == 129_900
