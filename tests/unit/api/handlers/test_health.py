from __future__ import annotations

import asyncio

from sikka.api.parts import ApiLimits
from tests.unit.api.conftest import Client
from tests.unit.api.world import World


async def well() -> None:
    return


async def broken() -> None:
    raise ConnectionError("mysql://root:secret@db")


async def hanging() -> None:
    await asyncio.Event().wait()


async def test_a_process_that_answers_is_alive(client: Client) -> None:
    response = await client.get("/healthz")
    assert (response.status, await response.json()) == (200, {"status": "ok"})


async def test_a_process_with_all_it_needs_is_ready(client: Client, world: World) -> None:
    world.health_checks["database"] = well
    response = await client.get("/readyz")
    assert response.status == 200
    assert await response.json() == {"status": "ready", "checks": {"database": "ok"}}


async def test_what_is_not_well_is_named_without_its_words(world: World) -> None:
    world.limits = ApiLimits(check_timeout_s=0.01)
    world.health_checks.update(database=broken, redis=hanging, rail=well)
    async with world.client() as client:
        response = await client.get("/readyz")
        body = await response.json()
        assert (await client.get("/healthz")).status == 200
    assert response.status == 503
    assert int(response.headers["Retry-After"]) >= 1
    assert body == {
        "status": "not_ready",
        "checks": {"database": "ConnectionError", "redis": "TimeoutError", "rail": "ok"},
    }


async def test_metrics_are_handed_out_as_rendered(client: Client) -> None:
    response = await client.get("/metrics")
    assert (response.content_type, await response.text()) == ("text/plain", "up 1\n")
