from __future__ import annotations

from typing import Any

import pytest

from sikka.domain.fraud import Decision
from sikka.domain.merchant import Scope
from tests.unit.api.conftest import Client
from tests.unit.api.world import World, collect, keyed


async def held(client: Client, world: World, headers: dict[str, str]) -> dict[str, Any]:
    world.fraud.decision = Decision.REVIEW
    response = await client.post("/v1/payments", json=collect(), headers=keyed(headers))
    payment: dict[str, Any] = await response.json()
    assert payment["stage"] == "in_review"
    return payment


async def waiting(client: Client, headers: dict[str, str]) -> list[str]:
    body = await (await client.get("/v1/reviews", headers=headers)).json()
    return [each["id"] for each in body["data"]]


@pytest.mark.parametrize(
    ("decision", "stage"), [("approve", "submitted"), ("decline", "cancelled")]
)
async def test_a_person_decides_about_a_payment_that_waits(
    client: Client, world: World, decision: str, stage: str
) -> None:
    headers = world.headers()
    payment = await held(client, world, headers)
    assert await waiting(client, headers) == [payment["id"]]
    url, own = f"/v1/reviews/{payment['id']}/{decision}", keyed(headers)
    response = await client.post(url, json={"note": "known"}, headers=own)
    assert response.status in (200, 201)
    assert (await response.json())["stage"] == stage
    again = await client.post(url, json={"note": "known"}, headers=own)
    assert await again.read() == await response.read()
    assert await waiting(client, headers) == []
    late = await client.post(url, headers=keyed(headers))
    assert (late.status, (await late.json())["error"]["code"]) == (422, "state_invalid")


async def test_nobody_decides_for_another_merchant_or_without_the_scope(
    client: Client, world: World
) -> None:
    merchant = world.new_merchant()
    payment = await held(client, world, world.headers(merchant=merchant))
    url = f"/v1/reviews/{payment['id']}/approve"
    assert (await client.post(url, headers=keyed(world.headers()))).status == 404
    reader = world.headers(Scope.READ, merchant=merchant)
    assert (await client.post(url, headers=keyed(reader))).status == 403


async def test_an_assessment_is_read_by_its_payment(client: Client, world: World) -> None:
    headers = world.headers()
    payment = await held(client, world, headers)
    url = f"/v1/fraud/assessments/{payment['id']}"
    body = await (await client.get(url, headers=headers)).json()
    assert (body["payment_id"], body["decision"]) == (payment["id"], "REVIEW")
    assert body["risk_score"] == "0.04"
    assert (await client.get(url, headers=world.headers())).status == 404
