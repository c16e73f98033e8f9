from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from sikka.domain.errors import InvalidRequest
from sikka.fraud.training.metrics import KIND_RECALL, metrics_of
from sikka.fraud.training.scored import Scored
from tests.unit.fraud.training.judged import SCORED, made_scored


@given(SCORED)
@settings(deadline=None)
def test_every_metric_is_a_finite_number_and_shares_are_within_bounds(scored: Scored) -> None:
    metrics = metrics_of(scored, utc_offset_s=19_800)
    assert all(np.isfinite(value) for value in metrics.values())
    counts = {"payments", "frauds"}
    assert all(0 <= value <= 1 for name, value in metrics.items() if name not in counts)
    assert metrics["payments"] == len(scored)
    assert metrics["frauds"] == scored.frauds.sum()


@given(SCORED)
@settings(deadline=None)
def test_the_threshold_flags_what_its_recall_and_precision_say(scored: Scored) -> None:
    metrics = metrics_of(scored, utc_offset_s=0)
    flagged = scored.probabilities >= metrics["threshold_at_fpr_0.1_percent"]
    caught = flagged & scored.frauds
    assert metrics["recall_at_fpr_0.1_percent"] == pytest.approx(caught.sum() / scored.frauds.sum())
    precision = caught.sum() / flagged.sum() if flagged.any() else 1
    assert metrics["precision_at_fpr_0.1_percent"] == pytest.approx(precision)
    for kind in scored.fraud_kind.values:
        of_kind = scored.fraud_kind.are(kind)
        assert metrics[f"{KIND_RECALL}{kind}"] == pytest.approx(flagged[of_kind].mean())


def test_accuracy_stands_beside_that_of_calling_nothing_fraud() -> None:
    scored = made_scored(5)
    metrics = metrics_of(scored, utc_offset_s=0)
    right = (scored.probabilities >= 0.5) == scored.frauds
    assert metrics["accuracy_at_one_half"] == pytest.approx(right.mean())
    assert metrics["accuracy_of_never_fraud"] == pytest.approx((~scored.frauds).mean())
    assert metrics["brier_of_base_rate"] == pytest.approx(np.var(scored.frauds))


@pytest.mark.parametrize("fraud", [True, False])
def test_payments_of_one_kind_judge_nothing(fraud: bool) -> None:
    alike = replace(made_scored(1), frauds=np.full(200, fraud))
    with pytest.raises(InvalidRequest, match="it takes frauds and others: take a longer period$"):
        metrics_of(alike, utc_offset_s=0)


def test_where_the_truth_is_told_the_model_is_judged_by_it_too() -> None:
    scored = made_scored(5)
    assert scored.truth is not None
    metrics = metrics_of(scored, utc_offset_s=0)
    truly = metrics_of(replace(scored, frauds=scored.truth), utc_offset_s=0)
    for name in ("base_rate", "auc", "average_precision", "recall_at_fpr_0.1_percent"):
        assert metrics[f"true_{name}"] == truly[name]
    assert metrics["true_base_rate"] > metrics["base_rate"]
    for truth in (None, np.full(200, True)):
        untold = metrics_of(replace(scored, truth=truth), utc_offset_s=0)
        assert not any(name.startswith("true_") for name in untold)
