from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sikka.domain.errors import InvalidRequest, NotFound, UnprocessableRequest
from sikka.domain.fraud.assessment import Decision
from sikka.domain.fraud.policy import FraudRule, RuleState
from sikka.domain.fraud.rule_report import ReportRange
from sikka.flows.fraud.rules import (
    RULES_MAX,
    RuleOrder,
    backtest_rule,
    draft_rule,
    move_rule,
)
from sikka.flows.parts import Answer
from sikka.fraud.trials import Trials
from sikka.journal.fraud.rule_history import SqlRuleHistory
from sikka.ports import Page
from sikka_core import new_id
from tests.integration.flows.fraud.house import PolicyHouse, policy_house
from tests.integration.flows.world import START, shown
from tests.integration.journal.made import creation

LIVE, SHADOW, DRAFT, RETIRED = (
    RuleState.LIVE,
    RuleState.SHADOW,
    RuleState.DRAFT,
    RuleState.RETIRED,
)


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[PolicyHouse]:
    async with policy_house(database_url) as house:
        yield house


def trials(house: PolicyHouse) -> Trials:
    return Trials(SqlRuleHistory(house.database), house.clock)


def order(house: PolicyHouse, **values: Any) -> RuleOrder:
    plain = RuleOrder(house.merchant.id, "large", "amount > 5", Decision.REVIEW, "It is large.")
    return replace(plain, **values)


async def drafted(house: PolicyHouse, key: str, **values: Any) -> dict[str, Any]:
    answer = await draft_rule(house.parts, trials(house), order(house, **values), house.caller(key))
    assert answer.status == 201
    return shown(answer)


async def moved(
    house: PolicyHouse, key: str, rule_id: str, to: RuleState, because: str | None = "testing"
) -> Answer:
    return await move_rule(house.parts, rule_id, to, house.caller(key), forced_because=because)


async def stored(house: PolicyHouse, rule_id: str) -> FraudRule:
    rule = await house.parts.fraud_policy.rule(rule_id)
    assert rule is not None
    return rule


async def audited(house: PolicyHouse) -> list[tuple[str, dict[str, Any]]]:
    records = await house.reader.audit(Page(100), merchant_id=house.merchant.id)
    by_revision = sorted(records, key=lambda each: each.metadata["revision"])
    return [(each.action, dict(each.metadata)) for each in by_revision]


async def test_a_rule_begins_as_a_draft_and_an_edit_is_a_version_of_its_own(
    house: PolicyHouse,
) -> None:
    first = await drafted(house, "a")
    assert (first["version"], first["state"], first["created_by"]) == (1, "draft", "key_1")
    second = await drafted(house, "b", expression="amount > 6")
    other = await drafted(house, "c", name="other")
    everybody = await drafted(house, "d", merchant_id=None)
    assert [each["version"] for each in (second, other, everybody)] == [2, 1, 1]
    assert (await stored(house, first["id"])).expression == "amount > 5"
    (_, begun), (_, edited), *_ = await audited(house)
    assert begun["from_version"] is None
    assert edited["from_version"] == 1
    assert edited["from_expression_sha256"] == begun["expression_sha256"]
    assert "amount" not in str(edited)


async def test_a_wrong_rule_is_refused_by_name_and_nothing_is_kept(house: PolicyHouse) -> None:
    for values, param in (
        ({"expression": "secret > 5"}, "expression"),
        ({"name": "velocity_user_10m"}, "name"),
        ({"name": "round_trip_self"}, "name"),
        ({"name": "block_list_vpa"}, "name"),
    ):
        with pytest.raises(InvalidRequest) as caught:
            await drafted(house, "a", **values)
        assert caught.value.param == param
    with pytest.raises(NotFound):
        await drafted(house, "a", merchant_id=new_id("mer", 1, 0))
    assert await house.parts.fraud_policy.revision() == 1
    assert await audited(house) == []


async def test_a_rule_goes_from_draft_through_shadow_into_force_and_out_of_use(
    house: PolicyHouse,
) -> None:
    rule_id = (await drafted(house, "a"))["id"]
    for place, to in enumerate((SHADOW, LIVE, RETIRED)):
        answer = await moved(house, f"m{place}", rule_id, to)
        assert shown(answer)["state"] == to
        rule = await stored(house, rule_id)
        assert (rule.state, rule.revision) == (to, 3 + place)
    moves = [(each["from_state"], each["to_state"]) for _, each in (await audited(house))[1:]]
    assert moves == [("draft", "shadow"), ("shadow", "live"), ("live", "retired")]


@pytest.mark.parametrize(
    ("way", "to"),
    [((RETIRED,), LIVE), ((RETIRED,), SHADOW), ((LIVE,), SHADOW)],
)
async def test_there_is_no_way_back(
    house: PolicyHouse, way: tuple[RuleState, ...], to: RuleState
) -> None:
    rule_id = (await drafted(house, "a"))["id"]
    for place, each in enumerate(way):
        await moved(house, f"m{place}", rule_id, each)
    with pytest.raises(UnprocessableRequest, match="cannot become"):
        await moved(house, "z", rule_id, to)


async def test_a_rule_that_is_there_already_stays_as_it_is(house: PolicyHouse) -> None:
    rule_id = (await drafted(house, "a"))["id"]
    await moved(house, "b", rule_id, SHADOW)
    answer = await moved(house, "c", rule_id, SHADOW)
    assert (answer.status, shown(answer)["state"]) == (200, "shadow")
    assert await house.parts.fraud_policy.revision() == 3


async def test_a_version_that_takes_the_place_of_another_retires_it(house: PolicyHouse) -> None:
    one, two, three = [(await drafted(house, key))["id"] for key in "abc"]
    await moved(house, "m1", one, LIVE)
    await moved(house, "m2", two, SHADOW)
    await moved(house, "m3", three, LIVE)
    states = [(await stored(house, each)).state for each in (one, two, three)]
    assert states == [RETIRED, SHADOW, LIVE]
    (_, last) = (await audited(house))[-1]
    assert last["retired"] == [one]
    await moved(house, "m4", two, LIVE)
    assert (await stored(house, three)).state is RETIRED


async def test_an_untried_version_goes_live_only_by_force_and_the_reason_is_kept(
    house: PolicyHouse,
) -> None:
    rule_id = (await drafted(house, "a"))["id"]
    with pytest.raises(UnprocessableRequest) as caught:
        await moved(house, "b", rule_id, LIVE, because=None)
    assert caught.value.code == "backtest_missing"
    await moved(house, "c", rule_id, LIVE, because="an attack is going on")
    assert (await audited(house))[-1][1]["forced_because"] == "an attack is going on"


async def test_a_version_that_was_tried_may_go_live_and_its_successor_may_not(
    house: PolicyHouse,
) -> None:
    await house.parts.journal.commit(creation(merchant_id=house.merchant.id, at=START))
    house.clock.move(60)
    first = (await drafted(house, "a"))["id"]
    over = ReportRange(None, False, START - timedelta(days=1), house.clock.now(), 1_000)
    answer = await backtest_rule(
        house.parts, trials(house), first, over, house.caller("t"), lambda: True
    )
    report = shown(answer)["backtest"]
    assert (report["payments"], report["matched"], report["complete"]) == (1, 1, True)
    again = await backtest_rule(
        house.parts, trials(house), first, over, house.caller("t"), lambda: True
    )
    assert (again.body, again.replayed) == (answer.body, True)
    assert shown(await moved(house, "b", first, LIVE, because=None))["backtest"] == report
    second = (await drafted(house, "c"))["id"]
    with pytest.raises(UnprocessableRequest):
        await moved(house, "d", second, LIVE, because=None)


async def test_a_trial_on_no_payment_is_none(house: PolicyHouse) -> None:
    rule_id = (await drafted(house, "a"))["id"]
    over = ReportRange(None, False, START - timedelta(days=1), START, 1_000)
    await backtest_rule(house.parts, trials(house), rule_id, over, house.caller("t"), lambda: True)
    with pytest.raises(UnprocessableRequest):
        await moved(house, "b", rule_id, LIVE, because=None)


async def test_a_trial_that_nobody_waits_for_is_not_kept(house: PolicyHouse) -> None:
    rule_id = (await drafted(house, "a"))["id"]
    over = ReportRange(None, False, START - timedelta(days=1), START, 1_000)
    with pytest.raises(UnprocessableRequest):
        await backtest_rule(
            house.parts, trials(house), rule_id, over, house.caller("t"), lambda: False
        )
    assert (await stored(house, rule_id)).backtest is None


async def test_there_are_only_so_many_rules_in_force(
    house: PolicyHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(RULES_MAX, LIVE, 2)
    ids = [(await drafted(house, f"d{n}", name=f"rule_{n}"))["id"] for n in range(3)]
    for place, rule_id in enumerate(ids[:2]):
        await moved(house, f"m{place}", rule_id, LIVE)
    with pytest.raises(UnprocessableRequest, match="at most 2"):
        await moved(house, "x", ids[2], LIVE)
    # Another version of one that is in force takes its place.
    newer = (await drafted(house, "e", name="rule_0"))["id"]
    await moved(house, "y", newer, LIVE)
    everybody = (await drafted(house, "f", merchant_id=None))["id"]
    await moved(house, "z", everybody, LIVE)


async def test_rules_that_nobody_has_made_are_not_found(house: PolicyHouse) -> None:
    missing = new_id("rul", 1, 0)
    over = ReportRange(None, False, START - timedelta(days=1), START, 10)
    with pytest.raises(NotFound):
        await moved(house, "a", missing, LIVE)
    with pytest.raises(NotFound):
        await backtest_rule(
            house.parts, trials(house), missing, over, house.caller("b"), lambda: True
        )


async def test_whoever_moves_versions_at_once_leaves_one_live_and_one_in_shadow(
    house: PolicyHouse,
) -> None:
    ids = [(await drafted(house, f"d{n}"))["id"] for n in range(6)]

    async def tries(number: int, rule_id: str, to: RuleState) -> None:
        caller = house.caller(f"m{number}")
        parts = house.gateways[number % 2]
        try:
            await move_rule(parts, rule_id, to, caller, forced_because="a race")
        except UnprocessableRequest:
            # Somebody else has moved it where there is no way from.
            return

    moves = [(rule_id, to) for rule_id in ids for to in (SHADOW, LIVE)]
    await asyncio.gather(*(tries(number, *move) for number, move in enumerate(moves)))
    states = Counter([(await stored(house, rule_id)).state for rule_id in ids])
    assert states[LIVE] == 1
    assert states[SHADOW] <= 1
    assert states.total() == 6


async def test_versions_that_are_drafted_at_once_are_counted_on(house: PolicyHouse) -> None:
    answers = await asyncio.gather(
        *(
            draft_rule(house.gateways[n % 2], trials(house), order(house), house.caller(f"k{n}"))
            for n in range(8)
        )
    )
    assert sorted(shown(each)["version"] for each in answers) == list(range(1, 9))
