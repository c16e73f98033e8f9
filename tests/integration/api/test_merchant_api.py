from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

from sikka.domain.fraud.assessment import Decision
from sikka.domain.merchant import Scope
from tests.integration.api.conftest import Client
from tests.integration.api.world import ApiHouse
from tests.unit.api.world import collect, keyed


async def got(client: Client, path: str, headers: dict[str, str]) -> Any:
    response = await client.get(path, headers=headers)
    assert response.status == 200, await response.text()
    return await response.json()


async def posted(
    client: Client, path: str, headers: dict[str, str], body: Any = None, status: int = 201
) -> Any:
    response = await client.post(path, json=body, headers=keyed(headers))
    assert response.status == status, await response.text()
    return await response.json()


async def test_what_is_created_can_be_read_listed_and_filtered(
    client: Client, house: ApiHouse
) -> None:
    merchant = await house.merchant()
    _, headers = await house.key(merchant)
    body = collect(metadata={"order": "₹1042"}, description="चाय", user_id="user_1")
    payment = await posted(client, "/v1/payments", headers, body)
    other = await posted(client, "/v1/payments", headers, collect(upi={"flow": "qr"}))
    assert await got(client, f"/v1/payments/{payment['id']}", headers) == payment
    listed = await got(client, "/v1/payments", headers)
    assert listed["data"] == [other, payment]
    for query, ids in (
        ("user_id=user_1", [payment["id"]]),
        (f"created[gte]={other['created_at']}", [other["id"]]),
        (f"created[lte]={payment['created_at']}", [payment["id"]]),
        ("status=SUCCESS", []),
        ("method=UPI&limit=1", [other["id"]]),
        (f"limit=1&starting_after={other['id']}", [payment["id"]]),
        (f"limit=1&ending_before={payment['id']}", [other["id"]]),
    ):
        listed = await got(client, f"/v1/payments?{query}", headers)
        assert [each["id"] for each in listed["data"]] == ids, query
    full = await got(
        client, f"/v1/payments/{payment['id']}?expand=attempts,assessment,refunds", headers
    )
    assert (len(full["attempts"]), full["refunds"]) == (1, [])
    assert full["assessment"]["payment_id"] == payment["id"]


async def test_a_list_is_walked_whole_without_gaps_or_repeats(
    client: Client, house: ApiHouse
) -> None:
    _, headers = await house.key(await house.merchant())
    items = [{"idempotency_key": f"k{n}", "payment": collect()} for n in range(25)]
    batch = await posted(client, "/v1/payments/batch", headers, {"payments": items}, 200)
    created = {each["payment"]["id"] for each in batch["data"]}
    seen: list[str] = []
    cursor = ""
    while True:
        listed = await got(client, f"/v1/payments?limit=7{cursor}", headers)
        seen += [each["id"] for each in listed["data"]]
        if not listed["has_more"]:
            break
        cursor = f"&starting_after={seen[-1]}"
    assert len(seen) == len(set(seen)) == 25
    assert set(seen) == created


async def test_the_same_request_sent_many_times_at_once_has_one_effect(
    client: Client, house: ApiHouse
) -> None:
    _, headers = await house.key(await house.merchant())
    own = keyed(headers, "order-1042")
    responses = await asyncio.gather(
        *(client.post("/v1/payments", json=collect(), headers=own) for _ in range(20))
    )
    statuses = Counter(response.status for response in responses)
    assert set(statuses) <= {201, 409}
    assert statuses[201] >= 1
    bodies = {await each.read() for each in responses if each.status == 201}
    assert len(bodies) == 1
    last = await client.post("/v1/payments", json=collect(), headers=own)
    assert (last.status, await last.read()) == (201, bodies.pop())
    assert len((await got(client, "/v1/payments", headers))["data"]) == 1


async def test_events_and_books_of_others_are_not_there(client: Client, house: ApiHouse) -> None:
    _, headers = await house.key(await house.merchant())
    _, stranger = await house.key(await house.merchant())
    payment = await posted(client, "/v1/payments", headers, collect())
    events = await got(client, "/v1/events", headers)
    assert [each["sequence"] for each in events["data"]] == [2, 1]
    one = events["data"][0]
    assert await got(client, f"/v1/events/{one['id']}", headers) == one
    assert (await got(client, f"/v1/events/{one['id']}/deliveries", headers))["data"] == []
    for path in (
        f"/v1/events/{one['id']}",
        f"/v1/payments/{payment['id']}",
        f"/v1/fraud/assessments/{payment['id']}",
    ):
        assert (await client.get(path, headers=stranger)).status == 404
    for path in ("/v1/events", "/v1/payments", "/v1/refunds", "/v1/ledger/transactions"):
        assert (await got(client, path, stranger))["data"] == []


async def test_a_held_payment_is_reviewed(client: Client, house: ApiHouse) -> None:
    _, headers = await house.key(await house.merchant())
    house.fraud.decision = Decision.REVIEW
    payment = await posted(client, "/v1/payments", headers, collect())
    waiting = await got(client, "/v1/reviews", headers)
    assert [each["id"] for each in waiting["data"]] == [payment["id"]]
    declined = await posted(
        client, f"/v1/reviews/{payment['id']}/decline", headers, {"note": "no"}, 200
    )
    assert (declined["status"], declined["stage"]) == ("FAILED", "cancelled")
    assert (await got(client, "/v1/reviews", headers))["data"] == []


async def test_an_address_is_validated_once_a_key(client: Client, house: ApiHouse) -> None:
    _, headers = await house.key(await house.merchant())
    own = keyed(headers)
    for _ in range(2):
        response = await client.post(
            "/v1/upi/vpa/validate", json={"vpa": "Asha@SimBank"}, headers=own
        )
        assert (await response.json())["name"] == "ASHA KUMARI"
    assert house.rail.validated == ["asha@simbank"]


async def test_a_webhook_endpoint_lives_and_dies(client: Client, house: ApiHouse) -> None:
    _, headers = await house.key(await house.merchant())
    body = {"url": "http://127.0.0.1:9/hook", "event_types": ["payment.*"]}
    made = await posted(client, "/v1/webhook_endpoints", headers, body)
    assert made["secret"].startswith("whsec_")
    url = f"/v1/webhook_endpoints/{made['id']}"
    assert await got(client, url, headers) == {**made, "secret": None}
    changed = await posted(client, url, headers, {"enabled": False}, 200)
    assert (changed["enabled"], changed["url"]) == (False, made["url"])
    rotated = await posted(client, f"{url}/rotate_secret", headers, status=200)
    assert rotated["secret"] not in (None, made["secret"])
    assert len((await got(client, "/v1/webhook_endpoints", headers))["data"]) == 1
    deleted = await client.delete(url, headers=headers)
    assert (await deleted.json())["deleted"] is True
    assert (await client.get(url, headers=headers)).status == 404
    assert (await got(client, "/v1/webhook_endpoints", headers))["data"] == []


async def test_a_merchant_is_taken_on_given_a_key_and_shut_out(
    client: Client, house: ApiHouse
) -> None:
    _, admin = await house.key(await house.merchant(), Scope.ADMIN)
    merchant = await posted(
        client,
        "/v1/merchants",
        admin,
        {
            "name": "Chai Point",
            "legal_name": "Chai Point Private Limited",
            "category_code": "5814",
            "payee_vpa": "chaipoint@simbank",
            "account_number": "000123456789",
            "account_ifsc": "SIMB0000001",
        },
    )
    assert await got(client, f"/v1/merchants/{merchant['id']}", admin) == merchant
    key = await posted(
        client, "/v1/api_keys", admin, {"merchant_id": merchant["id"], "scopes": ["payments"]}
    )
    own = {"Authorization": f"Bearer {key['secret']}"}
    payment = await posted(client, "/v1/payments", own, collect())
    assert payment["merchant_id"] == merchant["id"]
    changed = await posted(
        client, f"/v1/merchants/{merchant['id']}", admin, {"fee_basis_points": 20}, 200
    )
    assert changed["fee_basis_points"] == 20
    revoked = await client.delete(f"/v1/api_keys/{key['id']}", headers=admin)
    assert (await revoked.json())["revoked_at"] is not None
    assert (await client.get("/v1/payments", headers=own)).status == 401
    keys = await got(client, f"/v1/api_keys?merchant_id={merchant['id']}", admin)
    assert [each["secret"] for each in keys["data"]] == [None]
    trail = await got(client, f"/v1/audit?merchant_id={merchant['id']}&limit=100", admin)
    actions = [each["action"] for each in trail["data"] if each["payment_id"] is None]
    assert sorted(actions) == [
        "api_key.created",
        "api_key.revoked",
        "merchant.created",
        "merchant.updated",
    ]
    about = await got(client, f"/v1/audit?payment_id={payment['id']}", admin)
    assert len(about["data"]) == 2
    assert (await got(client, "/v1/ledger/trial_balance", admin))["balanced"] is True


async def test_a_merchant_that_is_switched_off_is_refused(client: Client, house: ApiHouse) -> None:
    _, admin = await house.key(await house.merchant(), Scope.ADMIN)
    merchant = await house.merchant()
    _, own = await house.key(merchant)
    assert (await client.get("/v1/payments", headers=own)).status == 200
    await posted(client, f"/v1/merchants/{merchant.id}", admin, {"active": False}, 200)
    assert (await client.get("/v1/payments", headers=own)).status == 403
