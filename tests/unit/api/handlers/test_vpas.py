from __future__ import annotations

from typing import Any

import pytest

from sikka.domain.merchant import Scope
from sikka.domain.records import AuditRecord
from tests.unit.api.conftest import Client
from tests.unit.api.world import World, keyed

URL = "/v1/upi/vpa/validate"


async def validate(
    client: Client, headers: dict[str, str], **body: Any
) -> tuple[int, dict[str, Any]]:
    response = await client.post(URL, json=body, headers=keyed(headers))
    return response.status, await response.json()


async def test_the_network_says_who_holds_an_address(client: Client, world: World) -> None:
    status, body = await validate(client, world.headers(), vpa="Asha@SimBank")
    assert (status, body) == (
        200,
        {
            "object": "vpa",
            "vpa": "asha@simbank",
            "blocked": False,
            "exists": True,
            "name": "ASHA KUMARI",
        },
    )


async def test_an_address_that_nobody_holds_does_not_exist(client: Client, world: World) -> None:
    _, body = await validate(client, world.headers(), vpa="nobody@simbank")
    assert (body["exists"], body["name"]) == (False, None)


async def test_the_network_is_not_asked_when_it_need_not_be(client: Client, world: World) -> None:
    world.blocked.add("thief@simbank")
    _, unasked = await validate(client, world.headers(), vpa="asha@simbank", live=False)
    _, blocked = await validate(client, world.headers(), vpa="THIEF@simbank")
    assert (unasked["exists"], unasked["blocked"]) == (None, False)
    assert (blocked["exists"], blocked["blocked"]) == (None, True)
    assert world.rail.validated == []


async def test_the_same_question_is_asked_once_and_written_down_masked(
    client: Client, world: World
) -> None:
    headers = keyed(world.headers())
    first = await client.post(URL, json={"vpa": "asha@simbank"}, headers=headers)
    again = await client.post(URL, json={"vpa": "asha@simbank"}, headers=headers)
    assert await first.read() == await again.read()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert world.rail.validated == ["asha@simbank"]
    [audit] = world.memory.all(AuditRecord)
    assert (audit.action, audit.metadata) == ("vpa.validated", {"vpa": "as***@simbank"})


async def test_a_network_that_does_not_say_is_424_and_not_stored(
    client: Client, world: World
) -> None:
    world.rail.reachable = False
    headers = keyed(world.headers())
    assert (await client.post(URL, json={"vpa": "asha@simbank"}, headers=headers)).status == 424
    world.rail.reachable = True
    assert (await client.post(URL, json={"vpa": "asha@simbank"}, headers=headers)).status == 200


@pytest.mark.parametrize("vpa", ["asha", "@simbank", "asha@", "a sha@simbank", "asha@sim.bank"])
async def test_a_text_that_is_no_address_is_refused(client: Client, world: World, vpa: str) -> None:
    status, body = await validate(client, world.headers(), vpa=vpa)
    assert (status, body["error"]["code"], body["error"]["param"]) == (400, "vpa_invalid", "vpa")


async def test_reading_keys_may_not_ask_the_network(client: Client, world: World) -> None:
    status, _ = await validate(client, world.headers(Scope.READ), vpa="asha@simbank")
    assert status == 403
