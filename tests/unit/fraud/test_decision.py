from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sikka.domain.fraud import Decision, RiskLevel
from sikka.fraud.decision import level_of, verdict_of
from sikka.fraud.lists import Listing
from sikka.fraud.rules import Severity, Violation

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
    assert verdict_of(violations, listing, 60).decision is decision


def test_nothing_found_is_a_very_low_score_without_reasons() -> None:
    verdict = verdict_of([], None, 60)
    assert (verdict.score_hundredths, verdict.level) == (2, RiskLevel.VERY_LOW)
    assert (verdict.violations, verdict.reasons) == ((), ())


def test_a_threshold_of_nothing_reviews_everything() -> None:
    assert verdict_of([], None, 0).decision is Decision.REVIEW


def test_the_gravest_comes_first_and_notes_are_reasons_but_no_violations() -> None:
    verdict = verdict_of([NOTE, REVIEW, DECLINE], BLOCKED, 60)
    assert verdict.violations == ("block_list_vpa", "decline", "review")
    assert verdict.reasons == ("Blocked.", "A refusal.", "A review.", "A note.")


@given(st.lists(st.sampled_from([NOTE, REVIEW, DECLINE]), max_size=12))
def test_the_score_stays_in_its_range_and_grows_with_every_violation(
    violations: list[Violation],
) -> None:
    scores = [verdict_of(violations[:n], None, 60).score_hundredths for n in range(13)]
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
