from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sikka.domain.fraud.assessment import Decision
from sikka.domain.fraud.policy import FraudRule, RuleState
from sikka.fraud.config import FraudConfig
from sikka.fraud.facts import Facts
from sikka.fraud.rules import Ruleset, Severity
from sikka.fraud.rules.amounts import AmountRule
from tests.unit.fraud.observed import facts
from tests.unit.fraud.requests import AT, request


def rule(expression: str = "amount > 5", **values: Any) -> FraudRule:
    plain = FraudRule(
        id="rul_1",
        bucket=7,
        merchant_id=None,
        name="large",
        version=1,
        state=RuleState.LIVE,
        expression=expression,
        decision=Decision.DECLINE,
        reason="The amount is large.",
        backtest=None,
        created_by="key",
        created_at=AT,
        updated_at=AT,
        revision=2,
    )
    return replace(plain, **values)


def ruleset(*rules: FraudRule, heard: list[Any] | None = None) -> Ruleset:
    told = [] if heard is None else heard
    return Ruleset(
        FraudConfig(), rules, observe=lambda what, /, **facts: told.append((what, facts))
    )


@pytest.mark.parametrize(
    ("decision", "severity"),
    [
        (Decision.APPROVE, Severity.ALLOW),
        (Decision.REVIEW, Severity.REVIEW),
        (Decision.DECLINE, Severity.DECLINE),
    ],
)
def test_a_live_rule_that_holds_is_a_violation_in_its_own_words(
    decision: Decision, severity: Severity
) -> None:
    found = ruleset(rule(decision=decision)).evaluate(facts(request()))
    (violation,) = found.violations
    assert (violation.name, violation.severity) == ("large", severity)
    assert violation.reason == "The amount is large."
    assert found.shadow == []


@pytest.mark.parametrize("expression", ["amount < 5", "speed_km_h > 5", "not speed_km_h > 5"])
def test_a_rule_that_does_not_hold_or_cannot_be_known_to_is_silent(expression: str) -> None:
    assert ruleset(rule(expression)).evaluate(facts(request())).violations == []


def test_a_rule_in_shadow_says_what_it_would_have_said_and_does_nothing() -> None:
    found = ruleset(rule(state=RuleState.SHADOW)).evaluate(facts(request()))
    assert found.violations == []
    assert found.shadow == [{"rule": "large", "id": "rul_1", "decision": "DECLINE"}]


@pytest.mark.parametrize("state", [RuleState.DRAFT, RuleState.RETIRED])
def test_drafts_and_retired_rules_are_not_asked(state: RuleState) -> None:
    found = ruleset(rule(state=state)).evaluate(facts(request()))
    assert (found.violations, found.shadow) == ([], [])


def test_a_merchants_rule_looks_at_that_merchants_payments_alone() -> None:
    rules = ruleset(rule(merchant_id="mer_1"), rule(name="all", id="rul_2"))
    names = [
        [each.name for each in rules.evaluate(facts(request(merchant_id=merchant))).violations]
        for merchant in ("mer_1", "mer_2")
    ]
    assert names == [["all", "large"], ["all"]]


def test_a_stored_rule_that_cannot_be_compiled_is_left_out_and_told_of() -> None:
    heard: list[Any] = []
    rules = ruleset(rule("secret > 5"), rule(name="other", id="rul_2"), heard=heard)
    assert [each.name for each in rules.evaluate(facts(request())).violations] == ["other"]
    assert heard == [("fraud.rule_failed", {"phase": "compile", "rule": "rul_1"})]


class Broken(Exception):
    """A bug."""


def test_a_rule_that_fails_is_left_out_marks_the_assessment_and_is_told_of_each_time(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(self: AmountRule, facts: Facts) -> None:
        raise Broken

    heard: list[Any] = []
    rules = ruleset(rule(), heard=heard)
    monkeypatch.setattr(AmountRule, "evaluate", fails)
    for _ in range(2):
        found = rules.evaluate(facts(request()))
        assert [each.name for each in found.violations] == ["rule_skipped", "large"]
        assert found.violations[0].severity is Severity.NOTE
        assert found.violations[0].weight_hundredths == 0
    assert heard == [("fraud.rule_failed", {"phase": "evaluate", "rule": "amount"})] * 2
    assert caplog.text.count("Traceback") == 1


def test_a_stored_rule_that_fails_decides_nothing_in_force_or_in_shadow() -> None:
    heard: list[Any] = []
    rules = ruleset(
        rule("score > 0.5"),
        rule("score > 0.5", id="rul_2", state=RuleState.SHADOW),
        rule(name="other", id="rul_3"),
        heard=heard,
    )
    wrong: Any = "a text where a number belongs"
    found = rules.evaluate(facts(request(), score=wrong))
    assert [each.name for each in found.violations] == ["rule_skipped", "other"]
    assert found.shadow == []
    assert [each["rule"] for _, each in heard] == ["rul_1", "rul_2"]
