"""One effect, however often and wherever the same is said: four processes, one MariaDB."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from sikka_sim.npci.messages import Writer
from sikka_sim.rail.engine import Telling
from sikka_sim.rail.legs import Decision
from tests.e2e import orders
from tests.e2e.client import Client, Reply
from tests.e2e.configuration import Keys
from tests.e2e.conftest import place_of
from tests.e2e.estate import Estate, estate_at
from tests.e2e.house import until

AT_ONCE = 50
TOLD = 20

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def estate(
    request: pytest.FixtureRequest, keys: Keys, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Estate]:
    """Four gateway processes and a worker, for all of these tests."""
    with place_of("mariadb", tmp_path_factory.mktemp("idempotency"), request) as place:
        async with estate_at(place, keys) as estate:
            await estate.server(workers=4).start()
            await estate.worker().start()
            yield estate


async def insist(client: Client, path: str, body: dict[str, object], key: str) -> Reply:
    """Ask until the first request with the key is no longer running."""

    async def find() -> Reply | None:
        reply = await client.post(path, body, key)
        return None if reply.status == 409 else reply

    return await until(find, f"{key} is answered")


async def test_fifty_identical_requests_at_once_make_one_payment(estate: Estate) -> None:
    order = orders.collect("asha@simbank")
    before = await estate.archive.count("payments")
    replies = await asyncio.gather(
        *(estate.client.post("/v1/payments", order, "order-1") for _ in range(AT_ONCE))
    )
    answered = [reply for reply in replies if reply.status != 409]
    assert {reply.status for reply in answered} == {201}
    codes = {reply.json["error"]["code"] for reply in replies if reply.status == 409}
    assert codes <= {"idempotency_key_in_use"}
    last = await insist(estate.client, "/v1/payments", order, "order-1")
    assert last.headers["Idempotent-Replayed"] == "true"
    assert {reply.body for reply in answered} | {last.body} == {last.body}
    assert await estate.archive.count("payments") == before + 1
    sent = estate.world.npci.record.messages(last.json["external_txn_id"], "ReqPay")
    assert len(sent) == 1
    await estate.quiet()
    await estate.prove()


async def test_fifty_identical_refunds_at_once_return_the_money_once(estate: Estate) -> None:
    paid = await estate.client.post("/v1/payments", orders.collect("asha@simbank"), "order-2")
    await estate.quiet()
    path = f"/v1/payments/{paid.payment_id}/refunds"
    body: dict[str, object] = {"amount": 10_000}
    replies = await asyncio.gather(
        *(estate.client.post(path, body, "refund-1") for _ in range(AT_ONCE))
    )
    last = await insist(estate.client, path, body, "refund-1")
    answered = [reply for reply in replies if reply.status != 409]
    assert {reply.status for reply in answered} == {201}
    assert {reply.body for reply in answered} | {last.body} == {last.body}
    assert await estate.archive.count("refunds") == 1
    await estate.quiet()
    record = estate.world.npci.record
    assert [each.kind for each in record].count("REFUND") == 1
    assert record[paid.json["external_txn_id"]].refunded_minor == 10_000
    await estate.prove()


async def test_the_same_key_for_another_body_or_route_is_refused(estate: Estate) -> None:
    order = orders.collect("asha@simbank")
    assert (await estate.client.post("/v1/payments", order, "order-3")).status == 201
    before = await estate.archive.count("payments")
    for path, body in (
        ("/v1/payments", {**order, "amount": 1}),
        ("/v1/upi/vpa/validate", {"vpa": "asha@simbank", "live": False}),
    ):
        reply = await estate.client.post(path, body, "order-3")
        assert (reply.status, reply.json["error"]["type"]) == (400, "idempotency_error")
    assert await estate.archive.count("payments") == before


async def test_an_outcome_told_twenty_times_at_once_is_applied_once(estate: Estate) -> None:
    reply = await estate.client.post("/v1/payments", orders.collect("duplicate@simbank"))
    await estate.quiet()
    await _proved_once(estate, reply)
    told = estate.world.npci.record[reply.json["external_txn_id"]]
    assert told.answers == [("RespPay", True)] * TOLD


async def test_the_same_signed_bytes_at_every_process_are_applied_once(estate: Estate) -> None:
    reply = await estate.client.post("/v1/payments", orders.collect("silent@simbank"))
    world = estate.world
    transaction = world.npci.record[reply.json["external_txn_id"]]
    world.npci.engine.resolve(transaction, "SUCCESS")
    telling = Telling(
        transaction,
        Decision("SUCCESS", "", "00", "00"),
        transaction.amount_minor,
        transaction.payee.address,
    )

    def compose(writer: Writer) -> str:
        return writer.resp_pay(telling)

    assert world.npci.callbacks is not None
    message = world.npci.callbacks.write("RespPay", transaction.id, compose)
    path = f"/upi/RespPay/2.0/urn:txnid:{transaction.id}"
    xml = {"Content-Type": "application/xml"}
    async with Client(estate.client.url) as switch:
        acks = await asyncio.gather(
            *(switch.send("POST", path, message.body, xml) for _ in range(TOLD))
        )
    assert [ack.status for ack in acks] == [200] * TOLD
    assert all(b"err=" not in ack.body for ack in acks)
    await estate.quiet()
    await _proved_once(estate, reply)


async def _proved_once(estate: Estate, reply: Reply) -> None:
    """One transition, one booking, one event delivered of the success."""
    payment = await estate.client.get(f"/v1/payments/{reply.payment_id}")
    assert payment["status"] == "SUCCESS"
    events = await estate.client.all(f"/v1/events?payment_id={reply.payment_id}")
    assert [event["type"] for event in events].count("payment.succeeded") == 1
    booked = await estate.archive.number(
        "SELECT COUNT(*) FROM ledger_transactions WHERE payment_id = :id", id=reply.payment_id
    )
    assert booked == 1
    delivered = [each.payload for each in estate.world.merchant.accepted() if each.payload]
    ours = [each["type"] for each in delivered if each["payment_id"] == reply.payment_id]
    assert ours.count("payment.succeeded") == 1
    await estate.prove()
