"""One effect, however often and wherever the same is said: four processes, one MariaDB."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from sikka_sim.npci.messages import Writer
from sikka_sim.rail.engine import Telling
from sikka_sim.rail.legs import Decision
from tests.e2e import orders
from tests.e2e.client import Client, Reply
from tests.e2e.configuration import Keys, Place
from tests.e2e.conftest import place_of
from tests.e2e.estate import Estate, estate_at
from tests.e2e.house import until

AT_ONCE = 50
TOLD = 20

pytestmark = pytest.mark.slow


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    with place_of("mariadb", tmp_path, request) as place:
        yield place


@pytest.fixture
async def estate(place: Place, keys: Keys) -> AsyncIterator[Estate]:
    """Four gateway processes and a worker."""
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
    assert await estate.archive.count("payments") == 1
    assert len(estate.world.npci.record.messages(api="ReqPay")) == 1
    await estate.quiet()
    await estate.prove()


async def test_fifty_identical_refunds_at_once_return_the_money_once(estate: Estate) -> None:
    paid = await estate.client.post("/v1/payments", orders.collect("asha@simbank"), "order-1")
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
    assert [each.kind for each in estate.world.npci.record].count("REFUND") == 1
    await estate.prove()


async def test_the_same_key_for_another_body_or_route_is_refused(estate: Estate) -> None:
    order = orders.collect("asha@simbank")
    assert (await estate.client.post("/v1/payments", order, "order-1")).status == 201
    for path, body in (
        ("/v1/payments", {**order, "amount": 1}),
        ("/v1/upi/vpa/validate", {"vpa": "asha@simbank", "live": False}),
    ):
        reply = await estate.client.post(path, body, "order-1")
        assert (reply.status, reply.json["error"]["type"]) == (400, "idempotency_error")
    assert await estate.archive.count("payments") == 1


async def test_an_outcome_told_twenty_times_at_once_is_applied_once(estate: Estate) -> None:
    reply = await estate.client.post("/v1/payments", orders.collect("duplicate@simbank"))
    await estate.quiet()
    await _proved_once(estate, reply)
    (told,) = [each for each in estate.world.npci.record if each.kind == "COLLECT"]
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
    assert await estate.archive.count("ledger_transactions") == 1
    delivered = [each.payload for each in estate.world.merchant.accepted() if each.payload]
    assert [each["type"] for each in delivered].count("payment.succeeded") == 1
    await estate.prove()
