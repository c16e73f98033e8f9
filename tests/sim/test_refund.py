"""A refund returns a payment's money once, in part or whole, and never more than was paid."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from sikka_sim import World
    from tests.sim.psp import Psp


async def paid(psp: Psp, world: World, vpa: str) -> str:
    transaction_id, reply = await psp.collect(vpa)
    assert reply.codes == []
    assert (await world.npci.record.decided(transaction_id)).status == "SUCCESS"
    return transaction_id


async def test_a_refund_succeeds_and_is_told_with_its_original(world: World, psp: Psp) -> None:
    original_id = await paid(psp, world, "asha@simbank")
    refund_id, reply = await psp.refund(original_id, "asha@simbank", "299.00")
    assert reply.codes == []
    told = await psp.next("RespPay", refund_id)
    assert told.attribute("Resp", "result") == "SUCCESS"
    assert told.attribute("Txn", "type") == "REFUND"
    assert told.attribute("Txn", "orgTxnId") == original_id
    assert told.attribute("Resp/Ref[@type='PAYEE']", "addr") == "asha@simbank"
    assert told.attribute("Resp/Ref[@type='PAYER']", "addr") == "shop@sikka"
    original = world.npci.record[original_id]
    assert (original.refunded_minor, original.refund_ids) == (29900, [refund_id])


async def test_refunds_never_exceed_the_payment(world: World, psp: Psp) -> None:
    original_id = await paid(psp, world, "asha@simbank")
    results = []
    for amount in ("800.00", "500.00", "499.00", "0.01"):
        refund_id, _ = await psp.refund(original_id, "asha@simbank", amount)
        told = await psp.next("RespPay", refund_id)
        results.append((told.attribute("Resp", "result"), told.attribute("Resp", "errCode")))
    assert results == [("SUCCESS", ""), ("FAILURE", "U12"), ("SUCCESS", ""), ("FAILURE", "U12")]
    assert world.npci.record[original_id].refunded_minor == 129900


@pytest.mark.parametrize(
    ("original", "vpa", "code"),
    [
        ("unknown", "asha@simbank", "U51"),
        ("failed", "wrongpin@simbank", "U51"),
        ("paid", "ravi@simbank", "U59"),
    ],
)
async def test_a_refund_needs_its_own_payment(
    world: World, psp: Psp, original: str, vpa: str, code: str
) -> None:
    original_id = "SIKUNKNOWN"
    if original == "failed":
        original_id, _ = await psp.collect(vpa)
        await world.npci.record.decided(original_id)
    elif original == "paid":
        original_id = await paid(psp, world, "asha@simbank")
    refund_id, reply = await psp.refund(original_id, vpa)
    assert reply.codes == []
    told = await psp.next("RespPay", refund_id)
    assert (told.attribute("Resp", "result"), told.attribute("Resp", "errCode")) == (
        "FAILURE",
        code,
    )


async def test_a_failed_refund_gives_its_amount_back_to_the_payment(world: World, psp: Psp) -> None:
    original_id = await paid(psp, world, "refundfail@simbank")
    refund_id, _ = await psp.refund(original_id, "refundfail@simbank")
    told = await psp.next("RespPay", refund_id)
    assert told.attribute("Resp", "errCode") == "U31"
    assert told.attribute("Resp/Ref[@type='PAYEE']", "respCode") == "XI"
    refund = world.npci.record[refund_id]
    assert refund.debited_minor == refund.reversed_minor == 129900
    assert world.npci.record[original_id].refunded_minor == 0


async def test_a_pending_refund_reserves_its_amount_until_told(world: World, psp: Psp) -> None:
    original_id = await paid(psp, world, "refundpending@simbank")
    refund_id, _ = await psp.refund(original_id, "refundpending@simbank")
    assert (await psp.check(refund_id)).attribute("Resp", "result") == "PARTIAL"
    second_id, _ = await psp.refund(original_id, "refundpending@simbank", "0.01")
    told = await psp.next("RespPay", second_id)
    assert told.attribute("Resp", "errCode") == "U12"
    world.npci.engine.resolve(world.npci.record[refund_id], "FAILURE")
    checked = await psp.check(refund_id)
    assert checked.attribute("Resp", "result") == "FAILURE"
    assert world.npci.record[original_id].refunded_minor == 0


async def test_a_late_refund_is_learnt_by_a_check_alone(world: World, psp: Psp) -> None:
    original_id = await paid(psp, world, "refundlate@simbank")
    refund_id, _ = await psp.refund(original_id, "refundlate@simbank")
    assert (await psp.check(refund_id)).attribute("Resp", "result") == "PARTIAL"
    await world.npci.record.decided(refund_id)
    assert (await psp.check(refund_id)).attribute("Resp", "result") == "SUCCESS"
    assert psp.of("RespPay", refund_id) == []


async def test_a_deemed_refund_succeeds_later(world: World, psp: Psp) -> None:
    original_id = await paid(psp, world, "refunddeemed@simbank")
    refund_id, _ = await psp.refund(original_id, "refunddeemed@simbank")
    told = await psp.next("RespPay", refund_id)
    assert told.attribute("Resp", "result") == "DEEMED"
    assert (await world.npci.record.decided(refund_id)).status == "SUCCESS"


async def test_a_refund_may_be_told_twenty_times(world: World, psp: Psp) -> None:
    original_id = await paid(psp, world, "refundduplicate@simbank")
    refund_id, _ = await psp.refund(original_id, "refundduplicate@simbank")
    await psp.next("RespPay", refund_id, count=20)
    assert world.npci.record[original_id].refunded_minor == 129900
