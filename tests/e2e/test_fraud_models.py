"""Models come into force in running processes, and every assessment says who said what."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from sikka.fraud.models.folder import write_model
from tests.e2e import orders
from tests.e2e.client import Client
from tests.e2e.configuration import Keys, Place
from tests.e2e.estate import Estate, estate_at
from tests.e2e.house import House, until
from tests.e2e.processes import run
from tests.unit.fraud.models.made import document, stump

PROCESSES = 2
# Each on a connection of its own: that one process gets them all is one chance in thousands.
IN_A_ROW = 14


def folder_of(directory: Path, version: str, bound: float) -> Path:
    """A model that finds a payment likely to be fraud from an amount on."""
    model = stump(bound=bound)
    write_model(directory / version, model, document(version, model))
    return directory / version


async def assessed(client: Client, **fields: Any) -> dict[str, Any]:
    """The assessment of a new payment."""
    reply = await client.post("/v1/payments", orders.collect("approve@simbank", **fields))
    return await client.get(f"/v1/fraud/assessments/{reply.payment_id}")


@pytest.fixture
async def estate(place: Place, keys: Keys) -> AsyncIterator[Estate]:
    async with estate_at(place, keys) as estate:
        yield estate


async def operate(estate: Estate, *arguments: str) -> None:
    code, said = await run(estate.settings_path, "fraud", "models", *arguments)
    assert code == 0, said


@pytest.mark.slow
async def test_a_promotion_reaches_every_process_without_a_restart(estate: Estate) -> None:
    for version, bound in (("v1", 1e9), ("v2", 1e8)):
        folder = folder_of(estate.place.directory, version, bound)
        await operate(estate, "register", str(folder))
    await operate(estate, "promote", "v1")
    server = estate.server(workers=PROCESSES)
    await server.start()
    for command, version in ((("promote", "v2"), "v2"), (("rollback", "--from", "v2"), "v1")):
        await operate(estate, *command)

        async def everywhere(version: str = version) -> bool:
            judges = [(await assessed(estate.client))["model_version"] for _ in range(IN_A_ROW)]
            return set(judges) == {version}

        await until(everywhere, f"{version} judges in every process")


async def registered(directory: Path, **bounds: float) -> None:
    settings = directory / "sikka.yaml"
    for version, bound in bounds.items():
        folder = folder_of(directory, version, bound)
        code, said = await run(settings, "fraud", "models", "register", str(folder))
        assert code == 0, said


async def posted(house: House, path: str, **body: Any) -> None:
    reply = await house.admin.post(f"/v1/fraud/models/{path}", body)
    assert reply.status == 200, reply.body


async def test_champion_challenger_and_shadow_are_all_written_down_and_told(
    house: House, place: Place
) -> None:
    await registered(place.directory, v1=1e9, v2=1e8, v3=1.0)
    await posted(house, "v1/promote")
    await posted(house, "v2/challenge", percent=50)
    await posted(house, "v3/shadow")
    seen: dict[str, dict[str, Any]] = {}

    async def both_have_decided() -> bool:
        assessment = await assessed(house.client)
        if assessment["challenger"] and assessment["shadow"]:
            seen[assessment["model_version"]] = assessment
        return seen.keys() == {"v1", "v2"}

    await until(both_have_decided, "champion and challenger have decided a payment each")
    for version, beside in (("v1", "v2"), ("v2", "v1")):
        assessment = seen[version]
        assert assessment["model_score"] == "0.268941"
        assert assessment["challenger"] == {"version": beside, "score": "0.268941"}
        assert assessment["shadow"] == [{"model": "v3", "score_millionths": 731_059}]
        told = assessment["explanation"]
        assert f"The model {version} put the chance of fraud at 26.9 %." in told
        assert f"The model {beside}, asked beside it, put it at 26.9 %." in told
        assert "In shadow, the model v3 put the chance of fraud at 73.1 %." in told
