"""Assessed payments as they were, for whoever computes their features again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sikka.domain.fraud import Decision
from sikka.domain.payment import PaymentMethod


@dataclass(frozen=True, slots=True)
class AssessedPayment:
    """One payment with all that its features were computed from, and what is known of it since.

    Args:
        payment_id, merchant_id, user_id, amount_minor, currency, payment_method, livemode,
            created_at: of the payment.
        instrument, device_fingerprint, ip_address, latitude_microdegrees, longitude_microdegrees:
            as its assessment keeps them.
        decision: of the assessment.
        fraud, known_at: the label that became known last, and when; None without a label.
    """

    payment_id: str
    merchant_id: str
    user_id: str
    amount_minor: int
    currency: str
    payment_method: PaymentMethod
    livemode: bool
    created_at: datetime
    instrument: str | None
    device_fingerprint: str | None
    ip_address: str | None
    latitude_microdegrees: int | None
    longitude_microdegrees: int | None
    decision: Decision
    fraud: bool | None = None
    known_at: datetime | None = None

    @property
    def user(self) -> str:
        """Whom the features know the customer as."""
        return user_of(self.merchant_id, self.user_id)

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
