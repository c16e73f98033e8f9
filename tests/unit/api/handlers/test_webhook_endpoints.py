from __future__ import annotations

from msgspec import UNSET

from sikka.domain.delivery import DELETED
from sikka.domain.merchant import Merchant, Scope, WebhookEndpoint
from tests.unit.api.conftest import Client
from tests.unit.api.world import AT, World, keyed

ID = f"whe_{'0' * 25}1"


def stored(world: World, merchant: Merchant, id: str = ID, **values: object) -> WebhookEndpoint:
    fields: dict[str, object] = {
        "id": id,
        "merchant_id": merchant.id,
        "url": "https://shop.example/webhooks",
        "event_types": ("*",),
        "description": None,
        "sealed_secret": b"sealed",
        "sealed_previous_secret": None,
        "previous_secret_until": None,
        "enabled": True,
        "disabled_reason": None,
        "livemode": False,
        "version": 1,
        "created_at": AT,
        "updated_at": AT,
    }
    endpoint = WebhookEndpoint(**{**fields, **values})  # type: ignore[arg-type]
    world.memory.add(endpoint)
    return endpoint


async def test_an_endpoint_is_registered(client: Client, world: World) -> None:
    merchant = world.new_merchant()
    body = {"url": "https://shop.example/webhooks", "event_types": ["payment.*"]}
    response = await client.post(
        "/v1/webhook_endpoints", json=body, headers=keyed(world.headers(merchant=merchant))
    )
    assert response.status == 201
    assert response.headers["Cache-Control"] == "no-store"
    assert world.endpoints.calls == [
        ("create", merchant.id, {**body, "description": None}),
    ]


async def test_what_cannot_be_an_endpoint_is_named(client: Client, world: World) -> None:
    good = "https://shop.example/webhooks"
    bodies = {
        "url": {"url": "ftp://shop.example"},
        "event_types[0]": {"url": good, "event_types": ["payment.lost"]},
        "event_types": {"url": good, "event_types": []},
        "secret": {"url": good, "secret": "mine"},
    }
    for param, body in bodies.items():
        response = await client.post(
            "/v1/webhook_endpoints", json=body, headers=keyed(world.headers())
        )
        assert (response.status, (await response.json())["error"]["param"]) == (400, param)
    assert world.endpoints.calls == []


async def test_only_what_is_named_is_changed(client: Client, world: World) -> None:
    merchant = world.new_merchant()
    response = await client.post(
        f"/v1/webhook_endpoints/{ID}",
        json={"enabled": False, "description": None},
        headers=keyed(world.headers(merchant=merchant)),
    )
    assert response.status == 200
    values = {
        "id": ID,
        "url": UNSET,
        "event_types": UNSET,
        "description": None,
        "enabled": False,
    }
    assert world.endpoints.calls == [("update", merchant.id, values)]


async def test_a_secret_is_rotated_and_an_endpoint_deleted(client: Client, world: World) -> None:
    merchant = world.new_merchant()
    headers = world.headers(merchant=merchant)
    url = f"/v1/webhook_endpoints/{ID}"
    rotated = await client.post(f"{url}/rotate_secret", headers=keyed(headers))
    assert (rotated.status, rotated.headers["Cache-Control"]) == (200, "no-store")
    deleted = await client.delete(url, headers=headers)
    assert (await deleted.json())["deleted"] is True
    assert [call[0] for call in world.endpoints.calls] == ["rotate_secret", "delete"]


async def test_reading_keys_change_nothing(client: Client, world: World) -> None:
    headers = keyed(world.headers(Scope.READ))
    url = f"/v1/webhook_endpoints/{ID}"
    statuses = [
        (await client.post("/v1/webhook_endpoints", json={}, headers=headers)).status,
        (await client.post(url, json={}, headers=headers)).status,
        (await client.post(f"{url}/rotate_secret", headers=headers)).status,
        (await client.delete(url, headers=headers)).status,
    ]
    assert statuses == [403] * 4
    assert world.endpoints.calls == []


async def test_endpoints_are_read_without_their_secrets(client: Client, world: World) -> None:
    merchant = world.new_merchant()
    headers = world.headers(merchant=merchant)
    endpoint = stored(world, merchant)
    url = f"/v1/webhook_endpoints/{endpoint.id}"
    body = await (await client.get(url, headers=headers)).json()
    assert (body["id"], body["url"], body["secret"]) == (endpoint.id, endpoint.url, None)
    listed = await (await client.get("/v1/webhook_endpoints", headers=headers)).json()
    assert listed["data"] == [body]
    assert (await client.get(f"{url}/deliveries", headers=headers)).status == 200


async def test_endpoints_of_others_and_deleted_ones_are_not_there(
    client: Client, world: World
) -> None:
    merchant = world.new_merchant()
    stored(world, merchant)
    gone = stored(world, merchant, f"whe_{'0' * 25}2", enabled=False, disabled_reason=DELETED)
    own, stranger = world.headers(merchant=merchant), world.headers()
    for headers, id in ((stranger, ID), (own, gone.id)):
        for path in ("", "/deliveries"):
            response = await client.get(f"/v1/webhook_endpoints/{id}{path}", headers=headers)
            assert response.status == 404
