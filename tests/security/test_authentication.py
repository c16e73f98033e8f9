"""No key, a wrong key, a key without the scope, somebody else's object: each route refuses."""

from __future__ import annotations

import json
import re

import aiohttp
import pytest

from sikka.api.route import KeyedRoute
from sikka.api.routes import ROUTES
from sikka.domain.merchant import Scope
from tests.e2e import orders
from tests.e2e.client import Client, Reply
from tests.e2e.house import House

KEYED = [route for route in ROUTES if isinstance(route, KeyedRoute)]
ID = "0" * 26
PREFIXES = {
    "payments": "pay", "refunds": "rfd", "events": "evt", "webhook_endpoints": "whe",
    "assessments": "pay", "reviews": "pay", "merchants": "mer", "api_keys": "key",
}  # fmt: skip
JSON = {"Content-Type": "application/json", "Idempotency-Key": "key-1"}


def path_of(route: KeyedRoute, id: str | None = None) -> str:
    """The route's path with an id of the right kind in it."""
    kind = next((PREFIXES[name] for name in route.path.split("/") if name in PREFIXES), "pay")
    path = route.path.replace("{version}", "fraud-1")
    return path.replace("{id}", id or f"{kind}_{ID}")


def body_of(route: KeyedRoute) -> bytes | None:
    """A body that the route takes, as its documentation shows it."""
    return json.dumps(route.example or {}).encode() if route.method == "POST" else None


async def call(client: Client, route: KeyedRoute, headers: dict[str, str] | None = None) -> Reply:
    return await client.send(
        route.method, path_of(route), body_of(route), {**JSON, **(headers or {})}
    )


WRONG = {
    "no key": {},
    "an empty key": {"Authorization": "Bearer "},
    "another scheme": {"Authorization": "Digest sk_test_" + "a" * 40},
    "a key nobody was given": {"Authorization": "Bearer sk_test_" + "a" * 40},
    "a truncated key": {"Authorization": "Bearer sk_test_aaaa"},
    "SQL": {"Authorization": "Bearer sk_test_' OR '1'='1"},
    "two keys": {"Authorization": f"Bearer sk_test_{'a' * 40}, sk_test_{'b' * 40}"},
}


@pytest.mark.parametrize("wrong", WRONG)
async def test_no_route_opens_without_a_good_key(house: House, wrong: str) -> None:
    async with Client(house.gateway.url) as stranger:
        for route in KEYED:
            reply = await call(stranger, route, WRONG[wrong])
            assert reply.status == 401, route.operation
            assert reply.json["error"]["type"] == "authentication_error"
            assert reply.headers["WWW-Authenticate"].startswith("Bearer")


async def test_a_key_opens_only_what_its_scopes_say(house: House) -> None:
    for scope in Scope:
        made = await house.admin.post(
            "/v1/api_keys", {"merchant_id": house.tenant.merchant_id, "scopes": [scope]}
        )
        allowed = {scope, Scope.READ} if scope is not Scope.ADMIN else set(Scope)
        async with Client(house.gateway.url, made.json["secret"]) as client:
            for route in KEYED:
                refused = (await call(client, route)).status == 403
                assert refused is (route.scope not in allowed), (scope, route.operation)


async def test_a_revoked_key_opens_nothing_within_seconds(house: House) -> None:
    made = await house.admin.post(
        "/v1/api_keys", {"merchant_id": house.tenant.merchant_id, "scopes": ["read"]}
    )
    revoked = await house.admin.send("DELETE", f"/v1/api_keys/{made.json['id']}")
    assert revoked.status == 200
    async with Client(house.gateway.url, made.json["secret"]) as client:
        assert (await client.send("GET", "/v1/payments")).status == 401


async def test_nobody_sees_what_is_somebody_elses(house: House) -> None:
    payment = await house.pay(orders.collect("asha@simbank"))
    await house.ended(payment["id"])
    refund = await house.refund(payment["id"], amount=100)
    (endpoint,) = await house.client.all("/v1/webhook_endpoints")
    events = await house.events(payment["id"])
    ids = {
        "pay": payment["id"], "rfd": refund["id"], "whe": endpoint["id"], "evt": events[0]["id"],
    }  # fmt: skip
    other = await house.admin.post("/v1/merchants", orders.merchant(payee_vpa="other@sikka"))
    scopes = ["payments", "refunds", "reviews", "read"]
    for livemode, merchant_id in ((False, other.json["id"]), (True, house.tenant.merchant_id)):
        made = await house.admin.post(
            "/v1/api_keys", {"merchant_id": merchant_id, "scopes": scopes, "livemode": livemode}
        )
        async with Client(house.gateway.url, made.json["secret"]) as client:
            before = await house.archive.count("audit_log")
            for route in KEYED:
                if "{id}" not in route.path or route.scope is Scope.ADMIN:
                    continue
                kind = path_of(route).split("_0")[0].rpartition("/")[2]
                path = path_of(route, ids.get(kind))
                body = body_of(route)
                headers = {**JSON, "Idempotency-Key": f"theirs-{livemode}-{route.operation}"}
                reply = await client.send(route.method, path, body, headers)
                assert reply.status == 404, (livemode, route.operation, reply.body)
                # It says no more than of something that there never was.
                nothing = await client.send(route.method, path_of(route), body, headers)
                assert _without_ids(reply) == _without_ids(nothing)
            for name in ("payments", "refunds", "events", "webhook_endpoints", "reviews"):
                assert await client.all(f"/v1/{name}") == []
            named = f"/v1/payments?merchant_id={house.tenant.merchant_id}"
            if not livemode:
                assert (await client.send("GET", named)).status == 403
            assert await house.archive.count("audit_log") == before
    assert (await house.payment(payment["id"]))["refunded_amount"] == 100


def _without_ids(reply: Reply) -> str:
    return re.sub(r"\b[a-z]{3}_[0-9A-Z]{26}\b", "…", reply.body.decode())


async def test_a_host_that_is_not_ours_is_no_way_in(house: House) -> None:
    # The router knows the raw path only: no dots, doubled slashes or encodings lead elsewhere.
    async with aiohttp.ClientSession() as session:
        for path in (
            "/v1//payments",
            "/v1/%70ayments/../payments",
            "//v1/payments",
            "/V1/payments",
        ):
            async with session.get(house.gateway.url + path) as response:
                assert response.status in (401, 404), path
