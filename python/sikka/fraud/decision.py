"""From scores, rules and lists to a risk score, a level, a decision and reasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor

from sikka.domain.fraud.assessment import Decision, RiskLevel
from sikka.fraud.lists import Listing
from sikka.fraud.rules import Severity, Violation
from sikka.fraud.thresholds import Thresholds

# What remains when nothing speaks against a payment and no model has judged it.
BASE_HUNDREDTHS = 1
_LISTED_HUNDREDTHS = {Decision.APPROVE: 0, Decision.REVIEW: 60, Decision.DECLINE: 95}
_LEVELS = (
    (80, RiskLevel.VERY_HIGH),
    (60, RiskLevel.HIGH),
    (30, RiskLevel.MEDIUM),
    (10, RiskLevel.LOW),
    (0, RiskLevel.VERY_LOW),
)
# Graver decisions are further on.
_GRAVITY = (Decision.APPROVE, Decision.REVIEW, Decision.DECLINE)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The engine's word on one payment."""

    score_hundredths: int
    level: RiskLevel
    decision: Decision
    violations: tuple[str, ...]
    reasons: tuple[str, ...]


def verdict_of(
    violations: Sequence[Violation],
    listing: Listing | None,
    thresholds: Thresholds,
    probability: float | None = None,
) -> Verdict:
    """Combine what was found, in the order allow, block, review.

    The score is the chance that at least one of the signals is right, as if they were
    independent. A model has already weighed what the notes say, so beside one they are words
    and no signals.

    Args:
        violations: the broken rules.
        listing: the list that decides about the payment, if one does.
        thresholds: of the merchant.
        probability: the model's calibrated chance of fraud; None without a model.
    """
    ordered = sorted(violations, key=_gravity)
    names = tuple(each.name for each in ordered if each.severity is not Severity.NOTE)
    reasons = tuple(each.reason for each in ordered)
    weights = [
        each.weight_hundredths
        for each in violations
        if probability is None or each.severity is not Severity.NOTE
    ]
    if listing is not None:
        weights.append(_LISTED_HUNDREDTHS[listing.decision])
        names, reasons = (listing.name, *names), (listing.reason, *reasons)
    score = _combined(weights, BASE_HUNDREDTHS / 100 if probability is None else probability)
    by_rules = _by_rules(violations)
    by_score, words = _by_score(score, thresholds)
    decision = graver(by_score, by_rules)
    if decision is not by_rules:
        reasons = (*reasons, words)
    if listing is not None and (
        listing.decision is not Decision.REVIEW or decision is Decision.APPROVE
    ):
        decision = listing.decision
    if any(each.severity is Severity.ALLOW for each in violations):
        decision = Decision.APPROVE
    return Verdict(score, level_of(score), decision, names, reasons)


def level_of(score_hundredths: int) -> RiskLevel:
    """The score in words."""
    return next(level for least, level in _LEVELS if score_hundredths >= least)


def graver(first: Decision, second: Decision) -> Decision:
    """The graver of two decisions."""
    return max(first, second, key=_GRAVITY.index)


def _gravity(violation: Violation) -> tuple[int, int]:
    return (-violation.severity, -violation.weight_hundredths)


def _combined(weights_hundredths: Sequence[int], base: float) -> int:
    innocent = 1.0 - base
    for weight in weights_hundredths:
        innocent *= 1.0 - weight / 100
    # Never rounded up: a score reaches a threshold when the chance does.
    return min(100, floor(100 * (1.0 - innocent) + 1e-9))


def _by_score(score: int, thresholds: Thresholds) -> tuple[Decision, str]:
    if score >= thresholds.decline_score_hundredths:
        least, what = thresholds.decline_score_hundredths, "payments are refused"
        decision = Decision.DECLINE
    elif score >= thresholds.review_score_hundredths:
        least, what = thresholds.review_score_hundredths, "a person looks at payments"
        decision = Decision.REVIEW
    else:
        return Decision.APPROVE, ""
    return decision, f"The score {score / 100:.2f} reaches {least / 100:.2f}, from which {what}."


def _by_rules(violations: Sequence[Violation]) -> Decision:
    gravest = max((each.severity for each in violations), default=Severity.NOTE)
    if gravest is Severity.DECLINE:
        return Decision.DECLINE
    return Decision.REVIEW if gravest is Severity.REVIEW else Decision.APPROVE
