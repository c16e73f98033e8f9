"""A customer pays by link or QR code: the switch asks us first, then tells us."""

from __future__ import annotations

from typing import Any

import pytest

from sikka_sim.npci.apps import LinkRefused
from tests.e2e import orders, qr
from tests.e2e.house import House, until

SCANNERS = {"svg": qr.scan_svg, "png": qr.scan_png}


async def link_of(house: House, order: dict[str, Any]) -> tuple[str, str]:
    """A new payment's id, and the link that its customer opens."""
    payment = await house.pay(order)
    assert payment["stage"] == "action_required"
    link: str = payment["next_action"]["link"]
    return payment["id"], link


async def proved(house: House) -> None:
    await house.quiet()
    await house.prove()


async def test_a_link_is_paid_by_the_customers_app(house: House) -> None:
    id, link = await link_of(house, orders.intent())
    assert house.world.npci.apps.pay(link, "asha@simbank") is not None
    payment = await house.ended(id)
    assert (payment["status"], payment["captured_amount"]) == ("SUCCESS", orders.AMOUNT_MINOR)
    assert payment["upi"]["vpa"] == "asha@simbank"
    await proved(house)
    types = [event["type"] for event in await house.events(id)]
    assert types == ["payment.created", "payment.submitted", "payment.succeeded"]
    assert house.webhooks(id) == await house.events(id)
    assert await house.bookings(id) == ["capture"]
    assert house.world.npci.record[payment["external_txn_id"]].confirmed


@pytest.mark.parametrize("picture", SCANNERS)
async def test_a_qr_code_is_scanned_and_paid(house: House, picture: str) -> None:
    id, link = await link_of(house, orders.qr())
    reply = await house.client.send("GET", f"/v1/payments/{id}/qr?format={picture}")
    assert reply.status == 200
    scanned = SCANNERS[picture](reply.body)
    assert scanned == link
    house.world.npci.apps.pay(scanned, "asha@simbank")
    assert (await house.ended(id))["status"] == "SUCCESS"
    gone = await house.client.send("GET", f"/v1/payments/{id}/qr?format={picture}")
    assert gone.status == 422
    await proved(house)


@pytest.mark.parametrize(
    ("customer", "failure"),
    [("insufficient@simbank", "insufficient_funds"), ("risk@simbank", "risk_declined")],
)
async def test_a_customer_who_is_declined_after_the_scan_fails_the_payment(
    house: House, customer: str, failure: str
) -> None:
    id, link = await link_of(house, orders.intent())
    house.world.npci.apps.pay(link, customer)
    payment = await house.ended(id)
    assert (payment["status"], payment["failure"]["code"]) == ("FAILED", failure)
    assert await house.bookings(id) == []
    await proved(house)


async def test_a_deemed_link_payment_waits_in_suspense_until_the_rail_says(house: House) -> None:
    id, link = await link_of(house, orders.intent())
    house.world.npci.apps.pay(link, "credittimeout@simbank")
    assert (await house.reached(id, "deemed"))["captured_amount"] == 0
    assert await house.balances() == {
        "receivable": orders.AMOUNT_MINOR, "suspense": orders.AMOUNT_MINOR
    }  # fmt: skip
    assert (await house.ended(id))["status"] == "SUCCESS"
    assert await house.bookings(id) == ["deemed", "deemed_confirmed"]
    assert "suspense" not in await house.balances()
    await proved(house)


async def test_another_amount_than_the_links_is_refused_and_nobody_is_debited(
    house: House,
) -> None:
    id, link = await link_of(house, orders.intent())
    transaction = house.world.npci.apps.pay(link.replace("am=1299.00", "am=1.00"), "asha@simbank")
    assert transaction is not None
    await house.world.npci.record.decided(transaction.id)
    assert (transaction.status, transaction.debited_minor) == ("FAILURE", 0)
    # The network takes a transaction id once, so this link is spent, and the switch says so.
    assert (await house.ended(id))["status"] == "FAILED"
    assert await house.bookings(id) == []


async def test_a_link_is_paid_once(house: House) -> None:
    id, link = await link_of(house, orders.intent())
    house.world.npci.apps.pay(link, "asha@simbank")
    with pytest.raises(LinkRefused, match="paid already"):
        house.world.npci.apps.pay(link, "ravi@simbank")
    assert (await house.ended(id))["status"] == "SUCCESS"
    await proved(house)


async def test_a_link_that_nobody_uses_expires_once_the_rail_knows_nothing_of_it(
    house: House,
) -> None:
    id, link = await link_of(house, orders.intent())
    # An hour cannot be waited for; the moment at which it was due can be moved.
    await house.archive.execute("UPDATE payments SET expires_at = created_at WHERE id = :id", id=id)
    payment = await house.ended(id)
    assert (payment["status"], payment["stage"]) == ("EXPIRED", "expired")

    async def refused() -> bool:
        transaction = house.world.npci.record.get(payment["external_txn_id"])
        return transaction is not None and transaction.status == "FAILURE"

    house.world.npci.apps.pay(link, "asha@simbank")
    await until(refused, "the switch refuses a link that has expired")
    assert (await house.payment(id))["status"] == "EXPIRED"
    assert await house.bookings(id) == []
    await proved(house)
