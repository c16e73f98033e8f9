"""Money goes back: in full, in parts, never more than came, and automatically when it came late."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.e2e import orders
from tests.e2e.house import House

AMOUNT = orders.AMOUNT_MINOR


async def paid(house: House, vpa: str = "asha@simbank") -> str:
    """A payment that was captured; its id."""
    payment = await house.pay(orders.collect(vpa))
    assert (await house.ended(payment["id"]))["status"] == "SUCCESS"
    id: str = payment["id"]
    return id


async def types_of(house: House, payment_id: str) -> list[str]:
    """The types of a payment's events but for the ways in which it may have begun."""
    events = await house.events(payment_id)
    assert [event["sequence"] for event in events] == list(range(1, len(events) + 1))
    assert house.webhooks(payment_id) == events
    return [each["type"] for each in events if each["type"] != "payment.submitted"]


async def proved(house: House) -> None:
    await house.quiet()
    await house.prove()


async def test_a_full_refund_returns_what_was_captured(house: House) -> None:
    id = await paid(house)
    refund = await house.refund(id, reason="returned")
    assert (refund["status"], refund["amount"]) == ("PENDING", AMOUNT)
    ended = await house.refund_ended(refund["id"])
    assert (ended["status"], ended["failure"]) == ("SUCCESS", None)
    payment = await house.payment(id)
    assert (payment["status"], payment["refunded_amount"]) == ("SUCCESS", AMOUNT)
    await proved(house)
    assert await types_of(house, id) == [
        "payment.created", "payment.succeeded", "refund.created", "refund.succeeded"
    ]  # fmt: skip
    assert await house.bookings(id) == ["capture", "refund"]
    assert (await house.balances())["refunds_in_clearing"] == AMOUNT


async def test_partial_refunds_never_exceed_what_was_captured(house: House) -> None:
    id = await paid(house)
    first = await house.refund(id, amount=50_000)
    second = await house.refund(id, amount=79_900)
    refused = await house.client.post(f"/v1/payments/{id}/refunds", {"amount": 1})
    assert (refused.status, refused.json["error"]["code"]) == (422, "refund_exceeds_captured")
    for refund in (first, second):
        assert (await house.refund_ended(refund["id"]))["status"] == "SUCCESS"
    assert (await house.payment(id))["refunded_amount"] == AMOUNT
    await proved(house)


async def test_refunds_at_the_same_moment_never_exceed_what_was_captured(house: House) -> None:
    id = await paid(house)
    replies = await asyncio.gather(
        *(house.client.post(f"/v1/payments/{id}/refunds", {"amount": 40_000}) for _ in range(8))
    )
    taken = [reply.json["id"] for reply in replies if reply.status == 201]
    assert len(taken) == 3
    assert {r.json["error"]["code"] for r in replies if r.status != 201} <= {
        "refund_exceeds_captured", "conflict"
    }  # fmt: skip
    for refund in taken:
        assert (await house.refund_ended(refund))["status"] == "SUCCESS"
    assert (await house.payment(id))["refunded_amount"] == 120_000
    await proved(house)


async def test_a_refund_that_fails_gives_back_what_it_had_reserved(house: House) -> None:
    id = await paid(house, "refundfail@simbank")
    refund = await house.refund(id)
    ended = await house.refund_ended(refund["id"])
    assert (ended["status"], ended["failure"]["code"]) == ("FAILED", "beneficiary_declined")
    assert (await house.payment(id))["refunded_amount"] == 0
    await proved(house)
    assert await types_of(house, id) == [
        "payment.created", "payment.succeeded", "refund.created", "refund.failed"
    ]  # fmt: skip
    assert await house.bookings(id) == ["capture", "refund", "refund_failed"]
    assert "refunds_in_clearing" not in await house.balances()


@pytest.mark.parametrize("script", ["refundlate", "refunddeemed", "refundduplicate"])
async def test_a_refund_is_followed_until_the_rail_has_made_it(house: House, script: str) -> None:
    id = await paid(house, f"{script}@simbank")
    refund = await house.refund(id)
    assert (await house.refund_ended(refund["id"]))["status"] == "SUCCESS"
    await proved(house)
    assert (await types_of(house, id)).count("refund.succeeded") == 1
    assert await house.bookings(id) == ["capture", "refund"]


async def test_a_payment_that_was_not_captured_is_not_refunded(house: House) -> None:
    payment = await house.pay(orders.collect("silent@simbank"))
    reply = await house.client.post(f"/v1/payments/{payment['id']}/refunds", {})
    assert (reply.status, reply.json["error"]["code"]) == (422, "payment_not_captured")
    assert await house.archive.count("refunds") == 0


async def late(house: House, script: str) -> dict[str, Any]:
    """A payment that failed, and whose customer's bank then paid after all."""
    payment = await house.pay(orders.collect(f"{script}@simbank"))
    await house.ended(payment["id"])
    engine = house.world.npci.engine
    transaction = house.world.npci.record[payment["external_txn_id"]]
    transaction.status = "DEEMED"
    engine.resolve(transaction, "SUCCESS")
    await engine.tell(transaction, "once")
    return await house.payment(payment["id"])


@pytest.mark.parametrize("script", ["declined", "expire"])
async def test_a_late_success_goes_to_suspense_and_back_to_the_customer(
    house: House, script: str
) -> None:
    payment = await late(house, script)
    (refund,) = await house.client.all(f"/v1/refunds?payment_id={payment['id']}")
    assert (refund["origin"], refund["amount"]) == ("late_success", AMOUNT)
    assert (await house.refund_ended(refund["id"]))["status"] == "SUCCESS"
    after = await house.payment(payment["id"])
    assert after["status"] == payment["status"] != "SUCCESS"
    assert (after["captured_amount"], after["refunded_amount"]) == (0, 0)
    await proved(house)
    types = await types_of(house, payment["id"])
    assert types[-2:] == ["payment.late_success", "refund.succeeded"]
    # One step books both.
    assert sorted(await house.bookings(payment["id"])) == ["late_success", "refund"]
    assert await house.balances() == {"receivable": AMOUNT, "refunds_in_clearing": AMOUNT}


async def test_a_late_success_that_is_told_again_is_refunded_once(house: House) -> None:
    payment = await late(house, "declined")
    transaction = house.world.npci.record[payment["external_txn_id"]]
    await house.world.npci.engine.tell(transaction, "burst")
    await proved(house)
    assert len(await house.client.all("/v1/refunds")) == 1
    assert len(transaction.refund_ids) == 1
