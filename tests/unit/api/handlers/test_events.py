from __future__ import annotations

from sikka.domain.records import Event
from tests.unit.api.conftest import Client
from tests.unit.api.world import World, collect, keyed


async def test_events_are_listed_newest_first_as_they_are_delivered(
    client: Client, world: World
) -> None:
    headers = world.headers()
    await client.post("/v1/payments", json=collect(), headers=keyed(headers))
    body = await (await client.get("/v1/events", headers=headers)).json()
    assert [each["type"] for each in body["data"]] == ["payment.submitted", "payment.created"]
    assert [each["sequence"] for each in body["data"]] == [2, 1]
    newest = body["data"][0]
    response = await client.get(f"/v1/events/{newest['id']}", headers=headers)
    assert await response.text() == world.memory.get(Event, newest["id"]).body


async def test_events_are_filtered_by_type_and_payment(client: Client, world: World) -> None:
    headers = world.headers()
    ids = []
    for _ in range(2):
        response = await client.post("/v1/payments", json=collect(), headers=keyed(headers))
        ids.append((await response.json())["id"])
    query = f"type=payment.created&payment_id={ids[0]}"
    body = await (await client.get(f"/v1/events?{query}", headers=headers)).json()
    assert [(each["type"], each["payment_id"]) for each in body["data"]] == [
        ("payment.created", ids[0])
    ]
    assert (await client.get("/v1/events?type=payment.lost", headers=headers)).status == 400


async def test_events_of_others_are_not_there(client: Client, world: World) -> None:
    await client.post("/v1/payments", json=collect(), headers=keyed(world.headers()))
    event = world.memory.all(Event)[0]
    stranger = world.headers()
    for path in ("", "/deliveries"):
        response = await client.get(f"/v1/events/{event.id}{path}", headers=stranger)
        assert response.status == 404
    body = await (await client.get("/v1/events", headers=stranger)).json()
    assert body["data"] == []


async def test_an_event_is_replayed_to_all_or_to_one_endpoint(client: Client, world: World) -> None:
    merchant = world.new_merchant()
    headers = world.headers(merchant=merchant)
    await client.post("/v1/payments", json=collect(), headers=keyed(headers))
    event = world.memory.all(Event)[0]
    endpoint = f"whe_{'0' * 26}"
    url = f"/v1/events/{event.id}/replay"
    response = await client.post(url, headers=keyed(headers))
    assert (response.status, (await response.json())["event_id"]) == (201, event.id)
    response = await client.post(url, json={"endpoint_id": endpoint}, headers=keyed(headers))
    assert response.status == 404
    assert world.endpoints.calls == [
        ("replay", merchant.id, {"id": event.id, "endpoint_id": None}),
        ("replay", merchant.id, {"id": event.id, "endpoint_id": endpoint}),
    ]


async def test_deliveries_are_a_list(client: Client, world: World) -> None:
    headers = world.headers()
    await client.post("/v1/payments", json=collect(), headers=keyed(headers))
    url = f"/v1/events/{world.memory.all(Event)[0].id}/deliveries"
    assert await (await client.get(url, headers=headers)).json() == {
        "object": "list",
        "url": url,
        "has_more": False,
        "data": [],
    }
