from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sikka.fraud.training.rules_effect import rules_effect
from sikka.fraud.training.scored import Scored
from tests.unit.fraud.training.judged import SCORED, made_scored, texts


@given(SCORED, st.floats(0, 1))
@settings(deadline=None)
def test_judges_are_counted_on_the_payments_that_rules_decided(
    scored: Scored, threshold: float
) -> None:
    rows = [
        (decision != "APPROVE", likely >= threshold, bool(fraud), int(amount))
        for decision, likely, fraud, amount in zip(
            scored.rules_decision.whole(),
            scored.probabilities,
            scored.frauds,
            scored.amount_minor,
            strict=True,
        )
        if decision is not None
    ]
    judges = {judge.name: judge for judge in rules_effect(scored, threshold)}
    if len({fraud for _, _, fraud, _ in rows}) < 2:
        assert judges == {}
        return
    flags = {
        "rules": lambda rules, _: rules,
        "model": lambda _, model: model,
        "either": lambda rules, model: rules or model,
        "both": lambda rules, model: rules and model,
    }
    assert list(judges) == list(flags)
    frauds = sum(fraud for _, _, fraud, _ in rows)
    for name, flag in flags.items():
        flagged = [(fraud, amount) for rules, model, fraud, amount in rows if flag(rules, model)]
        judge = judges[name]
        caught = sum(fraud for fraud, _ in flagged)
        assert (judge.flagged, judge.caught) == (len(flagged), caught)
        assert judge.caught_minor == sum(amount for fraud, amount in flagged if fraud)
        assert judge.recall == pytest.approx(caught / frauds)
        assert judge.precision == pytest.approx(caught / len(flagged) if flagged else 1)
        good = len(rows) - frauds
        assert judge.false_positive_rate == pytest.approx((len(flagged) - caught) / good)


def test_without_rules_there_is_nothing_to_compare() -> None:
    scored = made_scored(1)
    assert rules_effect(replace(scored, rules_decision=texts([None] * 200)), 0.5) == []
