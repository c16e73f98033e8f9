from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sikka.domain.change import Change
from sikka.domain.fraud.model import FraudModelFile, ModelState
from sikka.domain.merchant import Scope
from sikka_core import new_id
from tests.integration.api.conftest import Client
from tests.integration.api.test_merchant_api import got, posted
from tests.integration.api.world import ApiHouse
from tests.unit.api.world import keyed
from tests.unit.fraud.models.made import packed, row

URL = "/v1/fraud/models"


@pytest.fixture
async def admin(house: ApiHouse) -> dict[str, str]:
    _, headers = await house.key(await house.merchant(), Scope.ADMIN)
    for number, version in enumerate(("v1", "v2", "v3")):
        id = new_id("mdl", 7, 1_763_892_000_000 + number)
        model, content = row(version, ModelState.REGISTERED, id=id)
        await house.journal.commit(Change(7, (model, FraudModelFile(id, content))))
    return headers


async def test_models_are_promoted_challenged_shadowed_and_rolled_back(
    client: Client, admin: dict[str, str]
) -> None:
    listed = await got(client, URL, admin)
    assert [each["version"] for each in listed["data"]] == ["v3", "v2", "v1"]
    await posted(client, f"{URL}/v1/promote", admin, status=200)
    await posted(client, f"{URL}/v2/challenge", admin, {"percent": 20}, 200)
    await posted(client, f"{URL}/v3/shadow", admin, status=200)
    states = {each["version"]: each["state"] for each in (await got(client, URL, admin))["data"]}
    assert states == {"v1": "champion", "v2": "challenger", "v3": "shadow"}
    promoted = await posted(client, f"{URL}/v2/promote", admin, status=200)
    whole = await got(client, f"{URL}/v2", admin)
    assert {**promoted, "document": packed("v2").document} == whole
    back = await posted(client, f"{URL}/v2/rollback", admin, status=200)
    assert (back["version"], back["state"]) == ("v1", "champion")


async def test_many_who_roll_back_at_once_from_the_same_champion_do_it_once(
    client: Client, admin: dict[str, str]
) -> None:
    for version in ("v1", "v2", "v3"):
        await posted(client, f"{URL}/{version}/promote", admin, status=200)

    async def roll_back() -> Any:
        response = await client.post(f"{URL}/v3/rollback", headers=keyed(admin))
        return response.status

    assert sorted(await asyncio.gather(*(roll_back() for _ in range(6)))) == [200, *[422] * 5]
    assert (await got(client, f"{URL}/v2", admin))["state"] == "champion"
