"""Strings that would be commands elsewhere are strings here: stored as they are, or refused."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from tests.e2e import orders
from tests.e2e.house import House

HOSTILE = (
    "' OR '1'='1",
    "'; DROP TABLE payments; -- ",
    '" UNION SELECT secret_hash FROM api_keys #',
    "\\'; UPDATE payments SET status = 'SUCCESS'; --",
    "%' OR SLEEP(5) OR '%",
    "%s %d {0} ${jndi:ldap://x} {{7*7}}",
    "<script>alert(1)</script>&amp;]]>",
    "\u202e\u2066\uff2f\uff32 \uff11\uff1d\uff11",
    "🙂" * 20 + "\u2028",
)
TABLES = (
    "payments", "upi_transactions", "refunds", "merchants", "api_keys", "webhook_endpoints",
    "ledger_transactions", "idempotency_keys", "outbox_events", "audit_log",
)  # fmt: skip


async def counts(house: House) -> dict[str, int]:
    """How many rows each table has."""
    return {table: await house.archive.count(table) for table in TABLES}


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_text_is_stored_and_told_as_it_is(house: House, text: str) -> None:
    metadata = {"note": text, text[:40]: "x"}
    device = {"fingerprint": text[:128]}
    order = orders.collect("asha@simbank", description=text, metadata=metadata, device=device)
    payment = await house.pay(order, key="order-1")
    assert (payment["description"], payment["metadata"]) == (text, metadata)
    ended = await house.ended(payment["id"])
    assert (ended["status"], ended["description"]) == ("SUCCESS", text)
    refund = await house.refund(payment["id"], reason=text, metadata=metadata)
    assert (refund["reason"], refund["metadata"]) == (text, metadata)
    assert (await house.refund_ended(refund["id"]))["status"] == "SUCCESS"
    await house.quiet()
    # What the merchant was told is byte for byte what stands here, and still signed.
    assert house.webhooks(payment["id"]) == await house.events(payment["id"])
    assert house.webhooks(payment["id"])[0]["data"]["object"]["description"] == text
    await house.prove()


FIELDS = (
    ("amount",), ("currency",), ("payment_method",), ("upi", "vpa"), ("upi", "flow"),
    ("upi", "expires_in_s"), ("device", "ip"), ("device", "latitude"),
)  # fmt: skip


def with_text(path: tuple[str, ...], text: str) -> dict[str, Any]:
    """An order with a hostile text where something else belongs."""
    order = {**orders.collect("asha@simbank"), "device": {}}
    target = order
    for name in path[:-1]:
        target = target[name]
    target[path[-1]] = text
    return order


async def test_hostile_text_where_it_does_not_belong_is_refused_by_name(house: House) -> None:
    before = await counts(house)
    for path in FIELDS:
        for text in HOSTILE:
            reply = await house.client.post("/v1/payments", with_text(path, text))
            assert reply.status == 400, (path, text, reply.body)
            error = reply.json["error"]
            assert error["type"] == "invalid_request_error"
            assert text not in error["message"]
    assert await counts(house) == before


QUERIES = (
    "/v1/payments?user_id=", "/v1/payments?status=", "/v1/payments?starting_after=",
    "/v1/payments?created[gte]=", "/v1/payments?merchant_id=", "/v1/payments?limit=",
    "/v1/payments?method=", "/v1/refunds?payment_id=", "/v1/events?type=", "/v1/events?payment_id=",
    "/v1/ledger/transactions?account_id=", "/v1/ledger/accounts?merchant_id=",
    "/v1/payments/", "/v1/refunds/", "/v1/events/", "/v1/webhook_endpoints/",
)  # fmt: skip


async def test_hostile_queries_and_paths_find_and_change_nothing(house: House) -> None:
    await house.pay(orders.collect("asha@simbank"))
    await house.quiet()
    before = await counts(house)
    for query in QUERIES:
        for text in HOSTILE:
            reply = await house.client.send("GET", query + quote(text, safe=""))
            if reply.status == 200:
                assert reply.json["data"] == [], (query, text)
            else:
                assert reply.status in (400, 403, 404), (query, text, reply.body)
    assert await counts(house) == before


@pytest.mark.parametrize("text", HOSTILE)
async def test_a_hostile_idempotency_key_is_one_key_or_refused(house: House, text: str) -> None:
    before = await house.archive.count("payments")
    body = json.dumps(orders.collect("asha@simbank")).encode()
    # aiohttp sends a header in UTF-8, as some clients do.
    headers = {"Content-Type": "application/json", "Idempotency-Key": text}
    first = await house.client.send("POST", "/v1/payments", body, headers)
    again = await house.client.send("POST", "/v1/payments", body, headers)
    made = await house.archive.count("payments") - before
    if text.isascii():
        assert (first.status, again.status, made) == (201, 201, 1)
        assert first.body == again.body
    else:
        assert (first.status, again.status, made) == (400, 400, 0)


async def test_an_administrators_hostile_names_stay_names(house: House) -> None:
    for text in HOSTILE:
        made = await house.admin.post("/v1/merchants", {**orders.merchant(), "name": text[:100]})
        if made.status == 201:
            assert made.json["name"] == text[:100]
        else:
            assert (made.status, made.json["error"]["param"]) == (400, "name")
    await house.prove()
