"""What the rules look at: the payment, its features, its score, and the merchant's thresholds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sikka.domain.fraud.assessment import RiskRequest
from sikka.fraud.thresholds import Thresholds


@dataclass(frozen=True, slots=True)
class Facts:
    """One payment as the rules see it.

    Args:
        request: the payment, its device and place.
        features: the vector by the names of `sikka_core.SCHEMA`; a missing feature is absent.
        score: the calibrated chance of fraud by the deciding model, 0 to 1; None without one.
        thresholds: of the merchant.
    """

    request: RiskRequest
    features: Mapping[str, float]
    score: float | None
    thresholds: Thresholds
