"""How far payments and scores have moved from those that a model was trained on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from math import nan
from typing import Any

import msgspec

from sikka.domain.fraud.monitored import Monitored
from sikka.domain.fraud.report import Drift, FeatureDrift
from sikka.fraud.models.distribution import Distribution
from sikka.fraud.models.document import Reference
from sikka.fraud.monitoring.sample import Weighed


def reference_of(document: Mapping[str, Any]) -> Reference | None:
    """What was usual in the training of a model; None when its document does not say.

    Raises:
        msgspec.ValidationError: the document says it in another form.
    """
    reference = document.get("reference")
    return None if reference is None else msgspec.convert(reference, Reference)


def drift_of(
    version: str,
    reference: Reference,
    sample: Sequence[Weighed],
    begins_at: datetime,
    ends_at: datetime,
    payments_min: int,
) -> Drift:
    """Compare recent payments with those of a model's training.

    Payments whose features were not there are left out: they are counted by themselves, and would
    hide behind them how the others have moved.

    Args:
        sample: recent payments of all models, with their features.
        payments_min: with fewer payments, or fewer scores, nothing is said of the one or the
            other: the index of two equal distributions grows as payments get fewer.
    """
    fresh = [each for each in sample if not each.payment.features_stale]
    features = []
    if len(fresh) >= payments_min:
        for name, usual in reference.features.items():
            values = ((number(each.payment.features, name), each.weight) for each in fresh)
            features.append(FeatureDrift(name, stability_index(usual, values)))
    scores = [
        (score, each.weight)
        for each in fresh
        if (score := model_score(each.payment, version)) is not None
    ]
    return Drift(
        begins_at=begins_at,
        ends_at=ends_at,
        payments=len(fresh),
        score_psi=(
            stability_index(reference.score, scores) if len(scores) >= payments_min else None
        ),
        features=sorted(features, key=lambda each: (-each.psi, each.name)),
    )


def stability_index(usual: Distribution, values: Iterable[tuple[float, float]]) -> float:
    """`Distribution.stability_index` of values and their weights; NaN is what is missing."""
    counts = [0.0] * len(usual.shares)
    for value, weight in values:
        counts[usual.bin_of(value)] += weight
    return usual.stability_index(counts)


def number(features: Mapping[str, Any], name: str) -> float:
    """A feature as a number; what is missing or no number is NaN."""
    value = features.get(name)
    return float(value) if isinstance(value, int | float) else nan


def model_score(payment: Monitored, version: str) -> float | None:
    """The calibrated probability by a model; None when it was not asked."""
    asked = payment.model_score_millionths is not None or version != payment.model_version
    return payment.score(version) if asked else None
