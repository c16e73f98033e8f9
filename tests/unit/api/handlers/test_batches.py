from __future__ import annotations

import asyncio
from typing import Any

from sikka.api.limits import TokenBuckets
from sikka.api.parts import ApiLimits
from sikka.domain.outcome import Outcome
from sikka.domain.payment import Payment
from tests.unit.api.conftest import Client
from tests.unit.api.world import World, collect, keyed


def item(key: str, **values: Any) -> dict[str, Any]:
    return {"idempotency_key": key, "payment": collect(**values)}


async def send(
    client: Client, headers: dict[str, str], items: list[dict[str, Any]]
) -> tuple[int, dict[str, Any]]:
    response = await client.post(
        "/v1/payments/batch", json={"payments": items}, headers=keyed(headers)
    )
    return response.status, await response.json()


async def test_each_payment_has_its_own_result_in_order(client: Client, world: World) -> None:
    card = {"idempotency_key": "b", "payment": {"payment_method": "CARD"}}
    status, body = await send(client, world.headers(), [item("a"), card, item("c", amount=7)])
    assert (status, body["object"]) == (200, "batch")
    results = body["data"]
    assert [each["idempotency_key"] for each in results] == ["a", "b", "c"]
    assert [each["status"] for each in results] == [201, 422, 201]
    assert [each["replayed"] for each in results] == [False] * 3
    assert results[0]["payment"]["amount"] == 129_900
    assert results[1]["payment"] is None
    assert results[1]["error"]["code"] == "method_unavailable"
    assert results[2]["payment"]["amount"] == 7
    assert len(world.memory.all(Payment)) == 2


async def test_a_batch_that_is_sent_again_pays_nobody_twice(client: Client, world: World) -> None:
    headers = world.headers()
    _, first = await send(client, headers, [item("a"), item("b")])
    _, again = await send(client, headers, [item("b"), item("a"), item("c")])
    assert [each["replayed"] for each in again["data"]] == [True, True, False]
    assert again["data"][0]["payment"] == first["data"][1]["payment"]
    assert len(world.memory.all(Payment)) == 3


async def test_another_payment_under_a_used_key_fails_alone(client: Client, world: World) -> None:
    headers = world.headers()
    await send(client, headers, [item("a")])
    _, body = await send(client, headers, [item("a", amount=1), item("b")])
    assert [each["status"] for each in body["data"]] == [400, 201]
    assert body["data"][0]["error"]["code"] == "idempotency_error"


async def test_a_batch_with_an_invalid_payment_changes_nothing(
    client: Client, world: World
) -> None:
    batches = {
        "payments[1].payment.amount": [item("a"), item("b", amount=0)],
        "payments[1].payment.device.ip": [item("a"), item("b", device={"ip": "x"})],
        "payments[1].idempotency_key": [item("a"), item("a")],
        "payments[0].idempotency_key": [item("a ")],
        "payments": [],
    }
    for param, items in batches.items():
        status, body = await send(client, world.headers(), items)
        assert (status, body["error"]["param"]) == (400, param)
    status, body = await send(client, world.headers(), [item(str(n)) for n in range(1_001)])
    assert (status, body["error"]["param"]) == (400, "payments")
    assert world.memory.changes == []


async def test_a_bug_in_one_payment_does_not_hide_the_others(client: Client, world: World) -> None:
    collected = world.rail.collect

    async def failing(payment: Payment, *rest: Any) -> Outcome:
        if payment.amount_minor == 13:
            raise RuntimeError("a bug")
        return await collected(payment, *rest)

    world.rail.collect = failing  # type: ignore[method-assign]
    _, body = await send(client, world.headers(), [item("a", amount=13), item("b")])
    assert [each["status"] for each in body["data"]] == [500, 201]
    assert body["data"][0]["error"]["code"] == "internal_error"


async def test_no_more_payments_than_configured_are_on_their_way_at_once(world: World) -> None:
    world.limits = ApiLimits(batch_concurrency=4)
    now, most, entered = 0, 0, asyncio.Event()
    assess = world.fraud.assess

    async def counted(request: Any) -> Any:
        nonlocal now, most
        now += 1
        most = max(most, now)
        if now == 4:
            entered.set()
        await entered.wait()
        now -= 1
        return await assess(request)

    world.fraud.assess = counted  # type: ignore[method-assign]
    async with world.client() as client:
        _, body = await send(client, world.headers(), [item(str(n)) for n in range(12)])
    assert [each["status"] for each in body["data"]] == [201] * 12
    assert most == 4


async def test_a_batch_spends_one_a_payment(world: World) -> None:
    world.rate_limiter = TokenBuckets(1e-6, 5)
    headers = world.headers()
    async with world.client() as client:
        status, _ = await send(client, headers, [item("a"), item("b"), item("c")])
        assert status == 200
        status, body = await send(client, headers, [item("d"), item("e"), item("f")])
    assert (status, body["error"]["code"]) == (429, "rate_limited")
    assert len(world.memory.all(Payment)) == 3
