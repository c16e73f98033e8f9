"""What the rail could not be made to say goes to a person, and a later word still counts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.e2e import orders
from tests.e2e.configuration import Keys, Place
from tests.e2e.house import House, house_at, until

AMOUNT = orders.AMOUNT_MINOR
SOON = {"policy": {"checks_until_s": 2.5}}


@pytest.fixture
async def house(place: Place, keys: Keys) -> AsyncIterator[House]:
    """A house that asks a person soon."""
    async with house_at(place, keys, SOON) as house:
        yield house


async def abandoned(house: House, script: str) -> dict[str, Any]:
    """A payment of which the rail has not said how it ended, in a person's hands."""
    payment = await house.pay(orders.collect(f"{script}@simbank"))
    return await house.reached(payment["id"], "needs_attention")


async def resolved(house: House, payment: dict[str, Any], status: str) -> dict[str, Any]:
    """The payment after the rail has decided and told it."""
    engine = house.world.npci.engine
    transaction = house.world.npci.record[payment["external_txn_id"]]
    engine.resolve(transaction, "SUCCESS" if status == "SUCCESS" else "FAILURE")
    await engine.tell(transaction, "once")
    ended = await house.ended(payment["id"])
    await house.quiet()
    await house.prove()
    return ended


@pytest.mark.parametrize(
    ("status", "end", "booked"),
    [("SUCCESS", "SUCCESS", "deemed_confirmed"), ("FAILURE", "FAILED", "deemed_refused")],
)
async def test_a_deemed_payment_leaves_suspense_when_the_rail_says(
    house: House, status: str, end: str, booked: str
) -> None:
    payment = await abandoned(house, "deemedforever")
    assert (await house.balances())["suspense"] == AMOUNT
    assert (await resolved(house, payment, status))["status"] == end
    assert await house.bookings(payment["id"]) == ["deemed", booked]
    assert "suspense" not in await house.balances()


@pytest.mark.parametrize(("status", "end"), [("SUCCESS", "SUCCESS"), ("FAILURE", "FAILED")])
async def test_a_silent_payment_ends_when_the_rail_says(
    house: House, status: str, end: str
) -> None:
    payment = await abandoned(house, "silent")
    assert await house.bookings(payment["id"]) == []
    assert (await resolved(house, payment, status))["status"] == end


async def test_a_refund_that_stays_unknown_goes_to_a_person_and_still_ends(house: House) -> None:
    id = (await house.pay(orders.collect("refundpending@simbank")))["id"]
    await house.ended(id)
    refund = await house.refund(id)
    assert refund["status"] == "PENDING"

    async def handed_over() -> bool:
        return "refund.needs_attention" in [e["type"] for e in await house.events(id)]

    await until(handed_over, "the refund needs attention")
    assert (await house.client.get(f"/v1/refunds/{refund['id']}"))["status"] == "PENDING"
    engine, record = house.world.npci.engine, house.world.npci.record
    (transaction,) = [each for each in record if each.kind == "REFUND"]
    engine.resolve(transaction, "SUCCESS")
    await engine.tell(transaction, "once")
    assert (await house.refund_ended(refund["id"]))["status"] == "SUCCESS"
    await house.quiet()
    await house.prove()


async def test_a_rail_that_does_not_answer_is_no_failure(house: House) -> None:
    house.world.npci.control.set_faults(unavailable=True)
    payment = await house.pay(orders.collect("asha@simbank"))
    assert (payment["status"], payment["stage"]) == ("PENDING", "created")
    house.world.npci.control.set_faults(unavailable=False)
    # The switch never had it, and says so: only now is it known to have failed.
    ended = await house.ended(payment["id"])
    assert (ended["status"], ended["failure"]["code"]) == ("FAILED", "transaction_not_found")
    await house.quiet()
    await house.prove()


async def test_a_rail_that_cannot_be_reached_has_provably_not_got_the_request(
    place: Place, keys: Keys
) -> None:
    nobody = {"upi": {"npci": {"url": "http://127.0.0.1:1", "breaker_failures": 3}}}
    async with house_at(place, keys, nobody) as house:
        reply = await house.client.post("/v1/payments", orders.collect("asha@simbank"), "order-1")
        assert (reply.status, reply.json["error"]["code"]) == (424, "rail_unavailable")
        again = await house.client.post("/v1/payments", orders.collect("asha@simbank"), "order-2")
        assert again.status == 424
        payment = await house.payment(reply.payment_id)
        assert (payment["status"], payment["stage"]) == ("FAILED", "declined")
        assert len(house.world.npci.record) == 0
        await house.quiet()
        await house.prove()


async def test_an_answer_for_a_payment_that_is_not_ours_changes_nothing(house: House) -> None:
    payment = await abandoned(house, "silent")
    record, engine = house.world.npci.record, house.world.npci.engine
    transaction = record[payment["external_txn_id"]]
    transaction.id = "SKA" + "0" * 32
    engine.resolve(transaction, "SUCCESS")
    await engine.tell(transaction, "once")
    assert transaction.answers == [("RespPay", False)]
    transaction.id = payment["external_txn_id"]

    assert (await house.payment(payment["id"]))["stage"] == "needs_attention"
    assert await house.archive.count("ledger_transactions") == 0


async def test_the_holder_of_an_address_is_asked_of_the_network(house: House) -> None:
    for vpa, exists, name in (
        ("asha@simbank", True, "Asha"),
        ("invalidvpa@simbank", False, None),
    ):
        reply = await house.client.post("/v1/upi/vpa/validate", {"vpa": vpa})
        assert reply.status == 200, reply.body
        assert (reply.json["exists"], reply.json["name"]) == (exists, name)
