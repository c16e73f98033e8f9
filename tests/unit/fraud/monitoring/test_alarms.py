from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sikka.domain.fraud.report import (
    Agreement,
    Alarm,
    Cohort,
    Drift,
    FeatureDrift,
    Outcomes,
)
from sikka.fraud.monitoring.alarms import alarms_of
from sikka.fraud.monitoring.config import MonitoringConfig
from tests.unit.fraud.monitoring.made import NOW

CONFIG = MonitoringConfig(precision_min=0.3, recall_min=0.5)
NOTHING = Outcomes(0, 0, 0, 0, None, None, None)


def outcomes(tp: int, fp: int, tn: int, fn: int) -> Outcomes:
    return Outcomes(tp, fp, tn, fn, tp / (tp + fp), tp / (tp + fn), fp / (fp + tn))


def found(config: MonitoringConfig = CONFIG, **values: Any) -> list[Alarm]:
    decisions = values.pop("decisions", outcomes(15, 10, 10_000, 10))
    mature = Cohort(NOW, NOW, 0, 0, decisions, NOTHING, NOTHING)
    fields = {
        "assessed": 1_000,
        "stale_share": 0.001,
        "mature": mature,
        "drift": Drift(NOW, NOW, 1_000, 0.1, [FeatureDrift("amount", 0.2)]),
        "agreement": Agreement(25, 100, 0.04, [], []),
    }
    return alarms_of(config, **{**fields, **values})


def test_nothing_is_raised_while_all_is_within_its_bounds() -> None:
    assert found() == []
    assert found(drift=None, agreement=None, stale_share=None) == []


@pytest.mark.parametrize(
    ("values", "alarm"),
    [
        ({"drift": Drift(NOW, NOW, 9, 0.26, [])}, Alarm.SCORE_DRIFT),
        ({"drift": Drift(NOW, NOW, 9, None, [FeatureDrift("a", 0.3)])}, Alarm.FEATURE_DRIFT),
        ({"stale_share": 0.02}, Alarm.STALE_FEATURES),
        ({"agreement": Agreement(25, 100, 0.08, [], [])}, Alarm.DIFFERENT_VECTORS),
        ({"decisions": outcomes(15, 85, 10_000, 10)}, Alarm.PRECISION),
        ({"decisions": outcomes(10, 10, 10_000, 15)}, Alarm.RECALL),
        ({"decisions": outcomes(700, 300, 10_000, 10)}, Alarm.FALSE_POSITIVES),
    ],
)
def test_what_is_beyond_its_bound_is_raised_and_can_be_switched_off(
    values: dict[str, Any], alarm: Alarm
) -> None:
    assert found(**values) == [alarm]
    off = replace(
        CONFIG,
        score_psi_max=None,
        feature_psi_max=None,
        precision_min=None,
        recall_min=None,
        false_positive_rate_max=None,
        stale_share_max=None,
        differing_share_max=None,
    )
    assert found(off, **values) == []


def test_few_payments_and_few_frauds_raise_nothing() -> None:
    assert found(assessed=10, stale_share=1.0) == []
    assert found(decisions=outcomes(1, 18, 10_000, 18)) == []
    assert found(decisions=outcomes(5, 300, 100, 5)) == []
