"""Rules about how often one customer, instrument, device or address pays."""

from __future__ import annotations

from sikka.fraud.config import FraudConfig
from sikka.fraud.facts import Facts
from sikka.fraud.rules.rule import Severity, Violation


class VelocityRule:
    """One entity pays more often than the operator allows.

    Args:
        name: the rule's.
        most: payments that pass.
        feature: an exact window of the vector; it includes the payment itself.
        words: what goes on, for the reason.
    """

    def __init__(self, name: str, most: int, feature: str, words: str) -> None:
        self.name = name
        self._most = most
        self._feature = feature
        self._words = words

    def evaluate(self, facts: Facts) -> Violation | None:
        count = facts.features.get(self._feature, 0.0)
        if count <= self._most:
            return None
        reason = f"{count:.0f} payments {self._words}; {self._most} are allowed."
        return Violation(self.name, Severity.DECLINE, 90, reason)


def velocity_rules(config: FraudConfig) -> tuple[VelocityRule, ...]:
    """The velocity rules under these thresholds."""
    return (
        VelocityRule(
            "velocity_user_10m", config.user_payments_per_10_min, "user_count_10m",
            "of this customer in ten minutes",
        ),
        VelocityRule(
            "velocity_user_24h", config.user_payments_per_day, "transaction_frequency_24h",
            "of this customer in a day",
        ),
        VelocityRule(
            "velocity_instrument_10m", config.instrument_payments_per_10_min,
            "instrument_count_10m", "from this account in ten minutes",
        ),
        VelocityRule(
            "velocity_instrument_24h", config.instrument_payments_per_day,
            "instrument_count_24h", "from this account in a day",
        ),
        VelocityRule(
            "velocity_device_10m", config.device_payments_per_10_min, "device_count_10m",
            "on this device in ten minutes",
        ),
        VelocityRule(
            "velocity_ip_10m", config.ip_payments_per_10_min, "ip_count_10m",
            "from this IP address in ten minutes",
        ),
    )  # fmt: skip
