"""Counts what was said of payments against what they turned out to be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sikka.domain.fraud.assessment import Decision
from sikka.domain.fraud.report import Cohort, Outcomes
from sikka.fraud.monitoring.sample import Weighed


@dataclass(slots=True)
class Confusion:
    """The four counts, in weights: what was called fraud (positive) and was or was not, and so on.

    The names are those of Fawcett, "An introduction to ROC analysis" (2006).
    """

    true_positives: float = 0.0
    false_positives: float = 0.0
    true_negatives: float = 0.0
    false_negatives: float = 0.0

    def count(self, *, positive: bool, fraud: bool, weight: float = 1.0) -> None:
        """Count one payment, or as many as it stands for."""
        if fraud:
            if positive:
                self.true_positives += weight
            else:
                self.false_negatives += weight
        elif positive:
            self.false_positives += weight
        else:
            self.true_negatives += weight

    def outcomes(self) -> Outcomes:
        """The counts, rounded, and the shares that are made of them."""
        return Outcomes(
            true_positives=round(self.true_positives),
            false_positives=round(self.false_positives),
            true_negatives=round(self.true_negatives),
            false_negatives=round(self.false_negatives),
            precision=share(self.true_positives, self.false_positives),
            recall=share(self.true_positives, self.false_negatives),
            false_positive_rate=share(self.false_positives, self.true_negatives),
        )


def share(part: float, rest: float) -> float | None:
    """The part of the whole that it makes with the rest; None of nothing."""
    whole = part + rest
    return part / whole if whole else None


@dataclass(frozen=True, slots=True)
class Judged:
    """A payment and the truth about it as far as it is known."""

    weighed: Weighed
    fraud: bool | None


@dataclass(slots=True)
class _Counts:
    decisions: Confusion = field(default_factory=Confusion)
    review_score: Confusion = field(default_factory=Confusion)
    decline_score: Confusion = field(default_factory=Confusion)
    known: float = 0.0
    unknown: float = 0.0


def cohort_of(
    version: str,
    payments: Iterable[Judged],
    begins_at: datetime,
    ends_at: datetime,
    *,
    review_score: float,
    decline_score: float,
) -> Cohort:
    """What became of the payments that a version judged.

    Args:
        payments: of any version.
        review_score, decline_score: the thresholds, 0 to 1; from them on a score is positive.
    """
    counts = _Counts()
    for each in payments:
        payment, weight = each.weighed.payment, each.weighed.weight
        score = payment.score(version)
        if each.fraud is None:
            if payment.model_version == version:
                counts.unknown += weight
            continue
        if payment.model_version == version:
            counts.known += weight
            positive = payment.decision is not Decision.APPROVE
            counts.decisions.count(positive=positive, fraud=each.fraud, weight=weight)
        if score is not None:
            for confusion, threshold in (
                (counts.review_score, review_score),
                (counts.decline_score, decline_score),
            ):
                confusion.count(positive=score >= threshold, fraud=each.fraud, weight=weight)
    return Cohort(
        begins_at=begins_at,
        ends_at=ends_at,
        known=round(counts.known),
        unknown=round(counts.unknown),
        decisions=counts.decisions.outcomes(),
        review_score=counts.review_score.outcomes(),
        decline_score=counts.decline_score.outcomes(),
    )


def judged(
    sample: Sequence[Weighed],
    labelled: Sequence[Weighed],
    truth: Callable[[Weighed], bool | None],
) -> list[Judged]:
    """The payments of a sample, and those with a label of their own.

    All payments with a label are read, so that each stands for itself alone, also where the
    sample holds it.

    Args:
        sample: some payments of a time.
        labelled: all payments of that time that have a label, each of weight 1.
        truth: about a payment.
    """
    named = {each.payment.payment_id for each in labelled}
    rest = [each for each in sample if each.payment.payment_id not in named]
    return [Judged(each, truth(each)) for each in (*labelled, *rest)]
