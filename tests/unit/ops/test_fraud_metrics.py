from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from sikka.domain.fraud.report import (
    Agreement,
    Alarm,
    Cohort,
    Drift,
    FeatureDrift,
    ModelReport,
    Outcomes,
)
from sikka.ops.metrics import MULTIPROCESS_DIRECTORY, Metrics
from tests.unit.ops.test_metrics import read, sample

AT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
NOTHING = Outcomes(0, 0, 0, 0, None, None, None)
NOBODY = Cohort(AT, AT, 0, 0, NOTHING, NOTHING, NOTHING)


def report(version: str = "m-1", **values: Any) -> ModelReport:
    decisions = Outcomes(3, 1, 95, 1, 0.75, 0.75, 0.01)
    mature = Cohort(AT, AT, 100, 0, decisions, NOTHING, NOTHING)
    features = [FeatureDrift(f"feature_{n}", 0.9 - n / 10) for n in range(9)]
    plain = ModelReport(
        version,
        "champion",
        100,
        0.02,
        mature,
        NOBODY,
        Drift(AT, AT, 100, 0.3, features),
        Agreement(25, 100, 0.04, [], []),
        [Alarm.SCORE_DRIFT],
    )
    return msgspec.structs.replace(plain, **values)


def test_reports_are_shown_by_model_with_the_features_that_moved_furthest() -> None:
    metrics = Metrics()
    metrics("fraud.monitored", reports=[report()], at=AT)
    values = read(metrics)
    assert sample(values, "sikka_fraud_precision", model="m-1") == 0.75
    assert sample(values, "sikka_fraud_recall", model="m-1") == 0.75
    assert sample(values, "sikka_fraud_false_positive_rate", model="m-1") == 0.01
    assert sample(values, "sikka_fraud_stale_share", model="m-1") == 0.02
    assert sample(values, "sikka_fraud_vectors_differ_share") == 0.04
    assert sample(values, "sikka_fraud_monitored_timestamp_seconds") == AT.timestamp()
    shown = {
        dict(labels)["feature"]: value
        for (name, labels), value in values.items()
        if name == "sikka_fraud_psi"
    }
    assert shown == {"score": 0.3, **{f"feature_{n}": 0.9 - n / 10 for n in range(5)}}
    alerts = {
        dict(labels)["what"]: value
        for (name, labels), value in values.items()
        if name == "sikka_fraud_alert"
    }
    assert alerts == {alarm.value: float(alarm is Alarm.SCORE_DRIFT) for alarm in Alarm}


def test_what_the_last_reports_do_not_say_is_not_shown() -> None:
    metrics = Metrics()
    metrics("fraud.monitored", reports=[report(), report("m-2")], at=AT)
    metrics("fraud.monitored", reports=[report("m-2", mature=NOBODY, drift=None)], at=AT)
    values = read(metrics)
    named = {
        (name, dict(labels).get("model")) for name, labels in values if "model" in dict(labels)
    }
    assert named == {("sikka_fraud_stale_share", "m-2")}
    metrics("fraud.monitored", reports=[], at=AT)
    assert sample(read(metrics), "sikka_fraud_alert", what="score_drift") == 0.0


def test_labels_that_wait_are_trouble() -> None:
    metrics = Metrics()
    metrics("fraud.labels_delayed")
    values = read(metrics)
    assert sample(values, "sikka_troubles_total", what="fraud.labels_delayed", where="") == 1


def test_in_several_processes_what_is_gone_is_no_number(tmp_path: Path) -> None:
    program = textwrap.dedent(
        """
        import sys
        from sikka.ops.metrics import Metrics
        from tests.unit.ops.test_fraud_metrics import AT, report
        metrics = Metrics()
        metrics("fraud.monitored", reports=[report()], at=AT)
        metrics("fraud.monitored", reports=[], at=AT)
        sys.stdout.write(metrics.render()[0].decode())
        """
    )
    environ = {**os.environ, MULTIPROCESS_DIRECTORY: str(tmp_path)}
    shown = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env=environ,
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[3],
    ).stdout
    assert 'sikka_fraud_precision{model="m-1"} nan' in shown.lower()
