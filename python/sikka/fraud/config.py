"""The thresholds of the rules."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class StalePolicy(StrEnum):
    """What is done with a payment while the memory of features does not answer."""

    RULES_ONLY = "rules_only"
    REVIEW = "review"
    DECLINE = "decline"


@dataclass(frozen=True, slots=True)
class FraudConfig:
    """What an operator may set. A count is the most that passes; one more breaks the rule.

    Args:
        review_amount_minor, decline_amount_minor: from this amount on, in minor units of the
            payment's currency, a person looks at it, or it is refused; None for no such bound.
        user_payments_per_10_min, user_payments_per_day: of one customer of one merchant.
        instrument_payments_per_10_min, instrument_payments_per_day: of one VPA or card, wherever.
        device_payments_per_10_min: of one device.
        ip_payments_per_10_min: of one address; many customers share one behind a carrier's NAT.
        device_instruments_per_day: different VPAs or cards on one device.
        card_testing_amount_minor: what those who try stolen cards or accounts out pay at most.
        card_testing_device_payments_per_10_min, card_testing_ip_payments_per_10_min,
            card_testing_merchant_payments_per_10_min: of one device, address or merchant, when
            they are as small as that.
        card_testing_instruments_per_day: different VPAs or cards on that device or address.
        probing_payments_per_10_min: of one customer or instrument, before an amount that is large
            beside them.
        probing_ratio: how many times `card_testing_amount_minor` an amount is at least to be large.
        amount_deviations_max: standard deviations above the customer's average that are usual.
        speed_km_h_max: what a customer can travel between two payments.
        distance_km_max: from the place of the customer's last payment.
        review_score_hundredths, decline_score_hundredths: the risk score from which a person
            looks at the payment, and from which it is refused, whatever the single rules say;
            above 100 for never. A merchant may have its own.
        stale_policy: what is done with a payment while the memory of features does not answer.
        blocked_users, blocked_vpas, blocked_devices, blocked_ips: refused always.
    """

    review_amount_minor: int | None = None
    decline_amount_minor: int | None = None
    user_payments_per_10_min: int = 30
    user_payments_per_day: int = 300
    instrument_payments_per_10_min: int = 30
    instrument_payments_per_day: int = 300
    device_payments_per_10_min: int = 60
    ip_payments_per_10_min: int = 600
    device_instruments_per_day: int = 10
    card_testing_amount_minor: int = 10_000
    card_testing_device_payments_per_10_min: int = 8
    card_testing_ip_payments_per_10_min: int = 60
    card_testing_merchant_payments_per_10_min: int = 60
    card_testing_instruments_per_day: int = 4
    probing_payments_per_10_min: int = 3
    probing_ratio: float = 10.0
    amount_deviations_max: float = 6.0
    speed_km_h_max: float = 1_000.0
    distance_km_max: float = 2_000.0
    review_score_hundredths: int = 40
    decline_score_hundredths: int = 95
    stale_policy: StalePolicy = StalePolicy.RULES_ONLY
    blocked_users: tuple[str, ...] = ()
    blocked_vpas: tuple[str, ...] = ()
    blocked_devices: tuple[str, ...] = ()
    blocked_ips: tuple[str, ...] = ()
