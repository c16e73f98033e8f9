"""From broken rules and lists to a score, a level, a decision and reasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sikka.domain.fraud import Decision, RiskLevel
from sikka.fraud.lists import Listing
from sikka.fraud.rules import Severity, Violation

# What remains when nothing speaks against a payment.
BASE_HUNDREDTHS = 2
_LISTED_HUNDREDTHS = {Decision.APPROVE: 0, Decision.REVIEW: 60, Decision.DECLINE: 95}
_LEVELS = (
    (80, RiskLevel.VERY_HIGH),
    (60, RiskLevel.HIGH),
    (30, RiskLevel.MEDIUM),
    (10, RiskLevel.LOW),
    (0, RiskLevel.VERY_LOW),
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The engine's word on one payment."""

    score_hundredths: int
    level: RiskLevel
    decision: Decision
    violations: tuple[str, ...]
    reasons: tuple[str, ...]


def verdict_of(
    violations: Sequence[Violation], listing: Listing | None, review_score_hundredths: int
) -> Verdict:
    """Combine what was found.

    An allow list outweighs everything; then come blocks, then reviews. The score is the chance
    that at least one of the signals is right, as if they were independent.
    """
    if not violations and listing is None and review_score_hundredths > BASE_HUNDREDTHS:
        return _NOTHING_FOUND
    ordered = sorted(violations, key=_gravity)
    names = tuple(each.name for each in ordered if each.severity is not Severity.NOTE)
    reasons = tuple(each.reason for each in ordered)
    weights = [each.weight_hundredths for each in violations]
    if listing is not None:
        weights.append(_LISTED_HUNDREDTHS[listing.decision])
        names, reasons = (listing.name, *names), (listing.reason, *reasons)
    score = _combined(weights)
    decision = _decision(violations, score, review_score_hundredths)
    if listing is not None and (
        listing.decision is not Decision.REVIEW or decision is Decision.APPROVE
    ):
        decision = listing.decision
    return Verdict(score, level_of(score), decision, names, reasons)


def level_of(score_hundredths: int) -> RiskLevel:
    """The score in words."""
    return next(level for least, level in _LEVELS if score_hundredths >= least)


def _gravity(violation: Violation) -> tuple[int, int]:
    return (-violation.severity, -violation.weight_hundredths)


def _combined(weights_hundredths: Sequence[int]) -> int:
    innocent = 1.0 - BASE_HUNDREDTHS / 100
    for weight in weights_hundredths:
        innocent *= 1.0 - weight / 100
    return min(100, round(100 * (1.0 - innocent)))


def _decision(
    violations: Sequence[Violation], score: int, review_score_hundredths: int
) -> Decision:
    gravest = max((each.severity for each in violations), default=Severity.NOTE)
    if gravest is Severity.DECLINE:
        return Decision.DECLINE
    if gravest is Severity.REVIEW or score >= review_score_hundredths:
        return Decision.REVIEW
    return Decision.APPROVE


_NOTHING_FOUND = Verdict(
    BASE_HUNDREDTHS, level_of(BASE_HUNDREDTHS), Decision.APPROVE, violations=(), reasons=()
)
