"""What is watched, how often, and from where on it is an alarm."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MonitoringConfig:
    """What an operator may set. An alarm without a bound is never raised.

    Args:
        interval_s: between two reports.
        livemode: whether live payments are watched, or test ones.
        label_delay_s: after which silence means that a payment was genuine.
        window_s: over how long outcomes are counted.
        recent_s: over how long drift is measured.
        payments_min: of fewer payments no drift and no share is an alarm.
        frauds_min: of fewer known frauds no precision and no recall is one.
        review_score_hundredths, decline_score_hundredths: the house's thresholds of the score.
        score_psi_max, feature_psi_max: the population stability index of the score, and of any
            feature. By custom above .1 something has moved, and above .25 it has moved far.
        precision_min, recall_min, false_positive_rate_max: of decisions on mature payments.
        stale_share_max: of payments that were assessed without their features.
        differing_share_max: of vectors that cannot be computed again (`Agreement`).
    """

    interval_s: float = 300.0
    livemode: bool = True
    label_delay_s: float = 30 * 86_400.0
    window_s: float = 30 * 86_400.0
    recent_s: float = 86_400.0
    payments_min: int = 500
    frauds_min: int = 20
    review_score_hundredths: int = 40
    decline_score_hundredths: int = 95
    score_psi_max: float | None = 0.25
    feature_psi_max: float | None = 0.25
    precision_min: float | None = None
    recall_min: float | None = None
    false_positive_rate_max: float | None = 0.02
    stale_share_max: float | None = 0.01
    differing_share_max: float | None = 0.05
