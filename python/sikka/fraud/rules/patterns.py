"""Rules about patterns over several payments, as far as the windows of the vector tell them."""

from __future__ import annotations

from sikka.fraud.config import FraudConfig
from sikka.fraud.facts import Facts
from sikka.fraud.rules.rule import Severity, Violation

_TEN_MINUTES_A_WEEK = 7 * 24 * 6
# A merchant's burst: so many times its usual ten minutes, in payments so many times below its mean.
_BURST_RATIO = 10.0
_BELOW_MEAN_RATIO = 5.0
# Amounts that climb: so much above the last, and above the day's mean before.
_CLIMB_TO_LAST = 1.5
_CLIMB_TO_MEAN = 2.0
_TEN_MINUTES_S = 600.0


class SharedDeviceRule:
    """One device pays with many instruments: cards or addresses are being tried out."""

    name = "shared_device"

    def __init__(self, config: FraudConfig) -> None:
        self._most = config.device_instruments_per_day

    def evaluate(self, facts: Facts) -> Violation | None:
        count = facts.features.get("device_instruments_24h", 0.0)
        if count <= self._most:
            return None
        reason = f"The device has paid with {count:.0f} different accounts within a day."
        return Violation(self.name, Severity.REVIEW, 60, reason)


class CardTestingRule:
    """Small payments with many instruments, one after the other: stolen cards are tried out.

    Behind one address there may be many customers, so there it takes more, and is a note.

    Args:
        config: the thresholds.
        entity: `device` or `ip`.
    """

    def __init__(self, config: FraudConfig, entity: str) -> None:
        self.name = f"card_testing_{entity}"
        self._entity = entity
        self._most_minor = config.card_testing_amount_minor
        self._instruments = config.card_testing_instruments_per_day
        if entity == "device":
            self._payments = config.card_testing_device_payments_per_10_min
            self._severity, self._weight = Severity.REVIEW, 60
            self._words = "on this device"
        else:
            self._payments = config.card_testing_ip_payments_per_10_min
            self._severity, self._weight = Severity.NOTE, 21
            self._words = "from this IP address"

    def evaluate(self, facts: Facts) -> Violation | None:
        features = facts.features
        count = features.get(f"{self._entity}_count_10m", 0.0)
        instruments = features.get(f"{self._entity}_instruments_24h", 0.0)
        is_small = facts.request.amount_minor <= self._most_minor
        if not is_small or count <= self._payments or instruments <= self._instruments:
            return None
        reason = (
            f"A small amount, after {count - 1:.0f} payments {self._words} in ten minutes"
            f" and {instruments:.0f} different accounts within a day."
        )
        return Violation(self.name, self._severity, self._weight, reason)


class MerchantTestingRule:
    """A merchant sees a burst of payments that are small for it: cards are tried out there."""

    name = "card_testing_merchant"

    def __init__(self, config: FraudConfig) -> None:
        self._most_minor = config.card_testing_amount_minor
        self._payments = config.card_testing_merchant_payments_per_10_min

    def evaluate(self, facts: Facts) -> Violation | None:
        features, amount = facts.features, facts.request.amount_minor
        count = features.get("merchant_count_10m", 0.0)
        if count <= self._payments or amount > self._most_minor:
            return None
        usual = features.get("merchant_count_7d", 0.0) / _TEN_MINUTES_A_WEEK
        mean = features.get("merchant_mean_30d", 0.0)
        if count < _BURST_RATIO * usual or amount * _BELOW_MEAN_RATIO > mean:
            return None
        reason = (
            f"{count:.0f} payments at this merchant in ten minutes are many for it,"
            " and the amount is small for it."
        )
        return Violation(self.name, Severity.NOTE, 21, reason)


class AmountProbingRule:
    """A large amount right after several tiny ones: somebody has found out what works.

    Args:
        config: the thresholds.
        entity: `user` or `instrument`.
    """

    def __init__(self, config: FraudConfig, entity: str) -> None:
        self.name = f"amount_probing_{entity}"
        self._count_10m, self._sum_24h = f"{entity}_count_10m", f"{entity}_sum_24h"
        self._count_24h = (
            "transaction_frequency_24h" if entity == "user" else "instrument_count_24h"
        )
        self._payments = config.probing_payments_per_10_min
        self._ratio = config.probing_ratio
        self._tiny_minor = config.card_testing_amount_minor
        self._words = "of this customer" if entity == "user" else "from this account"

    def evaluate(self, facts: Facts) -> Violation | None:
        features, amount = facts.features, facts.request.amount_minor
        count = features.get(self._count_10m, 0.0)
        others = features.get(self._count_24h, 0.0) - 1
        if count <= self._payments or others <= 0:
            return None
        # The sum is decayed and a little less than that of the plain window.
        mean = max(0.0, features.get(self._sum_24h, 0.0) - amount) / others
        if mean > self._tiny_minor or amount < self._ratio * max(mean, self._tiny_minor):
            return None
        reason = f"A large amount, after {count - 1:.0f} tiny ones {self._words} in ten minutes."
        return Violation(self.name, Severity.REVIEW, 60, reason)


class AmountClimbingRule:
    """The amounts of one customer's payments climb within minutes: a limit is looked for."""

    name = "amount_climbing"

    def __init__(self, config: FraudConfig) -> None:
        self._payments = config.probing_payments_per_10_min

    def evaluate(self, facts: Facts) -> Violation | None:
        features, amount = facts.features, facts.request.amount_minor
        count = features.get("user_count_10m", 0.0)
        gap_s = features.get("user_gap_s", _TEN_MINUTES_S + 1)
        if count <= self._payments or gap_s > _TEN_MINUTES_S:
            return None
        to_last = features.get("amount_to_last", 0.0)
        mean = features.get("user_mean_24h")
        if to_last < _CLIMB_TO_LAST or mean is None or amount < _CLIMB_TO_MEAN * mean:
            return None
        reason = f"The amounts of {count:.0f} payments of this customer climb within ten minutes."
        return Violation(self.name, Severity.NOTE, 18, reason)
