"""The alert rules name metrics that there are, and alarms that there are, each once."""

from __future__ import annotations

import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from sikka.domain.fraud.report import Alarm
from sikka.ops.metrics import Metrics

ROOT = Path(__file__).parents[3]
FILES = sorted((ROOT / "deploy" / "prometheus").glob("*.rules.yml"))


def rules_of(path: Path) -> list[dict[str, Any]]:
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    return [rule for group in document["groups"] for rule in group["rules"]]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_rule_is_of_a_metric_that_there_is(path: Path) -> None:
    metrics = Metrics()
    metrics("fraud.monitored", reports=[], at=datetime(2026, 11, 23, tzinfo=UTC))
    metrics("fraud.labels_delayed")
    known = set(re.findall(r"^# TYPE (\w+) ", metrics.render()[0].decode(), re.MULTILINE))
    rules = rules_of(path)
    recorded = {rule["record"] for rule in rules if "record" in rule}
    for rule in rules:
        named = re.findall(r"\bsikka[\w:]+", re.sub(r'"[^"]*"', "", rule["expr"]))
        assert named
        assert set(named) - recorded <= known
        assert "record" in rule or rule["annotations"]["summary"]


def test_every_alarm_has_its_alert() -> None:
    (path,) = [each for each in FILES if each.name == "fraud.rules.yml"]
    whats = [
        what
        for rule in rules_of(path)
        for what in re.findall(r'fraud_alert:fresh\{what="(\w+)"\}', rule["expr"])
    ]
    assert sorted(whats) == sorted(alarm.value for alarm in Alarm)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_prometheus_takes_the_rules_where_its_tool_is_installed(path: Path) -> None:
    tool = shutil.which("promtool")
    checked = [tool, "check", "rules", str(path)] if tool else ["true"]
    ended = subprocess.run(checked, check=False, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr
