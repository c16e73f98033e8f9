from __future__ import annotations

from typing import Any

from sikka.domain.payment import Payment, Stage, Status
from sikka.domain.refund import Refund
from tests.unit.api.conftest import Client
from tests.unit.api.world import World, collect, keyed


async def captured(client: Client, world: World, headers: dict[str, str]) -> str:
    response = await client.post("/v1/payments", json=collect(), headers=keyed(headers))
    payment = world.memory.get(Payment, (await response.json())["id"])
    world.memory.add(
        payment.moved(Status.SUCCESS, Stage.CAPTURED, world.clock.now(), captured_minor=129_900)
    )
    id: str = payment.id
    return id


async def refund(
    client: Client, headers: dict[str, str], payment_id: str, **body: Any
) -> tuple[int, dict[str, Any]]:
    response = await client.post(
        f"/v1/payments/{payment_id}/refunds", json=body, headers=keyed(headers)
    )
    return response.status, await response.json()


async def test_a_part_and_then_the_rest_can_be_refunded(client: Client, world: World) -> None:
    headers = world.headers()
    payment_id = await captured(client, world, headers)
    status, first = await refund(client, headers, payment_id, amount=29_900, reason="one item")
    assert (status, first["object"], first["amount"]) == (201, "refund", 29_900)
    assert (first["payment_id"], first["reason"]) == (payment_id, "one item")
    response = await client.post(f"/v1/payments/{payment_id}/refunds", headers=keyed(headers))
    assert (response.status, (await response.json())["amount"]) == (201, 100_000)
    assert world.memory.get(Payment, payment_id).refunded_minor == 129_900


async def test_more_than_is_left_is_refused(client: Client, world: World) -> None:
    headers = world.headers()
    payment_id = await captured(client, world, headers)
    status, body = await refund(client, headers, payment_id, amount=129_901)
    assert (status, body["error"]["code"]) == (422, "refund_exceeds_captured")
    assert world.memory.all(Refund) == []


async def test_a_payment_that_is_not_captured_has_nothing_to_refund(
    client: Client, world: World
) -> None:
    headers = world.headers()
    created = await client.post("/v1/payments", json=collect(), headers=keyed(headers))
    status, body = await refund(client, headers, (await created.json())["id"])
    assert (status, body["error"]["code"]) == (422, "payment_not_captured")


async def test_a_refund_that_is_sent_again_is_made_once(client: Client, world: World) -> None:
    headers = keyed(world.headers())
    payment_id = await captured(client, world, headers)
    url, own = f"/v1/payments/{payment_id}/refunds", keyed(headers)
    first = await client.post(url, json={"amount": 100}, headers=own)
    again = await client.post(url, json={"amount": 100}, headers=own)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert await first.read() == await again.read()
    assert len(world.memory.all(Refund)) == 1


async def test_a_key_used_for_one_payment_cannot_refund_another(
    client: Client, world: World
) -> None:
    headers = keyed(world.headers())
    one, other = [await captured(client, world, headers) for _ in range(2)]
    own = keyed(headers)
    await client.post(f"/v1/payments/{one}/refunds", json={}, headers=own)
    response = await client.post(f"/v1/payments/{other}/refunds", json={}, headers=own)
    assert response.status == 400
    assert (await response.json())["error"]["code"] == "idempotency_error"


async def test_refunds_are_read_and_listed_by_their_merchant_alone(
    client: Client, world: World
) -> None:
    headers, stranger = world.headers(), world.headers()
    payment_id = await captured(client, world, headers)
    _, created = await refund(client, headers, payment_id)
    url = f"/v1/refunds/{created['id']}"
    assert await (await client.get(url, headers=headers)).json() == created
    assert (await client.get(url, headers=stranger)).status == 404
    assert (await refund(client, stranger, payment_id))[0] == 404
    for query, count in ((f"?payment_id={payment_id}", 1), ("", 1)):
        listed = await (await client.get(f"/v1/refunds{query}", headers=headers)).json()
        assert len(listed["data"]) == count
        listed = await (await client.get(f"/v1/refunds{query}", headers=stranger)).json()
        assert listed["data"] == []
    assert (await client.get("/v1/refunds/rfd_1", headers=headers)).status == 404
