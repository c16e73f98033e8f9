from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sikka.domain.fraud.assessment import Decision, RiskLevel
from sikka.fraud.decision import graver, level_of, verdict_of
from sikka.fraud.lists import Listing
from sikka.fraud.rules import Severity, Violation
from sikka.fraud.thresholds import Thresholds

USUAL = Thresholds(60, 95, None, None)
ALLOW = Violation("allow", Severity.ALLOW, 0, "A permission.")
NOTE = Violation("note", Severity.NOTE, 30, "A note.")
REVIEW = Violation("review", Severity.REVIEW, 60, "A review.")
DECLINE = Violation("decline", Severity.DECLINE, 90, "A refusal.")
ALLOWED = Listing("allow_list_vpa", Decision.APPROVE, "Allowed.")
BLOCKED = Listing("block_list_vpa", Decision.DECLINE, "Blocked.")
LISTED = Listing("review_list_vpa", Decision.REVIEW, "Listed.")


@pytest.mark.parametrize(
    ("violations", "listing", "decision"),
    [
        ([], None, Decision.APPROVE),
        ([NOTE], None, Decision.APPROVE),
        ([NOTE, NOTE, NOTE], None, Decision.REVIEW),
        ([REVIEW], None, Decision.REVIEW),
        ([REVIEW, DECLINE], None, Decision.DECLINE),
        ([ALLOW, DECLINE, REVIEW], None, Decision.APPROVE),
        ([ALLOW], BLOCKED, Decision.APPROVE),
        ([DECLINE], ALLOWED, Decision.APPROVE),
        ([], BLOCKED, Decision.DECLINE),
        ([REVIEW], BLOCKED, Decision.DECLINE),
        ([], LISTED, Decision.REVIEW),
        ([DECLINE], LISTED, Decision.DECLINE),
    ],
)
def test_allow_outweighs_block_outweighs_review(
    violations: list[Violation], listing: Listing | None, decision: Decision
) -> None:
    assert verdict_of(violations, listing, USUAL).decision is decision


def test_nothing_found_is_a_very_low_score_without_reasons() -> None:
    verdict = verdict_of([], None, USUAL)
    assert (verdict.score_hundredths, verdict.level) == (1, RiskLevel.VERY_LOW)
    assert (verdict.violations, verdict.reasons) == ((), ())


def test_a_threshold_of_nothing_reviews_everything() -> None:
    assert verdict_of([], None, Thresholds(0, 101, None, None)).decision is Decision.REVIEW


def test_the_gravest_comes_first_and_notes_are_reasons_but_no_violations() -> None:
    verdict = verdict_of([NOTE, REVIEW, DECLINE], BLOCKED, USUAL)
    assert verdict.violations == ("block_list_vpa", "decline", "review")
    assert verdict.reasons == ("Blocked.", "A refusal.", "A review.", "A note.")


@given(st.lists(st.sampled_from([NOTE, REVIEW, DECLINE]), max_size=12))
def test_the_score_stays_in_its_range_and_grows_with_every_violation(
    violations: list[Violation],
) -> None:
    scores = [verdict_of(violations[:n], None, USUAL).score_hundredths for n in range(13)]
    assert scores == sorted(scores)
    assert scores[0] >= 0
    assert scores[-1] <= 100


@pytest.mark.parametrize(
    ("score", "level"),
    [
        (0, RiskLevel.VERY_LOW), (9, RiskLevel.VERY_LOW), (10, RiskLevel.LOW),
        (30, RiskLevel.MEDIUM), (60, RiskLevel.HIGH), (80, RiskLevel.VERY_HIGH),
        (100, RiskLevel.VERY_HIGH),
    ],
)  # fmt: skip
def test_the_levels_have_their_bounds(score: int, level: RiskLevel) -> None:
    assert level_of(score) is level


@pytest.mark.parametrize(
    ("probability", "decision", "hundredths"),
    [
        (0.0, Decision.APPROVE, 0), (0.5999, Decision.APPROVE, 59), (0.6, Decision.REVIEW, 60),
        (0.9499, Decision.REVIEW, 94), (0.95, Decision.DECLINE, 95), (1.0, Decision.DECLINE, 100),
    ],
)  # fmt: skip
def test_a_models_probability_is_the_score_and_its_thresholds_decide(
    probability: float, decision: Decision, hundredths: int
) -> None:
    verdict = verdict_of([], None, USUAL, probability)
    assert (verdict.decision, verdict.score_hundredths) == (decision, hundredths)
    assert bool(verdict.reasons) == (decision is not Decision.APPROVE)


def test_a_score_says_which_threshold_it_has_reached() -> None:
    assert verdict_of([], None, USUAL, 0.7).reasons == (
        "The score 0.70 reaches 0.60, from which a person looks at payments.",
    )
    assert verdict_of([], None, USUAL, 0.99).reasons == (
        "The score 0.99 reaches 0.95, from which payments are refused.",
    )


def test_beside_a_model_notes_are_words_and_move_no_score() -> None:
    verdict = verdict_of([NOTE, NOTE, NOTE], None, USUAL, 0.01)
    assert (verdict.score_hundredths, verdict.decision) == (1, Decision.APPROVE)
    assert verdict.reasons == ("A note.",) * 3
    assert verdict_of([REVIEW], None, USUAL, 0.01).score_hundredths == 60


def test_a_rule_that_refuses_does_so_whatever_the_model_says() -> None:
    assert verdict_of([DECLINE], None, USUAL, 0.0).decision is Decision.DECLINE


def test_a_score_out_of_reach_decides_nothing() -> None:
    never = Thresholds(101, 101, None, None)
    assert verdict_of([], None, never, 1.0).decision is Decision.APPROVE


@given(st.floats(0, 1), st.integers(0, 101), st.integers(0, 101))
def test_a_score_decides_exactly_when_the_chance_reaches_a_threshold(
    probability: float, review: int, decline: int
) -> None:
    decision = verdict_of([], None, Thresholds(review, decline, None, None), probability).decision
    hundredths = int(probability * 100 + 1e-9)
    expected = Decision.REVIEW if hundredths >= review else Decision.APPROVE
    assert decision is (Decision.DECLINE if hundredths >= decline else expected)


def test_the_graver_of_two_decisions() -> None:
    order = [Decision.APPROVE, Decision.REVIEW, Decision.DECLINE]
    for first in order:
        for second in order:
            assert order.index(graver(first, second)) == max(
                order.index(first), order.index(second)
            )
