from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sikka.domain.merchant import Scope
from sikka_core import new_id
from tests.integration.api.conftest import Client
from tests.integration.api.test_merchant_api import got, posted
from tests.integration.api.world import ApiHouse
from tests.unit.api.world import collect, keyed

RULES, LISTS, THRESHOLDS = "/v1/fraud/rules", "/v1/fraud/lists", "/v1/fraud/thresholds"
RULE = {
    "name": "large",
    "expression": "amount > 100000",
    "decision": "REVIEW",
    "reason": "An amount above ₹1,000.",
}
ENTRY = {"kind": "block", "field": "vpa", "value": "Thief@SimBank", "reason": "stolen phone"}
SCORES = {"review_score": "0.60", "decline_score": "0.95"}
FORCE = {"force": True, "reason": "an attack"}
Headers = Mapping[str, str]


async def admin_of(house: ApiHouse) -> tuple[str, dict[str, str]]:
    merchant = await house.merchant()
    _, headers = await house.key(merchant, Scope.ADMIN)
    return merchant.id, headers


async def refused(
    client: Client, method: str, path: str, headers: Headers, body: Any = None
) -> tuple[int, dict[str, Any]]:
    response = await client.request(method, path, json=body, headers=keyed(headers))
    shown = await response.json()
    assert response.status >= 400, shown
    return response.status, shown["error"]


async def test_a_rule_is_drafted_read_listed_and_brought_into_force(
    client: Client, house: ApiHouse
) -> None:
    merchant_id, admin = await admin_of(house)
    rule = await posted(client, RULES, admin, RULE)
    assert rule | {"created_at": None, "updated_at": None, "created_by": None} == {
        "object": "fraud_rule",
        "id": rule["id"],
        "merchant_id": merchant_id,
        "version": 1,
        "state": "draft",
        "backtest": None,
        "created_by": None,
        "created_at": None,
        "updated_at": None,
        **RULE,
    }
    path = f"{RULES}/{rule['id']}"
    assert await got(client, path, admin) == rule
    newer = await posted(client, RULES, admin, {**RULE, "expression": "amount > 200000"})
    other = await posted(client, RULES, admin, {**RULE, "name": "other"})
    shadow = await posted(client, f"{path}/shadow", admin, {}, 200)
    assert shadow["state"] == "shadow"
    live = await posted(client, f"{path}/live", admin, FORCE, 200)
    for query, expected in (
        ("", [other, newer, live]),
        ("?name=large", [newer, live]),
        ("?state=live", [live]),
        (f"?limit=1&starting_after={other['id']}", [newer]),
    ):
        assert (await got(client, RULES + query, admin))["data"] == expected
    retired = await posted(client, f"{path}/retire", admin, {}, 200)
    assert retired["state"] == "retired"
    status, error = await refused(client, "POST", f"{path}/live", admin, FORCE)
    assert (status, error["code"]) == (422, "state_invalid")


async def test_an_expression_that_is_wrong_is_told_what_and_where(
    client: Client, house: ApiHouse
) -> None:
    _, admin = await admin_of(house)
    body = {**RULE, "expression": "amount > 5 and secrt == 1"}
    status, error = await refused(client, "POST", RULES, admin, body)
    assert (status, error["code"], error["param"]) == (400, "rule_invalid", "expression")
    assert "at character 16: nothing is called 'secrt'" in error["message"]
    assert (await got(client, RULES, admin))["data"] == []


async def test_a_rule_is_tried_on_the_merchants_own_payments_of_the_keys_mode(
    client: Client, house: ApiHouse
) -> None:
    merchant = await house.merchant()
    _, admin = await house.key(merchant, Scope.ADMIN)
    _, live = await house.key(merchant, Scope.ADMIN, livemode=True)
    _, others = await admin_of(house)
    for headers in (admin, admin, live, others):
        await posted(client, "/v1/payments", headers, collect())
    await posted(client, "/v1/payments", admin, collect(amount=100))
    rule = await posted(client, RULES, admin, RULE)
    path, now = f"{RULES}/{rule['id']}", datetime.now(UTC)
    over = {
        "since": (now - timedelta(hours=1)).isoformat(),
        "until": (now + timedelta(hours=1)).isoformat(),
    }
    report = (await posted(client, f"{path}/backtest", admin, over, 200))["backtest"]
    assert (report["payments"], report["matched"], report["livemode"]) == (3, 2, False)
    assert report["matched_amount"] == {"INR": 259_800}
    assert (await got(client, path, admin))["backtest"] == report
    report = (await posted(client, f"{path}/backtest", live, over, 200))["backtest"]
    assert (report["payments"], report["matched"], report["livemode"]) == (1, 1, True)
    for_all = await posted(client, RULES, admin, {**RULE, "all_merchants": True})
    report = (await posted(client, f"{RULES}/{for_all['id']}/backtest", admin, over, 200))[
        "backtest"
    ]
    assert (report["payments"], report["matched"]) == (4, 3)
    hits = await got(client, f"{path}/hits", admin)
    assert (hits["report"]["payments"], hits["report"]["matched"]) == (3, 0)
    live_answer = await posted(client, f"{path}/live", admin, {}, 200)
    assert live_answer["state"] == "live"


@pytest.mark.parametrize(
    ("since", "until", "param"),
    [
        ("2026-11-02T00:00:00Z", "2026-11-02T00:00:00Z", "until"),
        ("2026-01-01T00:00:00Z", "2026-11-02T00:00:00Z", "since"),
    ],
)
async def test_a_trial_looks_at_a_bounded_time(
    client: Client, house: ApiHouse, since: str, until: str, param: str
) -> None:
    _, admin = await admin_of(house)
    rule = await posted(client, RULES, admin, RULE)
    body = {"since": since, "until": until}
    status, error = await refused(client, "POST", f"{RULES}/{rule['id']}/backtest", admin, body)
    assert (status, error["param"]) == (400, param)
    query = f"?since={since}&until={until}"
    status, error = await refused(client, "GET", f"{RULES}/{rule['id']}/hits{query}", admin)
    assert (status, error["param"]) == (400, param)


async def test_values_are_put_on_lists_found_and_taken_off(client: Client, house: ApiHouse) -> None:
    merchant_id, admin = await admin_of(house)
    entry = await posted(client, LISTS, admin, ENTRY)
    assert (entry["value"], entry["merchant_id"]) == ("thief@simbank", merchant_id)
    same = await posted(client, LISTS, admin, {**ENTRY, "value": "thief@simbank"}, 200)
    assert same == entry
    ranged = await posted(
        client, LISTS, admin, {"kind": "review", "field": "ip", "value": "198.51.100.0/24"}
    )
    many = [{**ENTRY, "value": f"thief.{n}@simbank"} for n in range(10_000)]
    bulk = await posted(client, f"{LISTS}/bulk", admin, {"entries": many})
    assert bulk == {
        "object": "fraud_list_bulk", "added": 10_000, "changed": 0, "unchanged": 0,
    }  # fmt: skip
    for query, ids in (
        ("?kind=review", [ranged["id"]]),
        ("?field=vpa&value=THIEF@simbank", [entry["id"]]),
        ("?field=ip", [ranged["id"]]),
        ("?removed=true", []),
    ):
        listed = await got(client, LISTS + query, admin)
        assert [each["id"] for each in listed["data"]] == ids, query
    assert (await got(client, f"{LISTS}?limit=100", admin))["has_more"]
    removed = await posted(client, f"{LISTS}/{entry['id']}/remove", admin, {}, 200)
    assert removed["removed_at"] is not None
    assert (await got(client, f"{LISTS}?removed=true", admin))["data"] == [removed]
    status, error = await refused(client, "GET", f"{LISTS}?value=thief@simbank", admin)
    assert (status, error["param"]) == (400, "field")


async def test_a_wrong_value_among_many_is_named_and_keeps_all_out(
    client: Client, house: ApiHouse
) -> None:
    _, admin = await admin_of(house)
    entries = [ENTRY, {**ENTRY, "field": "ip", "value": "10.0.0.1/8"}]
    status, error = await refused(client, "POST", f"{LISTS}/bulk", admin, {"entries": entries})
    assert (status, error["param"]) == (400, "entries[1].value")
    assert (await got(client, LISTS, admin))["data"] == []
    too_many = {"entries": [ENTRY] * 10_001}
    status, _ = await refused(client, "POST", f"{LISTS}/bulk", admin, too_many)
    assert status == 400


async def test_a_merchants_thresholds_are_its_own(client: Client, house: ApiHouse) -> None:
    merchant_id, admin = await admin_of(house)
    status, _ = await refused(client, "GET", THRESHOLDS, admin)
    assert status == 404
    given = await posted(
        client, THRESHOLDS, admin, {**SCORES, "decline_score": None, "review_amount": 5}, 200
    )
    assert (given["merchant_id"], given["decline_score"], given["review_amount"]) == (
        merchant_id,
        None,
        5,
    )
    assert await got(client, THRESHOLDS, admin) == given
    for body, param in (
        ({**SCORES, "decline_score": "0.59"}, "decline_score"),
        ({**SCORES, "review_score": "1.01"}, "review_score"),
        ({**SCORES, "review_score": "0.6"}, "review_score"),
        ({"review_score": "0.60"}, "decline_score"),
    ):
        status, error = await refused(client, "POST", THRESHOLDS, admin, body)
        assert (status, error["param"]) == (400, param)
    assert await got(client, THRESHOLDS, admin) == given


async def test_only_administrators_change_the_policy_and_others_see_their_own(
    client: Client, house: ApiHouse
) -> None:
    merchant = await house.merchant()
    _, admin = await house.key(merchant, Scope.ADMIN)
    _, reader = await house.key(merchant, Scope.READ)
    _, stranger = await house.key(await house.merchant(), Scope.READ)
    rule = await posted(client, RULES, admin, RULE)
    entry = await posted(client, LISTS, admin, ENTRY)
    for_all = await posted(client, RULES, admin, {**RULE, "all_merchants": True})
    assert for_all["merchant_id"] is None
    writes = [
        (RULES, RULE),
        (LISTS, ENTRY),
        (f"{LISTS}/bulk", {"entries": [ENTRY]}),
        (THRESHOLDS, SCORES),
        *((f"{RULES}/{rule['id']}/{verb}", {}) for verb in ("shadow", "live", "retire")),
        (f"{LISTS}/{entry['id']}/remove", {}),
    ]
    for path, body in writes:
        status, error = await refused(client, "POST", path, reader, body)
        assert (status, error["code"]) == (403, "scope_missing"), path
    assert (await got(client, RULES, reader))["data"] == [rule]
    assert (await got(client, LISTS, reader))["data"] == [entry]
    assert await got(client, f"{RULES}/{rule['id']}", reader) == rule
    for headers, path, expected in (
        (reader, f"{RULES}?all_merchants=true", 403),
        (reader, f"{LISTS}?all_merchants=true", 403),
        (reader, f"{RULES}/{for_all['id']}", 404),
        (stranger, f"{RULES}/{rule['id']}", 404),
        (stranger, f"{RULES}/{rule['id']}/hits", 404),
        (stranger, f"{RULES}?merchant_id={merchant.id}", 403),
        (stranger, f"{THRESHOLDS}?merchant_id={merchant.id}", 403),
    ):
        status, _ = await refused(client, "GET", path, headers)
        assert status == expected, path
    assert (await got(client, RULES, stranger))["data"] == []
    assert (await got(client, f"{RULES}?all_merchants=true", admin))["data"] == [for_all]


async def test_an_administrator_may_name_any_merchant_that_there_is(
    client: Client, house: ApiHouse
) -> None:
    _, admin = await admin_of(house)
    merchant = await house.merchant()
    rule = await posted(client, RULES, admin, {**RULE, "merchant_id": merchant.id})
    assert rule["merchant_id"] == merchant.id
    assert (await got(client, f"{RULES}?merchant_id={merchant.id}", admin))["data"] == [rule]
    nobody = {"merchant_id": new_id("mer", 1, 0)}
    for path, body in ((RULES, RULE), (LISTS, ENTRY), (THRESHOLDS, SCORES)):
        status, error = await refused(client, "POST", path, admin, {**body, **nobody})
        assert (status, error["param"]) == (404, "merchant_id"), path
    both = {**RULE, "merchant_id": merchant.id, "all_merchants": True}
    status, error = await refused(client, "POST", RULES, admin, both)
    assert (status, error["param"]) == (400, "all_merchants")


async def test_the_same_change_sent_many_times_at_once_is_made_once(
    client: Client, house: ApiHouse
) -> None:
    _, admin = await admin_of(house)
    own = keyed(admin)
    answers = await asyncio.gather(*(client.post(RULES, json=RULE, headers=own) for _ in range(10)))
    assert {each.status for each in answers} == {201}
    assert len({await each.text() for each in answers}) == 1
    assert len((await got(client, RULES, admin))["data"]) == 1


async def test_force_needs_a_reason(client: Client, house: ApiHouse) -> None:
    _, admin = await admin_of(house)
    rule = await posted(client, RULES, admin, RULE)
    path = f"{RULES}/{rule['id']}/live"
    status, error = await refused(client, "POST", path, admin, {"force": True})
    assert (status, error["param"]) == (400, "reason")
    status, error = await refused(client, "POST", path, admin, {"reason": "no force"})
    assert (status, error["code"]) == (422, "backtest_missing")
