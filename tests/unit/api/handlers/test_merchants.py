from __future__ import annotations

from typing import Any

from sikka.domain.errors import Conflict
from sikka.domain.merchant import Merchant, Scope
from sikka.domain.records import AuditRecord
from tests.unit.api.conftest import Client
from tests.unit.api.world import World, keyed

MERCHANT = {
    "name": "Chai Point",
    "legal_name": "Chai Point Private Limited",
    "category_code": "5814",
    "payee_vpa": "ChaiPoint@SimBank",
    "account_number": "000123456789",
    "account_ifsc": "SIMB0000001",
}


async def create(client: Client, headers: dict[str, str], **values: Any) -> tuple[int, Any]:
    response = await client.post(
        "/v1/merchants", json={**MERCHANT, **values}, headers=keyed(headers)
    )
    return response.status, await response.json()


async def test_a_merchant_is_taken_on_with_an_audit_record(client: Client, world: World) -> None:
    status, body = await create(client, world.headers(Scope.ADMIN))
    assert (status, body["object"], body["active"]) == (201, "merchant", True)
    assert body["payee_vpa"] == "chaipoint@simbank"
    assert body["account_number"] == "XXXXXXXX6789"
    assert (body["rail"], body["gst_basis_points"]) == ("npci", 1_800)
    stored = world.memory.get(Merchant, body["id"])
    assert stored.account_number == MERCHANT["account_number"]
    [change] = world.memory.changes
    audit = change.inserts[0]
    assert isinstance(audit, AuditRecord)
    assert (audit.action, audit.merchant_id) == ("merchant.created", body["id"])
    assert audit.ip_address == "127.0.0.1"


async def test_the_same_request_again_takes_nobody_on(client: Client, world: World) -> None:
    headers = keyed(world.headers(Scope.ADMIN))
    before = len(world.memory.all(Merchant))
    first = await client.post("/v1/merchants", json=MERCHANT, headers=headers)
    again = await client.post("/v1/merchants", json=MERCHANT, headers=headers)
    assert await first.read() == await again.read()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(world.memory.all(Merchant)) == before + 1


async def test_what_breaks_a_rule_is_named(client: Client, world: World) -> None:
    wrong = {
        "payee_vpa": "x",
        "category_code": "12",
        "account_ifsc": "SIMB1000001",
        "fee_basis_points": 10_001,
        "account_number": "",
        "account_type": "GOLD",
    }
    for param, value in wrong.items():
        status, body = await create(client, world.headers(Scope.ADMIN), **{param: value})
        assert (status, body["error"]["param"]) == (400, param)
    status, body = await create(client, world.headers(Scope.ADMIN), rail="fax")
    assert (status, body["error"]["param"]) == (422, "rail")
    assert world.memory.changes == []


async def test_only_what_is_named_is_changed(client: Client, world: World) -> None:
    merchant = world.new_merchant()
    response = await client.post(
        f"/v1/merchants/{merchant.id}",
        json={"fee_fixed": 300, "active": False},
        headers=keyed(world.headers(Scope.ADMIN)),
    )
    body = await response.json()
    assert (response.status, body["fee_fixed"], body["active"]) == (200, 300, False)
    assert (body["name"], body["fee_basis_points"]) == (merchant.name, merchant.fee_basis_points)
    stored = world.memory.get(Merchant, merchant.id)
    assert (stored.fee_fixed_minor, stored.active) == (300, False)
    assert stored.updated_at > merchant.updated_at
    audit = world.memory.changes[-1].inserts[0]
    assert audit.metadata == {"fields": ["active", "fee_fixed_minor"]}


async def test_a_version_or_rail_that_does_not_exist_is_refused(
    client: Client, world: World
) -> None:
    merchant = world.new_merchant()
    for body, status in (({"api_version": "2020-01-01"}, 400), ({"rail": "fax"}, 422)):
        response = await client.post(
            f"/v1/merchants/{merchant.id}", json=body, headers=keyed(world.headers(Scope.ADMIN))
        )
        assert response.status == status
    assert world.memory.get(Merchant, merchant.id) == merchant


async def test_a_change_that_somebody_else_overtook_is_a_conflict(
    client: Client, world: World
) -> None:
    merchant = world.new_merchant()
    headers = keyed(world.headers(Scope.ADMIN))
    world.memory.failure = Conflict()
    response = await client.post(
        f"/v1/merchants/{merchant.id}", json={"name": "New"}, headers=headers
    )
    assert (response.status, (await response.json())["error"]["code"]) == (409, "conflict")


async def test_merchants_are_listed_and_read(client: Client, world: World) -> None:
    merchant = world.new_merchant()
    headers = world.headers(Scope.ADMIN)
    body = await (await client.get(f"/v1/merchants/{merchant.id}", headers=headers)).json()
    listed = await (await client.get("/v1/merchants", headers=headers)).json()
    assert body in listed["data"]
    unknown = await client.get(f"/v1/merchants/mer_{'0' * 26}", headers=headers)
    assert unknown.status == 404


async def test_administration_needs_the_scope(client: Client, world: World) -> None:
    merchant = world.new_merchant()
    headers = keyed(world.headers(merchant=merchant))
    for method, path in (
        ("GET", "/v1/merchants"),
        ("POST", "/v1/merchants"),
        ("GET", f"/v1/merchants/{merchant.id}"),
        ("POST", f"/v1/merchants/{merchant.id}"),
        ("GET", "/v1/api_keys"),
        ("POST", "/v1/api_keys"),
        ("DELETE", f"/v1/api_keys/key_{'0' * 26}"),
        ("GET", "/v1/audit"),
        ("GET", "/v1/ledger/trial_balance"),
    ):
        response = await client.request(method, path, headers=headers)
        assert response.status == 403, path
