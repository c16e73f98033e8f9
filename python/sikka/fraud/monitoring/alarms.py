"""From what was found to what somebody should look at."""

from __future__ import annotations

from collections.abc import Iterator

from sikka.domain.fraud.report import Agreement, Alarm, Cohort, Drift
from sikka.fraud.monitoring.config import MonitoringConfig


def alarms_of(
    config: MonitoringConfig,
    *,
    assessed: int,
    stale_share: float | None,
    mature: Cohort,
    drift: Drift | None,
    agreement: Agreement | None,
) -> list[Alarm]:
    """What is beyond its bound, of a version at work. The arguments are those of `ModelReport`."""
    found = [*_outcomes(config, mature)]
    if drift is not None:
        worst = drift.features[0].psi if drift.features else None
        if _above(drift.score_psi, config.score_psi_max):
            found.append(Alarm.SCORE_DRIFT)
        if _above(worst, config.feature_psi_max):
            found.append(Alarm.FEATURE_DRIFT)
    if assessed >= config.payments_min and _above(stale_share, config.stale_share_max):
        found.append(Alarm.STALE_FEATURES)
    if agreement is not None and _above(agreement.differing_share, config.differing_share_max):
        found.append(Alarm.DIFFERENT_VECTORS)
    return found


def _outcomes(config: MonitoringConfig, cohort: Cohort) -> Iterator[Alarm]:
    decisions = cohort.decisions
    frauds = decisions.true_positives + decisions.false_negatives
    if frauds >= config.frauds_min:
        if _above(config.precision_min, decisions.precision):
            yield Alarm.PRECISION
        if _above(config.recall_min, decisions.recall):
            yield Alarm.RECALL
    genuine = decisions.false_positives + decisions.true_negatives
    if genuine >= config.payments_min and _above(
        decisions.false_positive_rate, config.false_positive_rate_max
    ):
        yield Alarm.FALSE_POSITIVES


def _above(value: float | None, bound: float | None) -> bool:
    return value is not None and bound is not None and value > bound
