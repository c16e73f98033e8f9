"""The merchant believes only what is signed, remembers everything, and fails as told."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from standardwebhooks import Webhook

from sikka_sim import Behaviour, Merchant

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"

Client = TestClient[web.Request, web.Application]


@pytest.fixture
def merchant() -> Merchant:
    merchant = Merchant()
    merchant.set_secrets(SECRET)
    return merchant


@pytest.fixture
async def client(merchant: Merchant) -> AsyncIterator[Client]:
    async with TestClient(TestServer(merchant.application())) as client:
        yield client


async def deliver(
    client: Client, event_id: str = "evt_1", secret: str = SECRET, age_s: float = 0
) -> int:
    body = json.dumps({"id": event_id, "type": "payment.succeeded"})
    at = datetime.now(UTC) - timedelta(seconds=age_s)
    headers = {
        "webhook-id": event_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(event_id, at, body),
    }
    async with client.post("/webhooks", data=body, headers=headers) as response:
        await response.read()
        return response.status


async def test_a_signed_event_is_accepted_and_remembered(
    merchant: Merchant, client: Client
) -> None:
    assert await deliver(client) == 200
    [received] = merchant.accepted()
    assert received.id == "evt_1"
    assert received.payload == {"id": "evt_1", "type": "payment.succeeded"}


async def test_any_of_the_secrets_may_sign(merchant: Merchant, client: Client) -> None:
    merchant.set_secrets(OTHER, SECRET)
    assert await deliver(client) == 200


@pytest.mark.parametrize(("secret", "age_s"), [(OTHER, 0), (SECRET, 600), (SECRET, -600)])
async def test_what_is_not_genuine_or_not_recent_is_refused(
    merchant: Merchant, client: Client, secret: str, age_s: float
) -> None:
    assert await deliver(client, secret=secret, age_s=age_s) == 401
    assert merchant.accepted() == []
    assert [r.verified for r in merchant.received] == [False]


@pytest.mark.parametrize("signature", ["", "v1,!!!", "nonsense", "v1,"])
async def test_a_malformed_signature_is_refused(client: Client, signature: str) -> None:
    headers = {
        "webhook-id": "evt_1",
        "webhook-timestamp": str(int(datetime.now(UTC).timestamp())),
        "webhook-signature": signature,
    }
    async with client.post("/webhooks", data=b"{}", headers=headers) as response:
        assert response.status == 401


async def test_without_a_secret_nothing_is_believed(merchant: Merchant, client: Client) -> None:
    merchant.set_secrets()
    assert await deliver(client) == 401


async def test_it_fails_as_often_as_told_and_keeps_the_order(
    merchant: Merchant, client: Client
) -> None:
    merchant.behave(Behaviour("error", times=2, status=503))
    statuses = [await deliver(client, f"evt_{number}") for number in range(4)]
    assert statuses == [503, 503, 200, 200]
    assert [r.id for r in merchant.accepted()] == ["evt_2", "evt_3"]


async def test_it_can_be_gone_down_slow_or_dripping(merchant: Merchant, client: Client) -> None:
    merchant.behave(Behaviour("gone"))
    assert await deliver(client) == 410
    merchant.behave(Behaviour("down", times=1))
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await deliver(client)
    merchant.behave(Behaviour("slow", delay_s=0.05))
    assert await deliver(client) == 200
    merchant.behave(Behaviour("drip", delay_s=0.05))
    assert await deliver(client) == 200
    assert [r.status for r in merchant.received] == [410, 0, 200, 200]


async def test_it_is_controlled_from_outside(merchant: Merchant, client: Client) -> None:
    async with client.post("/sim/secrets", json={"secrets": [OTHER]}) as response:
        assert response.status == 200
    assert await deliver(client, secret=OTHER) == 200
    async with client.post("/sim/behaviour", json={"mode": "gone", "times": 1}) as response:
        assert response.status == 200
    assert await deliver(client, secret=OTHER) == 410
    async with client.get("/sim/received") as response:
        shown = (await response.json())["received"]
    assert [(r["verified"], r["status"]) for r in shown] == [(True, 200), (True, 410)]
    assert len(merchant.received) == 2


@pytest.mark.parametrize(
    "body",
    [
        {"mode": "asleep"},
        {"mode": "slow", "times": 0},
        {"mode": "error", "status": "x"},
        {"mode": "gone", "colour": "red"},
        {},
    ],
)
async def test_a_wrong_behaviour_is_refused(client: Client, body: dict[str, object]) -> None:
    async with client.post("/sim/behaviour", json=body) as response:
        assert response.status == 400
    assert await deliver(client) == 200
