"""Metrics: what is observed is what Prometheus reads."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from sikka.ops.metrics import MULTIPROCESS_DIRECTORY, Metrics


def read(metrics: Metrics) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    body, content_type = metrics.render()
    assert content_type.startswith("text/plain")
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(body.decode())
        for sample in family.samples
    }


def sample(
    values: dict[tuple[str, frozenset[tuple[str, str]]], float], name: str, **labels: str
) -> float:
    return values[name, frozenset(labels.items())]


def test_a_payment_that_ended_counts_its_lifetime_by_method_and_status() -> None:
    metrics = Metrics()
    metrics("payment.created", method="UPI", status="PENDING", age_s=0.0, ended=False)
    metrics("payment.succeeded", method="UPI", status="SUCCESS", age_s=0.4, ended=True)
    values = read(metrics)
    labels = {"method": "UPI", "status": "SUCCESS"}
    assert sample(values, "payment_processing_duration_seconds_count", **labels) == 1
    assert sample(values, "payment_processing_duration_seconds_sum", **labels) == 0.4
    assert sample(values, "payment_processing_duration_seconds_bucket", le="0.5", **labels) == 1
    assert sample(values, "payment_processing_duration_seconds_bucket", le="0.25", **labels) == 0
    assert sample(values, "sikka_events_total", type="payment.created") == 1
    assert sample(values, "sikka_events_total", type="payment.succeeded") == 1


def test_a_review_counts_how_long_it_took_by_how_it_ended_and_who_ended_it() -> None:
    metrics = Metrics()
    metrics("review.ended", review="approved", by="reviewer", age_s=90.0)
    metrics("review.ended", review="expired", by="timeout", age_s=14_400.0)
    values = read(metrics)
    person = {"review": "approved", "by": "reviewer"}
    assert sample(values, "sikka_review_seconds_sum", **person) == 90.0
    assert sample(values, "sikka_review_seconds_bucket", le="60.0", **person) == 0
    assert sample(values, "sikka_review_seconds_count", review="expired", by="timeout") == 1


def test_an_assessment_counts_its_latency_by_risk_level() -> None:
    metrics = Metrics()
    metrics(
        "fraud.assessed",
        decision="APPROVE",
        risk_level="LOW",
        latency_us=120,
        features_stale=False,
    )
    values = read(metrics)
    assert sample(values, "fraud_detection_latency_seconds_sum", risk_level="LOW") == 0.00012
    labels = {"decision": "APPROVE", "features_stale": "false"}
    assert sample(values, "sikka_fraud_decisions_total", **labels) == 1


def test_rail_journal_webhook_and_http_are_measured() -> None:
    metrics = Metrics()
    metrics("rail.acknowledged", rail="npci", api="ReqPay", duration_s=0.02)
    metrics("rail.ambiguous", rail="npci", api="ReqPay")
    metrics("rail.rejected", rail="npci", api="RespPay")
    metrics("journal.group", changes=16, duration_s=0.003, queued=5)
    metrics("webhook.delivered", duration_ms=12.0)
    metrics("webhook.failed")
    metrics("payment.integrity_failure", differs="amount")
    metrics("payment.contradiction", payment_id="pay_1")
    metrics("worker.round_failed", duty="relay")
    metrics("fraud.rule_failed", phase="evaluate", rule="rul_1")
    metrics("fraud.policy_failed", error="Unavailable")
    metrics("fraud.payees_failed", error="Unavailable")
    metrics("webhook.exhausted", endpoint_id="whe_1")
    metrics("fraud.model_refused", version="v1", place="champion", error="cut short")
    metrics("api.request", method="POST", route="/v1/payments", status=201, duration_s=0.01)
    values = read(metrics)
    calls = {"rail": "npci", "api": "ReqPay"}
    assert sample(values, "sikka_rail_calls_total", outcome="acknowledged", **calls) == 1
    assert sample(values, "sikka_rail_calls_total", outcome="ambiguous", **calls) == 1
    assert sample(values, "sikka_rail_call_seconds_count", **calls) == 1
    assert (
        sample(values, "sikka_rail_callbacks_total", rail="npci", api="RespPay", outcome="rejected")
        == 1
    )
    assert sample(values, "sikka_journal_group_changes_sum") == 16
    assert sample(values, "sikka_journal_queue_changes") == 5
    assert sample(values, "sikka_webhook_deliveries_total", outcome="delivered") == 1
    assert sample(values, "sikka_webhook_delivery_seconds_sum") == 0.012
    assert sample(values, "sikka_integrity_failures_total", differs="amount") == 1
    assert sample(values, "sikka_contradictions_total") == 1
    assert sample(values, "sikka_troubles_total", what="worker.round_failed", where="relay") == 1
    assert sample(values, "sikka_troubles_total", what="webhook.exhausted", where="") == 1
    for what, where in (
        ("fraud.rule_failed", "evaluate"),
        ("fraud.policy_failed", "Unavailable"),
        ("fraud.payees_failed", "Unavailable"),
    ):
        assert sample(values, "sikka_troubles_total", what=what, where=where) == 1
    refused = {"what": "fraud.model_refused", "where": "champion"}
    assert sample(values, "sikka_troubles_total", **refused) == 1
    http = {"method": "POST", "route": "/v1/payments", "status": "201"}
    assert sample(values, "sikka_http_request_seconds_count", **http) == 1


def test_what_is_unknown_or_incomplete_is_heard_without_an_error() -> None:
    metrics = Metrics()
    metrics("moon.rose", phase="full")
    for what in ("rail.refused", "journal.group", "fraud.assessed", "webhook.delivered"):
        metrics(what)
    metrics("payment.succeeded", ended=True)
    metrics("api.request", method="x" * 100)
    values = read(metrics)
    assert (
        sample(values, "sikka_rail_calls_total", rail="unknown", api="unknown", outcome="refused")
        == 1
    )
    labels = {"method": "other", "route": "unknown", "status": "unknown"}
    assert sample(values, "sikka_http_request_seconds_count", **labels) == 1


def test_two_processes_of_one_server_are_added_up(tmp_path: Path) -> None:
    program = textwrap.dedent(
        """
        import sys
        from sikka.ops.metrics import Metrics
        metrics = Metrics()
        metrics("payment.created")
        metrics("journal.group", queued=3)
        sys.stdout.write(metrics.render()[0].decode())
        """
    )
    environ = {**os.environ, MULTIPROCESS_DIRECTORY: str(tmp_path)}
    shown = ""
    for _ in range(2):
        shown = subprocess.run(
            [sys.executable, "-c", program], env=environ, check=True, capture_output=True, text=True
        ).stdout
    assert 'sikka_events_total{type="payment.created"} 2.0' in shown
