"""What the fraud engine says about a payment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


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


@dataclass(frozen=True, slots=True)
class FraudAssessment:
    """One assessment. Columns of the table `fraud_assessments`; the score is in hundredths."""

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


@dataclass(frozen=True, slots=True)
class Review:
    """What a person decided about a payment in review. Columns of the table `reviews`."""

    id: str
    bucket: int
    payment_id: str
    decision: Decision
    reviewer: str
    note: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class FraudListEntry:
    """One value on a list. `merchant_id` None is for all merchants.

    `kind` is `block` or `allow`; `field` is `vpa`, `user_id`, `device` or `ip`.
    """

    id: str
    merchant_id: str | None
    kind: str
    field: str
    value: str
    note: str | None
    created_at: datetime
