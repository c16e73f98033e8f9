"""What a feature store is told: payments as they come, and labels once they are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from sikka_core import PaymentEvent, label_record


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFacts:
    """A payment as the memory sees it. The fields' rules are those of `sikka_core.PaymentEvent`.

    Args:
        payment_id: what a repetition of the same payment is recognised by.
        time_ms: when it is made, in milliseconds since 1970.
        amount_minor: what is paid, in minor units of the currency.
        currency: an ISO 4217 code. Amounts of two currencies say nothing of each other, so each
            has a memory of its own.
        livemode: whether money moves. Test payments have a memory of their own.
        user, instrument, device, ip, merchant: the ids of those who take part, at least one.
        latitude, longitude: where it is made, in degrees; both or none.
    """

    payment_id: str
    time_ms: int
    amount_minor: int
    currency: str
    livemode: bool
    user: str | None = None
    instrument: str | None = None
    device: str | None = None
    ip: str | None = None
    merchant: str | None = None
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelFacts:
    """What became known of a payment, with those who took part in it.

    Args:
        known_ms: when it became known, in milliseconds since 1970; not when it was paid.
        fraud: whether it was fraud. Payments that were not are to be labelled as well.
        payment_id, currency, livemode, user, instrument, device, ip, merchant: as in the payment.
    """

    payment_id: str
    known_ms: int
    fraud: bool
    currency: str
    livemode: bool
    user: str | None = None
    instrument: str | None = None
    device: str | None = None
    ip: str | None = None
    merchant: str | None = None


Facts: TypeAlias = PaymentFacts | LabelFacts


def moment_ms(facts: Facts) -> int:
    """When it happened to the memory: the time of a payment, or when a label became known."""
    return facts.time_ms if isinstance(facts, PaymentFacts) else facts.known_ms


def event_of(facts: Facts) -> PaymentEvent:
    """The facts as records see them; of a label, with the moment at which it became known.

    Raises:
        MalformedError: a field breaks its rule.
    """
    if isinstance(facts, PaymentFacts):
        return PaymentEvent(
            facts.payment_id,
            facts.time_ms,
            facts.amount_minor,
            user=facts.user,
            instrument=facts.instrument,
            device=facts.device,
            ip=facts.ip,
            merchant=facts.merchant,
            latitude=facts.latitude,
            longitude=facts.longitude,
        )
    # Its errors name the fields of a label.
    label_record("user", None, facts.payment_id, facts.known_ms, facts.fraud)
    return PaymentEvent(
        facts.payment_id,
        facts.known_ms,
        0,
        user=facts.user,
        instrument=facts.instrument,
        device=facts.device,
        ip=facts.ip,
        merchant=facts.merchant,
    )
