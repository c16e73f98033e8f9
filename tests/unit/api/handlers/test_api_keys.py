from __future__ import annotations

import json
from typing import Any

from sikka.api.parts import ApiLimits
from sikka.domain import api_key
from sikka.domain.merchant import ApiKey, Scope
from sikka.domain.records import IdempotencyRecord
from tests.unit.api.conftest import Client
from tests.unit.api.world import PEPPER, World, keyed


async def create(client: Client, headers: dict[str, str], **body: Any) -> tuple[int, Any]:
    response = await client.post("/v1/api_keys", json=body, headers=headers)
    return response.status, await response.json()


async def test_a_key_is_made_works_and_is_kept_as_a_hash_only(client: Client, world: World) -> None:
    merchant = world.new_merchant()
    status, body = await create(
        client,
        keyed(world.headers(Scope.ADMIN)),
        merchant_id=merchant.id,
        scopes=["payments", "read", "payments"],
        livemode=True,
    )
    assert (status, body["scopes"], body["livemode"]) == (201, ["payments", "read"], True)
    secret = body["secret"]
    assert secret.startswith("sk_live_")
    assert body["hint"] == secret[-4:]
    response = await client.get("/v1/payments", headers={"Authorization": f"Bearer {secret}"})
    assert response.status == 200
    stored = world.memory.get(ApiKey, body["id"])
    assert stored.secret_hash == api_key.secret_hash(PEPPER, secret)
    assert secret not in repr(world.memory.rows)


async def test_a_replay_makes_no_second_key_and_has_no_secret(client: Client, world: World) -> None:
    merchant = world.new_merchant()
    headers = keyed(world.headers(Scope.ADMIN))
    before = len(world.memory.all(ApiKey))
    _, first = await create(client, headers, merchant_id=merchant.id, scopes=["read"])
    _, again = await create(client, headers, merchant_id=merchant.id, scopes=["read"])
    assert again == {**first, "secret": None}
    assert len(world.memory.all(ApiKey)) == before + 1
    [record] = world.memory.all(IdempotencyRecord)
    assert json.loads(record.response_body)["secret"] is None


async def test_a_key_needs_a_merchant_and_scopes(client: Client, world: World) -> None:
    headers = world.headers(Scope.ADMIN)
    unknown = f"mer_{'0' * 26}"
    status, _ = await create(client, keyed(headers), merchant_id=unknown, scopes=["read"])
    assert status == 404
    for scopes in ([], ["everything"]):
        status, _ = await create(client, keyed(headers), merchant_id=unknown, scopes=scopes)
        assert status == 400


async def test_a_revoked_key_stops_working_and_stays_revoked(world: World) -> None:
    world.limits = ApiLimits(key_cache_s=0.0)
    merchant = world.new_merchant()
    key, secret = world.new_key(merchant)
    own, headers = {"Authorization": f"Bearer {secret}"}, world.headers(Scope.ADMIN)
    async with world.client() as client:
        assert (await client.get("/v1/payments", headers=own)).status == 200
        response = await client.delete(f"/v1/api_keys/{key.id}", headers=headers)
        revoked = await response.json()
        assert response.status == 200
        assert revoked["revoked_at"] is not None
        assert (await client.get("/v1/payments", headers=own)).status == 401
        again = await client.delete(f"/v1/api_keys/{key.id}", headers=headers)
        assert await again.json() == revoked
        missing = await client.delete(f"/v1/api_keys/key_{'0' * 26}", headers=headers)
        assert missing.status == 404
    [change] = world.memory.changes
    assert change.inserts[0].action == "api_key.revoked"
    assert change.inserts[0].metadata == {"key_id": key.id}


async def test_keys_are_listed_without_secrets(client: Client, world: World) -> None:
    merchant = world.new_merchant()
    key, _ = world.new_key(merchant)
    url = f"/v1/api_keys?merchant_id={merchant.id}"
    body = await (await client.get(url, headers=world.headers(Scope.ADMIN))).json()
    assert [(each["id"], each["secret"]) for each in body["data"]] == [(key.id, None)]


async def test_the_audit_trail_is_read_by_payment_bucket_or_merchant(
    client: Client, world: World
) -> None:
    merchant = world.new_merchant()
    headers = world.headers(Scope.ADMIN, merchant=merchant)
    await create(client, keyed(headers), merchant_id=merchant.id, scopes=["read"])
    audit = world.memory.changes[-1].inserts[0]
    for query in ("", f"?merchant_id={merchant.id}", f"?bucket={audit.bucket}"):
        body = await (await client.get(f"/v1/audit{query}", headers=headers)).json()
        assert [each["id"] for each in body["data"]] == [audit.id], query
    payment_id = f"pay_{'0' * 26}"
    body = await (await client.get(f"/v1/audit?payment_id={payment_id}", headers=headers)).json()
    assert body["data"] == []
    both = await client.get(f"/v1/audit?bucket=1&payment_id={payment_id}", headers=headers)
    assert both.status == 400
