"""What the fraud engine says about a payment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sikka.domain.payment import PaymentMethod


class Decision(StrEnum):
    """What happens to the payment."""

    APPROVE = "APPROVE"
    DECLINE = "DECLINE"
    REVIEW = "REVIEW"


class RiskLevel(StrEnum):
    """The score in words."""

    VERY_LOW = "VERY_LOW"
    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"
    VERY_HIGH = "VERY_HIGH"


@dataclass(frozen=True, slots=True)
class Device:
    """What the merchant knows of the customer's device; every part may be missing."""

    fingerprint: str | None = None
    ip: str | None = None
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True)
class RiskRequest:
    """A payment as the engine sees it. `instrument` is the payer's VPA or a card fingerprint.

    `attempt` is one per merchant and idempotency key: whatever is assessed twice under it (a
    client's concurrent retries) counts once in the windows.
    """

    payment_id: str
    attempt: str
    merchant_id: str
    user_id: str
    instrument: str | None
    amount_minor: int
    currency: str
    device: Device
    at: datetime
    livemode: bool = True
    method: PaymentMethod = PaymentMethod.UPI


@dataclass(frozen=True, slots=True)
class FraudAssessment:
    """One assessment. Columns of the table `fraud_assessments`; the score is in hundredths.

    Args:
        model_version: of the model that decided, or of the rules when no model took part.
        model_score_millionths: the calibrated chance of fraud by that model; None without one.
        challenger_version, challenger_score_millionths: of the model that was asked beside it.
        shadow: what the rules in shadow would have said: `{"rule": name, "decision": word}` each.
        instrument, device_fingerprint, ip_address, latitude_microdegrees,
            longitude_microdegrees: what the features were computed from, beside the payment, so
            that they can be computed again.
        revision: of the rules, lists, thresholds and models that decided.
    """

    id: str
    bucket: int
    payment_id: str
    risk_score_hundredths: int
    risk_level: RiskLevel
    model_version: str
    features: Mapping[str, Any]
    violations: Sequence[str]
    reasons: Sequence[str]
    decision: Decision
    latency_us: int
    features_stale: bool
    processed_at: datetime
    model_score_millionths: int | None = None
    challenger_version: str | None = None
    challenger_score_millionths: int | None = None
    shadow: Sequence[Mapping[str, Any]] | None = None
    instrument: str | None = None
    device_fingerprint: str | None = None
    ip_address: str | None = None
    latitude_microdegrees: int | None = None
    longitude_microdegrees: int | None = None
    revision: int | None = None
