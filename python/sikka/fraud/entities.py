"""Payments of the gateway as the memory of features knows them."""

from __future__ import annotations

from sikka.domain.fraud.assessment import RiskRequest
from sikka.domain.fraud.history import AssessedPayment, degrees, microdegrees, user_of
from sikka.fraud.stores.facts import PaymentFacts


def facts_of(request: RiskRequest) -> PaymentFacts:
    """A payment that is to be assessed.

    What counts once is the attempt: a client's concurrent retries are payments of several ids.
    """
    device = request.device
    return PaymentFacts(
        payment_id=request.attempt,
        time_ms=int(request.at.timestamp() * 1_000),
        amount_minor=request.amount_minor,
        currency=request.currency,
        livemode=request.livemode,
        user=user_of(request.merchant_id, request.user_id),
        instrument=request.instrument,
        device=device.fingerprint,
        ip=device.ip,
        merchant=request.merchant_id,
        # As they are kept, so that the same features can be computed again.
        latitude=degrees(microdegrees(device.latitude)),
        longitude=degrees(microdegrees(device.longitude)),
    )


def facts_of_assessed(payment: AssessedPayment) -> PaymentFacts:
    """A payment that was assessed before."""
    return PaymentFacts(
        payment_id=payment.payment_id,
        time_ms=int(payment.created_at.timestamp() * 1_000),
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        livemode=payment.livemode,
        user=payment.user,
        instrument=payment.instrument,
        device=payment.device_fingerprint,
        ip=payment.ip_address,
        merchant=payment.merchant_id,
        latitude=payment.latitude,
        longitude=payment.longitude,
    )
