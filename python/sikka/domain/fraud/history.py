"""Assessed payments as they were, for whoever computes their features again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sikka.domain.fraud.assessment import Decision
from sikka.domain.fraud.label import FraudLabel
from sikka.domain.fraud.verdict import Verdict, matures_at, verdicts_of
from sikka.domain.payment import PaymentMethod, Status


@dataclass(frozen=True, slots=True)
class AssessedPayment:
    """One payment with all that its features were computed from, and what is known of it since.

    Args:
        payment_id, merchant_id, user_id, amount_minor, currency, payment_method, status, livemode,
            created_at: of the payment.
        instrument, device_fingerprint, ip_address, latitude_microdegrees, longitude_microdegrees:
            as its assessment keeps them.
        decision: of the assessment.
        labels: all of them, in any order.
    """

    payment_id: str
    merchant_id: str
    user_id: str
    amount_minor: int
    currency: str
    payment_method: PaymentMethod
    status: Status
    livemode: bool
    created_at: datetime
    instrument: str | None
    device_fingerprint: str | None
    ip_address: str | None
    latitude_microdegrees: int | None
    longitude_microdegrees: int | None
    decision: Decision
    labels: Sequence[FraudLabel] = ()

    @property
    def user(self) -> str:
        """Whom the features know the customer as."""
        return user_of(self.merchant_id, self.user_id)

    @property
    def fraud(self) -> bool | None:
        """What labels say of the payment; None when none does."""
        verdicts = verdicts_of(self.payment_id, None, self.labels)
        return verdicts[-1].fraud if verdicts else None

    def verdicts(self, delay: timedelta) -> Sequence[Verdict]:
        """What is held to be true of the payment, and since when (`sikka.domain.fraud.verdict`).

        Args:
            delay: after which silence means that it was genuine.
        """
        matures = matures_at(self.status, self.created_at, delay)
        return verdicts_of(self.payment_id, matures, self.labels)

    @property
    def latitude(self) -> float | None:
        """Degrees north, or None."""
        return degrees(self.latitude_microdegrees)

    @property
    def longitude(self) -> float | None:
        """Degrees east, or None."""
        return degrees(self.longitude_microdegrees)


def user_of(merchant_id: str, user_id: str) -> str:
    """Whom the features know a customer as: ids of customers are the merchant's own."""
    return f"{merchant_id}/{user_id}"


def microdegrees(value: float | None) -> int | None:
    """Degrees as they are kept, to a tenth of a metre."""
    return None if value is None else round(value * 1_000_000)


def degrees(value_microdegrees: int | None) -> float | None:
    """Degrees as the features see them, which is as they are kept."""
    return None if value_microdegrees is None else value_microdegrees / 1_000_000
