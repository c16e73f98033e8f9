"""Prometheus metrics, fed by what the parts of the gateway tell their observer."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from sikka.ops.fraud_metrics import FraudMetrics

# Where the processes of one server leave their values for each other. The client library reads
# the variable when it is imported: the supervisor sets it before it starts the workers.
MULTIPROCESS_DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"

_LIFETIME_S = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1_800, 7_200)
_REVIEW_S = (10, 30, 60, 180, 600, 1_800, 3_600, 7_200, 14_400, 28_800, 86_400)
_CALL_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_SCORING_S = (
    0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5,
)  # fmt: skip
_GROUP_CHANGES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024)

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

Facts = Mapping[str, Any]


class Metrics:
    """An observer that counts and measures.

    Facts that it does not know are left out; a fact that is missing counts under the label
    `unknown`. Labels hold names from our own code alone, never a merchant's or customer's text.

    Args:
        registry: where the metrics live; one of its own if None.
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self._payment_lifetime = self._histogram(
            "payment_processing_duration_seconds",
            "From a payment's creation to its final status.",
            ("method", "status"),
            _LIFETIME_S,
        )
        self._events = self._counter("sikka_events", "Committed events.", ("type",))
        self._group_changes = self._histogram(
            "sikka_journal_group_changes", "Changes in one transaction.", (), _GROUP_CHANGES
        )
        self._group_latency = self._histogram(
            "sikka_journal_group_seconds", "One transaction of the journal.", (), _CALL_S
        )
        self._queue = Gauge(
            "sikka_journal_queue_changes",
            "Changes that wait for the journal.",
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self._make_rail_metrics()
        self._troubles = self._counter(
            "sikka_troubles",
            "What went wrong inside and was dealt with, by what and where.",
            ("what", "where"),
        )
        self._requests = self._histogram(
            "sikka_http_request_seconds",
            "One HTTP request.",
            ("method", "route", "status"),
            _CALL_S,
        )
        self._make_fraud_metrics()
        self._fraud = FraudMetrics(self.registry)
        self._hears = self._by_name()

    def _make_rail_metrics(self) -> None:
        self._rail_calls = self._counter(
            "sikka_rail_calls", "Requests to a rail.", ("rail", "api", "outcome")
        )
        self._rail_latency = self._histogram(
            "sikka_rail_call_seconds", "One request to a rail.", ("rail", "api"), _CALL_S
        )
        self._callbacks = self._counter(
            "sikka_rail_callbacks", "Messages from a rail.", ("rail", "api", "outcome")
        )
        self._deliveries = self._counter(
            "sikka_webhook_deliveries", "Attempts to deliver a webhook.", ("outcome",)
        )
        self._delivery_latency = self._histogram(
            "sikka_webhook_delivery_seconds", "One attempt to deliver a webhook.", (), _CALL_S
        )
        self._integrity = self._counter(
            "sikka_integrity_failures",
            "Answers of a rail that differ from the payment, by what differs.",
            ("differs",),
        )
        self._contradictions = self._counter(
            "sikka_contradictions", "Answers of a rail that contradict what it said before.", ()
        )

    def _make_fraud_metrics(self) -> None:
        self._fraud_latency = self._histogram(
            "fraud_detection_latency_seconds",
            "One fraud assessment.",
            ("risk_level",),
            _SCORING_S,
        )
        self._decisions = self._counter(
            "sikka_fraud_decisions", "Fraud assessments.", ("decision", "features_stale")
        )
        self._reviews = self._histogram(
            "sikka_review_seconds",
            "From holding a payment to the end of its review, by how it ended and who ended it.",
            ("review", "by"),
            _REVIEW_S,
        )

    def _by_name(self) -> dict[str, Callable[[Facts], None]]:
        """What is done about each thing that is heard."""
        return {
            "api.request": self._requested,
            "fraud.assessed": self._assessed,
            "review.ended": self._reviewed,
            "journal.group": self._grouped,
            "rail.acknowledged": self._rail("acknowledged"),
            "rail.refused": self._rail("refused"),
            "rail.ambiguous": self._rail("ambiguous"),
            "rail.not_sent": self._rail("not_sent"),
            "rail.verified": self._callback("verified"),
            "rail.rejected": self._callback("rejected"),
            "webhook.delivered": self._delivery("delivered"),
            "webhook.failed": self._delivery("failed"),
            "payment.integrity_failure": lambda facts: self._integrity.labels(
                _label(facts, "differs")
            ).inc(),
            "payment.contradiction": lambda _facts: self._contradictions.inc(),
            "refund.contradiction": lambda _facts: self._contradictions.inc(),
            "journal.failed": self._trouble("journal.failed", "failure"),
            "worker.round_failed": self._trouble("worker.round_failed", "duty"),
            "worker.item_failed": self._trouble("worker.item_failed", "duty"),
            "webhook.exhausted": self._trouble("webhook.exhausted"),
            "webhook.relay_failed": self._trouble("webhook.relay_failed"),
            "fraud.monitored": self._fraud.show,
            "fraud.labels_delayed": self._trouble("fraud.labels_delayed"),
            "rate_limit.fallback": self._trouble("rate_limit.fallback", "error"),
            "fraud.model_refused": self._trouble("fraud.model_refused", "place"),
            "fraud.rule_failed": self._trouble("fraud.rule_failed", "phase"),
            "fraud.policy_failed": self._trouble("fraud.policy_failed", "error"),
            "fraud.payees_failed": self._trouble("fraud.payees_failed", "error"),
        }

    def __call__(self, what: str, /, **facts: Any) -> None:
        """Hear one fact. See `sikka.ports.Observer`."""
        hears = self._hears.get(what)
        if hears is not None:
            hears(facts)
        if what.startswith(("payment.", "refund.")):
            self._event(what, facts)

    def render(self) -> tuple[bytes, str]:
        """What `/metrics` answers, and its type: the sum over all processes of the server."""
        if MULTIPROCESS_DIRECTORY not in os.environ:
            return generate_latest(self.registry), CONTENT_TYPE_LATEST
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return generate_latest(together), CONTENT_TYPE_LATEST

    def _histogram(
        self, name: str, text: str, labels: tuple[str, ...], buckets: tuple[float, ...]
    ) -> Histogram:
        return Histogram(name, text, labels, buckets=buckets, registry=self.registry)

    def _counter(self, name: str, text: str, labels: tuple[str, ...]) -> Counter:
        return Counter(name, text, labels, registry=self.registry)

    def _event(self, what: str, facts: Facts) -> None:
        self._events.labels(what).inc()
        if facts.get("ended") and what.startswith("payment.") and "age_s" in facts:
            labels = self._payment_lifetime.labels(_label(facts, "method"), _label(facts, "status"))
            labels.observe(facts["age_s"])

    def _requested(self, facts: Facts) -> None:
        # A method that HTTP does not know would be a label of the caller's making.
        method = facts.get("method") if facts.get("method") in _METHODS else "other"
        labels = self._requests.labels(method, _label(facts, "route"), _label(facts, "status"))
        labels.observe(facts.get("duration_s", 0.0))

    def _assessed(self, facts: Facts) -> None:
        self._decisions.labels(_label(facts, "decision"), _label(facts, "features_stale")).inc()
        if "latency_us" in facts:
            labels = self._fraud_latency.labels(_label(facts, "risk_level"))
            labels.observe(facts["latency_us"] / 1e6)

    def _reviewed(self, facts: Facts) -> None:
        labels = self._reviews.labels(_label(facts, "review"), _label(facts, "by"))
        labels.observe(facts.get("age_s", 0.0))

    def _grouped(self, facts: Facts) -> None:
        if "changes" in facts:
            self._group_changes.observe(facts["changes"])
        if "duration_s" in facts:
            self._group_latency.observe(facts["duration_s"])
        if "queued" in facts:
            self._queue.set(facts["queued"])

    def _rail(self, outcome: str) -> Callable[[Facts], None]:
        def hear(facts: Facts) -> None:
            rail, api = _label(facts, "rail"), _label(facts, "api")
            self._rail_calls.labels(rail, api, outcome).inc()
            if "duration_s" in facts:
                self._rail_latency.labels(rail, api).observe(facts["duration_s"])

        return hear

    def _callback(self, outcome: str) -> Callable[[Facts], None]:
        return lambda facts: self._callbacks.labels(
            _label(facts, "rail"), _label(facts, "api"), outcome
        ).inc()

    def _delivery(self, outcome: str) -> Callable[[Facts], None]:
        def hear(facts: Facts) -> None:
            self._deliveries.labels(outcome).inc()
            if "duration_ms" in facts:
                self._delivery_latency.observe(facts["duration_ms"] / 1e3)

        return hear

    def _trouble(self, what: str, where: str | None = None) -> Callable[[Facts], None]:
        def hear(facts: Facts) -> None:
            self._troubles.labels(what, _label(facts, where) if where else "").inc()

        return hear


def forget_process(pid: int, directory: str) -> None:
    """Drop the gauges of a process that has ended; its counters go on counting."""
    mark_process_dead(pid, directory)  # type: ignore[no-untyped-call]


def _label(facts: Facts, name: str) -> str:
    value = facts.get(name)
    if value is None:
        return "unknown"
    return str(value).lower() if isinstance(value, bool) else str(value)
