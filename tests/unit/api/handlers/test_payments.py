from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sikka.domain.errors import Unavailable
from sikka.domain.fraud.assessment import Decision
from sikka.domain.merchant import Scope
from sikka.domain.outcome import Outcome, OutcomeKind
from sikka.domain.payment import Payment, Status
from sikka.domain.records import IdempotencyRecord
from tests.unit.api.conftest import Client
from tests.unit.api.world import World, collect, keyed

COLLECT = {"flow": "collect", "vpa": "Asha@SimBank"}


async def create(client: Client, headers: dict[str, str], **values: Any) -> dict[str, Any]:
    response = await client.post("/v1/payments", json=collect(**values), headers=keyed(headers))
    assert response.status == 201
    body: dict[str, Any] = await response.json()
    return body


async def test_a_collect_payment_is_created_as_the_documentation_says(
    client: Client, world: World
) -> None:
    merchant = world.new_merchant()
    payment = await create(
        client,
        world.headers(merchant=merchant),
        upi=COLLECT,
        description="Order 1042",
        metadata={"order": "1042"},
        device={"fingerprint": "d-81c2", "ip": "203.0.113.9"},
    )
    assert payment["object"] == "payment"
    assert (payment["status"], payment["stage"]) == ("PENDING", "submitted")
    assert (payment["amount"], payment["currency"]) == (129_900, "INR")
    assert payment["upi"]["vpa"] == "asha@simbank"
    assert payment["merchant_id"] == merchant.id
    assert payment["next_action"]["type"] == "approve_in_upi_app"
    assert payment["fraud"] == {
        "decision": "APPROVE",
        "risk_level": "VERY_LOW",
        "risk_score": "0.04",
    }
    assert (payment["description"], payment["metadata"]) == ("Order 1042", {"order": "1042"})
    assert payment["livemode"] is False


@pytest.mark.parametrize(("flow", "action"), [("intent", "open_upi_link"), ("qr", "scan_qr")])
async def test_intent_and_qr_give_a_link(
    client: Client, world: World, flow: str, action: str
) -> None:
    payment = await create(client, world.headers(), upi={"flow": flow})
    assert payment["stage"] == "action_required"
    assert payment["next_action"]["type"] == action
    assert payment["next_action"]["link"].startswith("upi://pay?")


async def test_the_mode_of_the_payment_is_that_of_the_key(client: Client, world: World) -> None:
    payment = await create(client, world.headers(livemode=True))
    assert payment["livemode"] is True


async def test_the_same_request_again_is_answered_with_the_same_bytes(
    client: Client, world: World
) -> None:
    headers = keyed(world.headers())
    first = await client.post("/v1/payments", json=collect(), headers=headers)
    again = await client.post("/v1/payments", json=collect(), headers=headers)
    assert (first.status, again.status) == (201, 201)
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert await first.read() == await again.read()
    assert first.headers["Request-Id"] != again.headers["Request-Id"]
    assert len(world.memory.all(Payment)) == 1


async def test_the_same_key_with_another_body_is_refused(client: Client, world: World) -> None:
    headers = keyed(world.headers())
    await client.post("/v1/payments", json=collect(), headers=headers)
    response = await client.post("/v1/payments", json=collect(amount=1), headers=headers)
    assert response.status == 400
    assert (await response.json())["error"]["type"] == "idempotency_error"
    assert len(world.memory.all(Payment)) == 1


async def test_the_same_key_in_the_other_mode_is_another_key(client: Client, world: World) -> None:
    merchant = world.new_merchant()
    for livemode in (False, True):
        headers = keyed(world.headers(merchant=merchant, livemode=livemode), "order-1042")
        response = await client.post("/v1/payments", json=collect(), headers=headers)
        assert response.status == 201
    assert len(world.memory.all(Payment)) == 2


async def test_what_is_invalid_is_not_stored_under_the_key(client: Client, world: World) -> None:
    headers = keyed(world.headers())
    response = await client.post("/v1/payments", json=collect(amount=0), headers=headers)
    assert response.status == 400
    assert world.memory.all(IdempotencyRecord) == []
    assert (await client.post("/v1/payments", json=collect(), headers=headers)).status == 201


async def test_what_could_not_be_written_can_be_sent_again(client: Client, world: World) -> None:
    headers = keyed(world.headers())
    world.memory.failure = Unavailable()
    assert (await client.post("/v1/payments", json=collect(), headers=headers)).status == 503
    world.memory.failure = None
    assert (await client.post("/v1/payments", json=collect(), headers=headers)).status == 201


async def test_a_payment_that_is_too_risky_is_402_and_recorded(
    client: Client, world: World
) -> None:
    world.fraud.decision = Decision.DECLINE
    headers = keyed(world.headers())
    response = await client.post("/v1/payments", json=collect(), headers=headers)
    assert response.status == 402
    error = (await response.json())["error"]
    assert (error["type"], error["code"]) == ("fraud_error", "payment_blocked")
    assert error["decline_code"] == "fraud_risk"
    [payment] = world.memory.all(Payment)
    assert (payment.id, payment.status) == (error["payment_id"], Status.FAILED)
    again = await client.post("/v1/payments", json=collect(), headers=headers)
    assert (again.status, await again.read()) == (402, await response.read())


async def test_a_rail_that_was_not_reached_is_424(client: Client, world: World) -> None:
    world.rail.outcome = Outcome(OutcomeKind.NOT_SENT, failure_code="rail_unavailable")
    response = await client.post("/v1/payments", json=collect(), headers=keyed(world.headers()))
    assert response.status == 424


@pytest.mark.parametrize("method", ["CARD", "WALLET"])
async def test_a_method_that_is_not_there_is_422(client: Client, world: World, method: str) -> None:
    body = {"payment_method": method, "amount": 100, "currency": "INR", "user_id": "u"}
    response = await client.post("/v1/payments", json=body, headers=keyed(world.headers()))
    assert response.status == 422
    error = (await response.json())["error"]
    assert (error["code"], error["param"]) == ("method_unavailable", "payment_method")
    assert world.memory.changes == []


@pytest.mark.parametrize("ip", ["203.0.113.256", "fe80::1%eth0", "", "localhost"])
async def test_a_device_address_that_is_none_is_named(
    client: Client, world: World, ip: str
) -> None:
    response = await client.post(
        "/v1/payments", json=collect(device={"ip": ip}), headers=keyed(world.headers())
    )
    assert response.status == 400
    assert (await response.json())["error"]["param"] == "device.ip"


async def test_an_error_names_the_field_and_no_vpa(client: Client, world: World) -> None:
    response = await client.post(
        "/v1/payments",
        json=collect(upi={"flow": "collect", "vpa": "asha@@simbank"}),
        headers=keyed(world.headers()),
    )
    error = (await response.json())["error"]
    assert (response.status, error["code"], error["param"]) == (400, "vpa_invalid", "upi.vpa")
    assert "asha" not in error["message"]


async def test_a_payment_is_read_with_what_is_asked_for(client: Client, world: World) -> None:
    headers = world.headers()
    created = await create(client, headers)
    url = f"/v1/payments/{created['id']}"
    plain = await (await client.get(url, headers=headers)).json()
    assert plain == created
    full = await (
        await client.get(f"{url}?expand=attempts,assessment,refunds", headers=headers)
    ).json()
    assert full["refunds"] == []
    assert [each["rail"] for each in full["attempts"]] == ["npci"]
    assert full["assessment"]["features"] == {"amount": 129_900}
    unknown = await client.get(f"{url}?expand=everything", headers=headers)
    assert unknown.status == 400


@pytest.mark.parametrize("id", ["pay_1", "pay_01M83XJ8832732VMVXWXJRTF1Y", "rfd_", "_", "pay_%00"])
async def test_a_payment_that_is_not_there_is_404(client: Client, world: World, id: str) -> None:
    response = await client.get(f"/v1/payments/{id}", headers=world.headers())
    assert response.status == 404
    assert (await response.json())["error"]["code"] == "resource_missing"


async def test_a_payment_of_somebody_else_or_of_the_other_mode_is_404(
    client: Client, world: World
) -> None:
    merchant = world.new_merchant()
    created = await create(client, world.headers(merchant=merchant))
    strangers = (world.headers(), world.headers(merchant=merchant, livemode=True))
    for path in ("", "/qr"):
        for headers in strangers:
            response = await client.get(f"/v1/payments/{created['id']}{path}", headers=headers)
            assert response.status == 404
    for headers in strangers:
        listed = await (await client.get("/v1/payments", headers=headers)).json()
        assert listed["data"] == []


async def test_an_administrator_may_read_for_a_merchant_and_nobody_else_may(
    client: Client, world: World
) -> None:
    merchant = world.new_merchant()
    created = await create(client, world.headers(merchant=merchant))
    paths = (
        f"/v1/payments/{created['id']}?merchant_id={merchant.id}",
        f"/v1/payments?merchant_id={merchant.id}",
    )
    administrator, stranger = world.headers(Scope.ADMIN), world.headers()
    for path in paths:
        assert (await client.get(path, headers=administrator)).status == 200
        response = await client.get(path, headers=stranger)
        assert response.status == 403
        assert (await response.json())["error"]["param"] == "merchant_id"


async def test_a_list_is_walked_forth_and_back(client: Client, world: World) -> None:
    headers = world.headers()
    ids = [(await create(client, headers))["id"] for _ in range(5)][::-1]

    async def listed(query: str) -> tuple[list[str], bool]:
        response = await client.get(f"/v1/payments?limit=2{query}", headers=headers)
        body = await response.json()
        assert (body["object"], body["url"]) == ("list", "/v1/payments")
        return [each["id"] for each in body["data"]], body["has_more"]

    assert await listed("") == (ids[:2], True)
    assert await listed(f"&starting_after={ids[1]}") == (ids[2:4], True)
    assert await listed(f"&starting_after={ids[3]}") == (ids[4:], False)
    assert await listed(f"&ending_before={ids[4]}") == (ids[2:4], True)
    assert await listed(f"&ending_before={ids[2]}") == (ids[:2], False)


async def test_a_list_takes_one_cursor(client: Client, world: World) -> None:
    cursor = "pay_01M83XJ8832732VMVXWXJRTF1Y"
    response = await client.get(
        f"/v1/payments?starting_after={cursor}&ending_before={cursor}", headers=world.headers()
    )
    assert response.status == 400
    assert (await response.json())["error"]["code"] == "cursor_invalid"


async def test_a_list_is_filtered(client: Client, world: World) -> None:
    headers = world.headers()
    first = await create(client, headers, user_id="user_1")
    second = await create(client, headers, user_id="user_2")
    stored = world.memory.get(Payment, first["id"])
    world.memory.add(replace(stored, status=Status.SUCCESS))
    queries = {
        "status=SUCCESS": [first["id"]],
        "user_id=user_2": [second["id"]],
        "method=CARD": [],
        f"created[gte]={second['created_at']}": [second["id"]],
        f"created[lte]={first['created_at']}": [first["id"]],
    }
    for query, ids in queries.items():
        body = await (await client.get(f"/v1/payments?{query}", headers=headers)).json()
        assert [each["id"] for each in body["data"]] == ids, query


@pytest.mark.parametrize(
    ("kind", "content_type", "start"),
    [("svg", "image/svg+xml", b"<?xml"), ("png", "image/png", b"\x89PNG\r\n")],
)
async def test_a_qr_payment_has_a_picture(
    client: Client, world: World, kind: str, content_type: str, start: bytes
) -> None:
    headers = world.headers()
    created = await create(client, headers, upi={"flow": "qr"})
    url = created["next_action"]["qr_url"]
    response = await client.get(f"{url}?format={kind}", headers=headers)
    assert (response.status, response.content_type) == (200, content_type)
    assert (await response.read()).startswith(start)
    assert response.headers["Cache-Control"] == "private, no-store"


async def test_only_a_payment_that_waits_to_be_scanned_has_a_picture(
    client: Client, world: World
) -> None:
    headers = world.headers()
    collected = await create(client, headers)
    expired = await create(client, headers, upi={"flow": "qr"})
    stored = world.memory.get(Payment, expired["id"])
    world.memory.add(stored.moved("EXPIRED", "expired", world.clock.now()))
    for payment in (collected, expired):
        response = await client.get(f"/v1/payments/{payment['id']}/qr", headers=headers)
        assert response.status == 422
