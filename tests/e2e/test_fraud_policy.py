"""Rules, lists and thresholds: from a draft into force, and into every process of a gateway."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from tests.e2e import orders
from tests.e2e.client import Client, Reply
from tests.e2e.configuration import Keys, Place
from tests.e2e.estate import estate_at
from tests.e2e.house import House, house_at, until
from tests.e2e.processes import Server
from tests.harness.process import free_port

AMOUNT_MINOR = 4_200
# Whoever waits for a change pays often, from one account.
OFTEN = {"instrument_payments_per_10_min": 100_000, "instrument_payments_per_day": 100_000,
         "user_payments_per_10_min": 100_000, "user_payments_per_day": 100_000}  # fmt: skip
SETTINGS = {"fraud": OFTEN}
RULE = {
    "name": "forty_two",
    "expression": f"amount == {AMOUNT_MINOR} and '@simbank' in instrument",
    "decision": "DECLINE",
    "reason": "Payments of this amount are refused.",
}


async def pay(client: Client, amount_minor: int = AMOUNT_MINOR, **fields: Any) -> Reply:
    order = orders.collect("approve@simbank", amount_minor, **fields)
    return await client.post("/v1/payments", order)


async def posted(client: Client, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
    reply = await client.post(path, body)
    assert reply.status in (200, 201), (path, reply.status, reply.body)
    return reply.json


async def in_force(ask: Callable[[], Awaitable[Reply]], status: int) -> Reply:
    """Wait until a payment is answered so; it must not take longer than promised."""
    began = time.monotonic()

    async def find() -> Reply | None:
        reply = await ask()
        return reply if reply.status == status else None

    found = await until(find, f"payments are answered with {status}")
    # The promise is two seconds; the rest is the machine's that runs this beside other tests.
    assert time.monotonic() - began < 8.0
    return found


@dataclass(frozen=True, slots=True)
class Pair:
    """Two gateways on one database, each a process of its own."""

    here: Client
    there: Client
    admin: Client


@pytest.fixture
async def pair(place: Place, keys: Keys) -> AsyncIterator[Pair]:
    """Both gateways run, and a merchant has its keys."""
    async with AsyncExitStack() as stack:
        estate = await stack.enter_async_context(estate_at(place, keys, SETTINGS))
        await estate.server().start()
        port = free_port()
        second = Server(estate.settings_path, port)
        second.log = estate.settings_path.with_name("second.log")
        await estate.keep(second).start()
        tenant, url = estate.tenant, estate.client.url
        there = Client(f"http://127.0.0.1:{port}", tenant.secret)
        yield Pair(
            estate.client,
            await stack.enter_async_context(there),
            await stack.enter_async_context(Client(url, tenant.admin_secret)),
        )


@pytest.fixture
async def house(place: Place, keys: Keys) -> AsyncIterator[House]:
    """A house in each place, empty but for its merchant."""
    async with house_at(place, keys, SETTINGS) as house:
        yield house


async def test_what_is_changed_at_one_process_counts_in_another_within_two_seconds(
    pair: Pair,
) -> None:
    assert [(await pay(each)).status for each in (pair.here, pair.there)] == [201, 201]
    drafted = await posted(pair.admin, "/v1/fraud/rules", RULE)
    force = {"force": True, "reason": "an attack is going on"}
    await posted(pair.admin, f"/v1/fraud/rules/{drafted['id']}/live", force)
    for client in (pair.here, pair.there):
        await in_force(partial(pay, client), 402)
        assert (await pay(client, 4_300)).status == 201
    allowed = {"kind": "allow", "field": "user", "value": "user_known"}
    entry = await posted(pair.admin, "/v1/fraud/lists", allowed)
    for client in (pair.there, pair.here):
        await in_force(partial(pay, client, user_id="user_known"), 201)
        assert (await pay(client)).status == 402
    await posted(pair.admin, f"/v1/fraud/lists/{entry['id']}/remove", {})
    await in_force(lambda: pay(pair.there, user_id="user_known"), 402)
    await posted(pair.admin, f"/v1/fraud/rules/{drafted['id']}/retire", {})
    await in_force(lambda: pay(pair.there), 201)
    thresholds = {"review_score": "1.00", "decline_score": None, "decline_amount": AMOUNT_MINOR}
    await posted(pair.admin, "/v1/fraud/thresholds", thresholds)
    await in_force(lambda: pay(pair.there), 402)
    assert (await pay(pair.there, AMOUNT_MINOR - 1)).status == 201


async def test_many_values_are_refused_everywhere_after_one_request(pair: Pair) -> None:
    entries = [
        {"kind": "block", "field": "user", "value": f"thief_{number}", "reason": "a leak"}
        for number in range(5_000)
    ]
    answer = await posted(pair.admin, "/v1/fraud/lists/bulk", {"entries": entries})
    assert answer == {"object": "fraud_list_bulk", "added": 5_000, "changed": 0, "unchanged": 0}
    await in_force(lambda: pay(pair.there, user_id="thief_4999"), 402)
    assert (await pay(pair.there, user_id="thief_0")).status == 402
    assert (await pay(pair.there, user_id="thief_5000")).status == 201


async def test_a_rule_is_tried_watched_put_into_force_and_taken_out_again(house: House) -> None:
    admin, now = house.admin, datetime.now(UTC)
    fraud, genuine = await pay(house.client), await pay(house.client, 4_300)
    for reply, is_fraud in ((fraud, True), (genuine, False)):
        await house.ended(reply.payment_id)
        label = {"payment_id": reply.payment_id, "fraud": is_fraud}
        await posted(admin, "/v1/fraud/labels", label)
    rule = await posted(admin, "/v1/fraud/rules", RULE)
    assert (rule["state"], rule["version"], rule["backtest"]) == ("draft", 1, None)
    path = f"/v1/fraud/rules/{rule['id']}"
    untried = await admin.post(f"{path}/live", {})
    assert (untried.status, untried.json["error"]["code"]) == (422, "backtest_missing")

    over = {
        "since": (now - timedelta(hours=1)).isoformat(),
        "until": (now + timedelta(hours=1)).isoformat(),
    }
    tried = (await posted(admin, f"{path}/backtest", over))["backtest"]
    assert (tried["payments"], tried["matched"], tried["complete"]) == (2, 1, True)
    assert tried["decided"] == {"APPROVE": 1, "DECLINE": 0, "REVIEW": 0}
    assert tried["matched_fraud_amount"] == {"INR": AMOUNT_MINOR}
    assert (tried["precision"], tried["recall"]) == (1.0, 1.0)

    await posted(admin, f"{path}/shadow", {})
    await said_in_shadow(house, rule["id"])
    await posted(admin, f"{path}/live", {})
    refused = await in_force(lambda: pay(house.client), 402)
    seen = await house.client.get(f"/v1/fraud/assessments/{refused.payment_id}")
    assert (seen["violations"], seen["reasons"][0]) == ([RULE["name"]], RULE["reason"])
    await posted(admin, f"{path}/retire", {})
    await in_force(lambda: pay(house.client), 201)

    trail = await admin.all("/v1/audit")
    actions = [each["action"] for each in trail if each["action"].startswith("fraud_rule.")]
    assert actions == [
        f"fraud_rule.{each}" for each in ("drafted", "backtested", "shadow", "live", "retired")
    ]
    await house.quiet()
    await house.prove()


async def said_in_shadow(house: House, rule_id: str) -> None:
    """Wait until a payment passes that the rule in shadow would have refused, and is counted."""

    async def find() -> dict[str, Any] | None:
        assert (await pay(house.client)).status == 201
        hits = await house.admin.get(f"/v1/fraud/rules/{rule_id}/hits")
        report: dict[str, Any] = hits["report"]
        return report if report["matched"] else None

    report = await until(find, "the rule speaks in shadow")
    assert (report["source"], report["decided"]["APPROVE"]) == ("shadow", report["matched"])
