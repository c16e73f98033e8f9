from __future__ import annotations

from typing import Any

import pytest

from sikka.domain.fraud.model import FraudModel, ModelState
from sikka.domain.merchant import Scope
from sikka.domain.records import AuditRecord
from sikka_core import new_id
from tests.unit.api.conftest import Client
from tests.unit.api.world import World, keyed
from tests.unit.fraud.models.made import row


def stored(world: World, version: str, state: ModelState, **values: Any) -> FraudModel:
    at = world.clock.now()
    id = new_id("mdl", 7, int(at.timestamp() * 1000))
    made, _ = row(version, state, id=id, created_at=at, updated_at=at, **values)
    world.memory.add(made)
    return made


@pytest.fixture
def admin(world: World) -> dict[str, str]:
    return world.headers(Scope.ADMIN)


@pytest.fixture
def champion(world: World) -> FraudModel:
    return stored(
        world, "v1", ModelState.CHAMPION, promoted_by="key_0", promoted_at=world.clock.now()
    )


async def posted(
    client: Client, path: str, headers: dict[str, str], body: Any = None
) -> tuple[int, Any]:
    response = await client.post(f"/v1/fraud/models/{path}", json=body, headers=keyed(headers))
    return response.status, await response.json()


def states(world: World) -> dict[str, str]:
    return {model.version: str(model.state) for model in world.memory.all(FraudModel)}


async def test_models_are_listed_newest_first_without_their_documents(
    client: Client, world: World, admin: dict[str, str], champion: FraudModel
) -> None:
    stored(world, "v2", ModelState.REGISTERED)
    body = await (await client.get("/v1/fraud/models?limit=1", headers=admin)).json()
    assert body["has_more"] is True
    (shown,) = body["data"]
    assert (shown["object"], shown["version"], shown["state"]) == (
        "fraud_model", "v2", "registered",
    )  # fmt: skip
    assert shown["metrics"]["average_precision"] == 0.7
    assert "document" not in shown
    rest = f"/v1/fraud/models?starting_after={shown['id']}"
    body = await (await client.get(rest, headers=admin)).json()
    assert [each["version"] for each in body["data"]] == ["v1"]


async def test_a_model_is_read_with_its_document(
    client: Client, admin: dict[str, str], champion: FraudModel
) -> None:
    body = await (await client.get("/v1/fraud/models/v1", headers=admin)).json()
    assert (body["promoted_by"], body["checksum"]) == ("key_0", champion.checksum)
    assert body["document"] == champion.document
    for unknown in ("v9", "V1", "%C3%A4"):
        response = await client.get(f"/v1/fraud/models/{unknown}", headers=admin)
        assert response.status == 404


async def test_a_model_is_promoted_and_rolled_back_from(
    client: Client, world: World, admin: dict[str, str], champion: FraudModel
) -> None:
    stored(world, "v2", ModelState.REGISTERED)
    status, body = await posted(client, "v2/promote", admin)
    assert (status, body["version"], body["state"]) == (200, "v2", "champion")
    assert states(world) == {"v1": "retired", "v2": "champion"}
    audit = world.memory.changes[-1].inserts[0]
    assert isinstance(audit, AuditRecord)
    assert (audit.action, audit.merchant_id) == ("fraud_model.promoted", None)
    assert (audit.user_id, audit.ip_address) == (body["promoted_by"], "127.0.0.1")
    status, body = await posted(client, "v1/rollback", admin)
    assert (status, body["error"]["code"], body["error"]["param"]) == (
        422, "state_invalid", "version",
    )  # fmt: skip
    status, body = await posted(client, "v2/rollback", admin)
    assert (status, body["version"]) == (200, "v1")
    assert states(world) == {"v1": "champion", "v2": "retired"}
    status, body = await posted(client, "v1/rollback", admin)
    assert (status, body["error"]["code"]) == (422, "state_invalid")


async def test_the_same_request_again_does_nothing(
    client: Client, world: World, admin: dict[str, str], champion: FraudModel
) -> None:
    for version in ("v2", "v3"):
        stored(world, version, ModelState.REGISTERED)
        await posted(client, f"{version}/promote", admin)
    own = keyed(admin)
    first = await client.post("/v1/fraud/models/v3/rollback", headers=own)
    again = await client.post("/v1/fraud/models/v3/rollback", headers=own)
    assert await first.read() == await again.read()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert states(world) == {"v1": "retired", "v2": "champion", "v3": "retired"}


async def test_a_challenger_has_a_share_and_one_in_shadow_has_none(
    client: Client, world: World, admin: dict[str, str], champion: FraudModel
) -> None:
    stored(world, "v2", ModelState.REGISTERED)
    stored(world, "v3", ModelState.REGISTERED)
    _, body = await posted(client, "v2/challenge", admin, {"percent": 5})
    assert (body["state"], body["share_percent"]) == ("challenger", 5)
    _, body = await posted(client, "v3/shadow", admin)
    assert (body["state"], body["share_percent"]) == ("shadow", 0)
    _, body = await posted(client, "v2/retire", admin, {})
    assert body["state"] == "retired"
    assert states(world) == {"v1": "champion", "v2": "retired", "v3": "shadow"}


@pytest.mark.parametrize(
    ("path", "body", "status", "param"),
    [
        ("v2/challenge", {"percent": 0}, 400, "percent"),
        ("v2/challenge", {"percent": 101}, 400, "percent"),
        ("v2/challenge", {"percent": "5"}, 400, "percent"),
        ("v2/challenge", {}, 400, "percent"),
        ("v2/promote", {"force": True}, 400, "force"),
        ("v1/rollback", {"to": "v0"}, 400, "to"),
        ("v9/rollback", None, 404, "version"),
        ("v2/rollback", None, 422, "version"),
        ("v9/promote", None, 404, "version"),
        ("v9/challenge", {"percent": 5}, 404, "version"),
        ("v1/challenge", {"percent": 5}, 422, None),
        ("v1/shadow", None, 422, None),
    ],
)
async def test_what_breaks_a_rule_is_named_and_changes_nothing(
    client: Client,
    world: World,
    admin: dict[str, str],
    champion: FraudModel,
    path: str,
    body: Any,
    status: int,
    param: str | None,
) -> None:
    stored(world, "v2", ModelState.REGISTERED)
    answered, shown = await posted(client, path, admin, body)
    assert (answered, shown["error"]["param"]) == (status, param)
    assert world.memory.changes == []


async def test_models_are_the_houses_and_no_merchants(
    client: Client, world: World, champion: FraudModel
) -> None:
    merchant = keyed(world.headers(Scope.PAYMENTS, Scope.REFUNDS, Scope.READ))
    for method, path in (
        ("GET", ""), ("GET", "/v1"), ("POST", "/v1/rollback"), ("POST", "/v1/promote"),
        ("POST", "/v1/challenge"), ("POST", "/v1/shadow"), ("POST", "/v1/retire"),
    ):  # fmt: skip
        response = await client.request(method, f"/v1/fraud/models{path}", headers=merchant)
        assert response.status == 403, path
