"""What monitoring finds of a model at work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec


class Alarm(StrEnum):
    """What may be wrong with a model at work."""

    SCORE_DRIFT = "score_drift"
    FEATURE_DRIFT = "feature_drift"
    PRECISION = "precision"
    RECALL = "recall"
    FALSE_POSITIVES = "false_positives"
    STALE_FEATURES = "stale_features"
    DIFFERENT_VECTORS = "different_vectors"


class Outcomes(msgspec.Struct, frozen=True):
    """What was said of payments beside what they turned out to be.

    Positive is what was said to be fraud. Where more payments than are read lie in the window,
    the counts of genuine ones are estimates; those of frauds are counted. A share whose
    denominator is 0 is None.
    """

    true_positives: int
    false_positives: int
    true_negatives: int
    false_negatives: int
    precision: float | None
    recall: float | None
    false_positive_rate: float | None


class Cohort(msgspec.Struct, frozen=True):
    """The payments of a time whose outcome is known.

    Args:
        begins_at, ends_at: when they were assessed.
        known: of how many it is known what they were.
        unknown: of how many it is not: they were refused or not completed, and nobody has said.
        decisions: of those that the model decided; declined and reviewed ones are positive.
        review_score, decline_score: of all that the model scored, also beside another; those
            with at least the score of the threshold are positive.
    """

    begins_at: datetime
    ends_at: datetime
    known: int
    unknown: int
    decisions: Outcomes
    review_score: Outcomes
    decline_score: Outcomes


class FeatureDrift(msgspec.Struct, frozen=True):
    """How far a feature has moved from what the model was trained on."""

    name: str
    psi: float


class Drift(msgspec.Struct, frozen=True):
    """How far payments have moved from those that the model was trained on.

    Args:
        begins_at, ends_at: when the payments were assessed.
        payments: how many were looked at.
        score_psi: of the model's score; None when it scored too few, or its document says nothing
            of its scores.
        features: those that the document describes, the furthest first.
    """

    begins_at: datetime
    ends_at: datetime
    payments: int
    score_psi: float | None
    features: list[FeatureDrift]


class FeatureDifference(msgspec.Struct, frozen=True):
    """How a feature that was served compares with the same one computed from what is stored.

    Args:
        compared: how many payments.
        differing_share: of how many of them it was another.
        missing_share: of how many exactly one of the two was missing.
        absolute_max, relative_max: the largest difference of those that were both there;
            relative to the larger of the two.
    """

    name: str
    compared: int
    differing_share: float
    missing_share: float
    absolute_max: float
    relative_max: float


class Agreement(msgspec.Struct, frozen=True):
    """Whether what was served can be computed again from what is stored.

    Args:
        payments: how many vectors were compared.
        history: how many earlier payments they were computed from.
        differing_share: of how many vectors a feature of user, instrument or device differs. Those
            of merchants and addresses are left out of it: they are shared by payments that are on
            their way at the same moment, whose order in the memory is stored nowhere.
        features: what was compared, the furthest first.
        not_compared: what the history that was read says too little of.
    """

    payments: int
    history: int
    differing_share: float | None
    features: list[FeatureDifference]
    not_compared: list[str]


class ModelReport(msgspec.Struct, frozen=True):
    """All that monitoring found of one version of a model.

    Args:
        model_version: the version, as assessments carry it.
        state: its state in the registry; None when it is not there (the rules alone).
        assessed: how many payments of the last time it decided, as far as they were looked at.
        stale_share: of how many of them features were missing because their store was.
        mature: payments old enough that silence means that they were genuine.
        young: payments since then; of these mostly frauds are known, so that their recall tells
            something and their precision does not.
        drift, agreement: see there; None where there was nothing to compare.
        alarms: what is beyond its threshold.
    """

    model_version: str
    state: str | None
    assessed: int
    stale_share: float | None
    mature: Cohort
    young: Cohort
    drift: Drift | None
    agreement: Agreement | None
    alarms: list[Alarm]


@dataclass(frozen=True, slots=True)
class FraudReport:
    """The last report of a version, a `ModelReport` as JSON. Columns of `fraud_reports`."""

    id: str
    bucket: int
    model_version: str
    report: Mapping[str, Any]
    made_at: datetime


class FraudReportView(msgspec.Struct, frozen=True):
    """A report as the API shows it."""

    object: str
    id: str
    made_at: datetime
    report: ModelReport


def report_view(record: FraudReport) -> FraudReportView:
    """One report as the API shows it."""
    return FraudReportView(
        "fraud_report", record.id, record.made_at, msgspec.convert(record.report, ModelReport)
    )
