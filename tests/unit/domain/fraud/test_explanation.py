from __future__ import annotations

import json
from typing import Any

import pytest

from sikka.domain.fraud.assessment import Decision, FraudAssessment, RiskLevel
from sikka.domain.fraud.explanation import explanation, score_millionths_text
from sikka.domain.views import assessment_view, encode
from tests.unit.domain.records import AT, PAYMENT_ID


def assessment(**values: Any) -> FraudAssessment:
    """An approved payment that nothing spoke against, by rules alone."""
    fields: dict[str, Any] = {
        "id": "frd_1",
        "bucket": 7,
        "payment_id": PAYMENT_ID,
        "risk_score_hundredths": 2,
        "risk_level": RiskLevel.VERY_LOW,
        "model_version": "rules-1",
        "features": {"amount": 129_900},
        "violations": (),
        "reasons": (),
        "decision": Decision.APPROVE,
        "latency_us": 90,
        "features_stale": False,
        "processed_at": AT,
    }
    return FraudAssessment(**{**fields, **values})


def test_rules_alone_say_so() -> None:
    assert explanation(assessment()) == (
        "The payment was approved: a very low risk of 0.02, from 0.00 to 1.00.",
        "No model took part; the rules decided alone.",
        "Nothing spoke against it.",
    )


def test_everything_that_was_said_is_told_in_its_order() -> None:
    said = explanation(
        assessment(
            decision=Decision.DECLINE,
            risk_level=RiskLevel.VERY_HIGH,
            risk_score_hundredths=97,
            model_version="v3",
            model_score_millionths=912_345,
            features_stale=True,
            reasons=("The device was never seen before, which raises the risk.",),
            challenger_version="v4",
            challenger_score_millionths=700,
            shadow=(
                {"rule": "night_owl", "decision": "REVIEW"},
                {"model": "v5", "score_millionths": 20_000},
                {"model": "v6", "score_millionths": None},
            ),
        )
    )
    assert said == (
        "The payment was refused: a very high risk of 0.97, from 0.00 to 1.00.",
        "The model v3 put the chance of fraud at 91.2 %.",
        "What was known of earlier payments could not be looked at in time.",
        "The device was never seen before, which raises the risk.",
        "The model v4, asked beside it, put it at below 0.1 %.",
        "In shadow, by the rule night_owl it would have been held for a person.",
        "In shadow, the model v5 put the chance of fraud at 2.0 %.",
        "In shadow, the model v6 could not say.",
    )


@pytest.mark.parametrize("decision", Decision)
@pytest.mark.parametrize("level", RiskLevel)
def test_every_decision_at_every_level_is_a_sentence(decision: Decision, level: RiskLevel) -> None:
    first = explanation(assessment(decision=decision, risk_level=level))[0]
    assert first.startswith("The payment was ")
    assert first.endswith(".")


@pytest.mark.parametrize(
    ("millionths", "text"),
    [(None, None), (0, "0.000000"), (12_345, "0.012345"), (1_000_000, "1.000000")],
)
def test_a_score_in_millionths_is_a_decimal_text(millionths: int | None, text: str | None) -> None:
    assert score_millionths_text(millionths) == text


def test_the_view_of_an_assessment_has_scores_and_sentences() -> None:
    made = assessment(
        model_version="v3",
        model_score_millionths=12_345,
        challenger_version="v4",
        challenger_score_millionths=7,
        shadow=({"model": "v5", "score_millionths": 20_000},),
    )
    shown = json.loads(encode(assessment_view(made)))
    assert (shown["model_version"], shown["model_score"]) == ("v3", "0.012345")
    assert shown["challenger"] == {"version": "v4", "score": "0.000007"}
    assert shown["shadow"] == [{"model": "v5", "score_millionths": 20_000}]
    assert shown["explanation"] == list(explanation(made))


def test_the_view_of_an_assessment_by_rules_alone_has_no_scores() -> None:
    shown = json.loads(encode(assessment_view(assessment())))
    assert (shown["model_score"], shown["challenger"], shown["shadow"]) == (None, None, [])
