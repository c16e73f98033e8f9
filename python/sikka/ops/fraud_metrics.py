"""What monitoring finds of the models, as gauges; alerts are made of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from math import nan
from typing import Any

from prometheus_client import CollectorRegistry, Gauge

from sikka.domain.fraud.report import Alarm, ModelReport

# The library keeps the values of one server's processes in files when this is set.
_MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"
# Of so many features of a model, those that have moved furthest, the index is shown.
FEATURES_SHOWN = 5
SCORE = "score"

Labels = tuple[str, ...]


class FraudMetrics:
    """The last reports as gauges. What a report does not say is not shown.

    Their labels are versions of models (those of the last reports alone), names of features and of
    alarms.

    Args:
        registry: where they live.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._psi = self._gauge(
            "sikka_fraud_psi",
            "Population stability index against the training: of the score, and of the features"
            " that have moved furthest.",
            ("model", "feature"),
        )
        self._precision = self._gauge(
            "sikka_fraud_precision", "Frauds among declined and reviewed payments.", ("model",)
        )
        self._recall = self._gauge(
            "sikka_fraud_recall", "Declined and reviewed payments among frauds.", ("model",)
        )
        self._false_positives = self._gauge(
            "sikka_fraud_false_positive_rate",
            "Declined and reviewed payments among genuine ones.",
            ("model",),
        )
        self._early_recall = self._gauge(
            "sikka_fraud_early_recall",
            "Declined and reviewed payments among the frauds known so far, of payments that are"
            " younger than the label delay.",
            ("model",),
        )
        self._stale = self._gauge(
            "sikka_fraud_stale_share", "Payments that were assessed without features.", ("model",)
        )
        self._differing = self._gauge(
            "sikka_fraud_vectors_differ_share",
            "Vectors that come out otherwise when they are computed again.",
            (),
        )
        self._alerts = self._gauge(
            "sikka_fraud_alert", "Whether something is beyond its bound.", ("what",)
        )
        self._monitored_at = self._gauge(
            "sikka_fraud_monitored_timestamp_seconds", "When the models were last looked at.", ()
        )
        self._shown: dict[Gauge, set[Labels]] = {}

    def show(self, facts: Mapping[str, Any]) -> None:
        """Show the reports of `fraud.monitored`, and nothing of those before.

        Args:
            facts: `reports`, a `ModelReport` each, and `at`, when they were made.
        """
        reports: Sequence[ModelReport] = facts.get("reports", ())
        at: datetime | None = facts.get("at")
        raised = {alarm for report in reports for alarm in report.alarms}
        values: tuple[tuple[Gauge, Mapping[Labels, float | None]], ...] = (
            (self._psi, _indices(reports)),
            (self._precision, _by_model(reports, lambda each: each.mature.decisions.precision)),
            (self._recall, _by_model(reports, lambda each: each.mature.decisions.recall)),
            (
                self._false_positives,
                _by_model(reports, lambda each: each.mature.decisions.false_positive_rate),
            ),
            (self._early_recall, _by_model(reports, lambda each: each.young.decisions.recall)),
            (self._stale, _by_model(reports, lambda each: each.stale_share)),
            (self._alerts, {(alarm.value,): float(alarm in raised) for alarm in Alarm}),
        )
        for gauge, shown in values:
            self._set(gauge, shown)
        self._differing.set(_differing(reports))
        if at is not None:
            self._monitored_at.set(at.timestamp())

    def _gauge(self, name: str, text: str, labels: Labels) -> Gauge:
        return Gauge(
            name, text, labels, registry=self._registry, multiprocess_mode="livemostrecent"
        )

    def _set(self, gauge: Gauge, values: Mapping[Labels, float | None]) -> None:
        there = {labels: value for labels, value in values.items() if value is not None}
        for labels in self._shown.get(gauge, set()) - there.keys():
            if _MULTIPROCESS in os.environ:
                # Values in files cannot be taken back.
                gauge.labels(*labels).set(nan)
            else:
                gauge.remove(*labels)
        for labels, value in there.items():
            gauge.labels(*labels).set(value)
        self._shown[gauge] = set(there)


def _by_model(
    reports: Iterable[ModelReport], value: Callable[[ModelReport], float | None]
) -> dict[Labels, float | None]:
    return {(each.model_version,): value(each) for each in reports}


def _indices(reports: Iterable[ModelReport]) -> dict[Labels, float | None]:
    values: dict[Labels, float | None] = {}
    for report in reports:
        if report.drift is not None:
            values[report.model_version, SCORE] = report.drift.score_psi
            for feature in report.drift.features[:FEATURES_SHOWN]:
                values[report.model_version, feature.name] = feature.psi
    return values


def _differing(reports: Iterable[ModelReport]) -> float:
    shares = [
        each.agreement.differing_share
        for each in reports
        if each.agreement is not None and each.agreement.differing_share is not None
    ]
    return max(shares, default=nan)
