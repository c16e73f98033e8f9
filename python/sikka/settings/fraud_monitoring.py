"""The settings of what is watched of the models of fraud."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

Flag = Annotated[bool, Meta(description="true or false")]
Count = Annotated[int, Meta(ge=1, le=1_000_000, description="a whole number of 1 to 1000000")]
Days = Annotated[float, Meta(gt=0, le=365, description="a number of days above 0, up to 365")]
Hours = Annotated[float, Meta(gt=0, le=744, description="a number of hours above 0, up to 744")]
Interval = Annotated[float, Meta(ge=10, le=86_400, description="10 to 86400 seconds")]
Share = Annotated[float, Meta(ge=0, le=1, description="a number of 0 to 1")]
Index = Annotated[float, Meta(gt=0, description="a number above 0")]


@dataclass(frozen=True, slots=True)
class FraudMonitoring:
    """What is watched, and from where on it is an alarm; null for no alarm.

    What each means stands at `sikka.fraud.monitoring.config.MonitoringConfig`.
    """

    enabled: Flag = True
    interval_s: Interval = 300.0
    livemode: Flag = True
    window_days: Days = 30.0
    recent_hours: Hours = 24.0
    payments_min: Count = 500
    frauds_min: Count = 20
    score_psi_max: Index | None = 0.25
    feature_psi_max: Index | None = 0.25
    precision_min: Share | None = None
    recall_min: Share | None = None
    false_positive_rate_max: Share | None = 0.02
    stale_share_max: Share | None = 0.01
    differing_share_max: Share | None = 0.05
