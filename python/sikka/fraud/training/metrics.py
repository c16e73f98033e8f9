"""The numbers that a model is judged by, under the names that its document has."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sikka.domain.errors import InvalidRequest
from sikka.fraud.training import ranking
from sikka.fraud.training.reliability import brier, reliability_of
from sikka.fraud.training.scored import Scored

HALF = 0.5
KIND_RECALL = "recall_at_fpr_0.1_percent.kind."


def metrics_of(scored: Scored, *, utc_offset_s: int) -> dict[str, float]:
    """Judge a model by payments whose labels are known.

    Accuracy never stands without that of calling nothing fraud, which is the share of good
    payments. `threshold_at_fpr_0.1_percent` is the probability at which one good payment in a
    thousand is flagged, and `recall_...` what this catches, of all frauds and of each kind.

    Where the truth is told, the `true_` ones are what labels would have shown had every fraud
    become known.

    Args:
        scored: the payments.
        utc_offset_s: of the clock whose midnight ends a day.

    Raises:
        InvalidRequest: there are no frauds among the payments, or nothing else.
    """
    frauds = int(scored.frauds.sum())
    if frauds in (0, len(scored)):
        raise InvalidRequest(
            message=f"there are {len(scored)} labelled payments to judge by and {frauds} frauds"
            " among them; it takes frauds and others: take a longer period",
            param="fraud",
        )
    recall, margin = ranking.recall_at_false_positive_rate(scored)
    flagged = scored.margins >= margin
    # Beyond every payment where not even the first may be flagged.
    threshold = float(scored.probabilities[flagged].min()) if flagged.any() else 1.0
    called = scored.probabilities >= HALF
    rate = scored.base_rate
    metrics = {
        "payments": float(len(scored)),
        "frauds": float(frauds),
        "base_rate": rate,
        "auc": ranking.auc(scored),
        "average_precision": ranking.average_precision(scored),
        "card_precision_at_100": ranking.card_precision(scored, utc_offset_s=utc_offset_s),
        "recall_at_fpr_0.1_percent": recall,
        "precision_at_fpr_0.1_percent": (
            float(scored.frauds[flagged].mean()) if flagged.any() else 1.0
        ),
        "threshold_at_fpr_0.1_percent": threshold,
        "accuracy_at_one_half": float((called == scored.frauds).mean()),
        "accuracy_of_never_fraud": 1 - rate,
        "brier": brier(scored),
        "brier_of_base_rate": rate * (1 - rate),
        "expected_calibration_error": reliability_of(scored).error,
    }
    metrics |= _in_truth(scored)
    for kind in scored.fraud_kind.values:
        of_kind = scored.fraud_kind.are(kind) & scored.frauds
        if of_kind.any():
            metrics[f"{KIND_RECALL}{kind}"] = float(np.mean(flagged[of_kind]))
    return metrics


def _in_truth(scored: Scored) -> dict[str, float]:
    if scored.truth is None or scored.truth.sum() in (0, len(scored)):
        return {}
    truly = replace(scored, frauds=scored.truth)
    return {
        "true_base_rate": truly.base_rate,
        "true_auc": ranking.auc(truly),
        "true_average_precision": ranking.average_precision(truly),
        "true_recall_at_fpr_0.1_percent": ranking.recall_at_false_positive_rate(truly)[0],
    }
