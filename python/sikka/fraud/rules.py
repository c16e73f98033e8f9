"""The rules, one small class each: a name, what it looks at, how grave it is, and words for it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

from sikka.domain.fraud import RiskRequest
from sikka.domain.money import Money
from sikka.fraud.config import FraudConfig
from sikka.fraud.features import amount_deviation
from sikka.fraud.profiles import Reading

# Below these a distance is noise of the positioning, and a history too short to compare with.
_NOISE_KM = 100.0
_HISTORY_MIN = 5


class Severity(IntEnum):
    """What a broken rule does: raises the score, asks a person, or refuses."""

    NOTE = 0
    REVIEW = 1
    DECLINE = 2


@dataclass(frozen=True, slots=True)
class Violation:
    """A broken rule. `weight_hundredths` is its part in the score; `reason` is for the merchant."""

    name: str
    severity: Severity
    weight_hundredths: int
    reason: str


class Rule(Protocol):
    """One rule."""

    name: str

    def evaluate(self, request: RiskRequest, reading: Reading) -> Violation | None:
        """The violation, or None when the rule holds."""
        ...


class AmountRule:
    """The amount reaches a bound that the operator has set."""

    name = "amount"

    def __init__(self, config: FraudConfig) -> None:
        self._review = config.review_amount_minor
        self._decline = config.decline_amount_minor

    def evaluate(self, request: RiskRequest, reading: Reading) -> Violation | None:  # noqa: ARG002 - the request says it all
        amount = request.amount_minor
        if self._decline is not None and amount >= self._decline:
            bound = _text(self._decline, request.currency)
            reason = f"The amount reaches {bound}, from which payments are refused."
            return Violation("amount_decline", Severity.DECLINE, 90, reason)
        if self._review is not None and amount >= self._review:
            bound = _text(self._review, request.currency)
            reason = f"The amount reaches {bound}, from which a person looks at payments."
            return Violation("amount_review", Severity.REVIEW, 60, reason)
        return None


class VelocityRule:
    """One entity pays more often than the operator allows.

    Args:
        name: the rule's.
        most: payments that pass.
        entity: whose window, an attribute of `Reading`.
        count: which of its counts, an attribute of `RollingWindow`.
        words: what goes on, for the reason.
    """

    def __init__(self, name: str, most: int, entity: str, count: str, words: str) -> None:
        self.name = name
        self._most = most
        self._entity = entity
        self._count = count
        self._words = words

    def evaluate(self, request: RiskRequest, reading: Reading) -> Violation | None:  # noqa: ARG002 - the windows say it all
        window = getattr(reading, self._entity)
        if window is None or (count := getattr(window, self._count)) <= self._most:
            return None
        reason = f"{count} payments {self._words}; {self._most} are allowed."
        return Violation(self.name, Severity.DECLINE, 90, reason)


class SharedDeviceRule:
    """One device pays with many instruments: cards or addresses are being tried out."""

    name = "shared_device"

    def __init__(self, config: FraudConfig) -> None:
        self._most = config.device_instruments_per_day

    def evaluate(self, request: RiskRequest, reading: Reading) -> Violation | None:  # noqa: ARG002 - the device says it all
        count = reading.device_instruments_24h
        if count <= self._most:
            return None
        reason = f"The device has paid with {count} different accounts within a day."
        return Violation(self.name, Severity.REVIEW, 60, reason)


class UnusualAmountRule:
    """The amount is far above what this customer pays."""

    name = "unusual_amount"

    def __init__(self, config: FraudConfig) -> None:
        self._most = config.amount_deviations_max

    def evaluate(self, request: RiskRequest, reading: Reading) -> Violation | None:
        if reading.user_payments < _HISTORY_MIN:
            return None
        if amount_deviation(request.amount_minor, reading) <= self._most:
            return None
        average = _text(round(reading.user_mean_minor), request.currency)
        reason = f"The amount is far above this customer's average of {average}."
        return Violation(self.name, Severity.NOTE, 25, reason)


class ImpossibleTravelRule:
    """Two payments lie further apart than anybody travels in between."""

    name = "impossible_travel"

    def __init__(self, config: FraudConfig) -> None:
        self._most = config.speed_km_h_max

    def evaluate(self, request: RiskRequest, reading: Reading) -> Violation | None:  # noqa: ARG002 - the places say it all
        speed, distance = reading.speed_km_h, reading.distance_km
        if speed is None or distance is None or speed <= self._most or distance < _NOISE_KM:
            return None
        reason = f"The customer was {distance:.0f} km away too shortly before."
        return Violation(self.name, Severity.NOTE, 35, reason)


class NewDeviceRule:
    """The customer pays with a device that was not seen with them before."""

    name = "new_device"

    def evaluate(self, request: RiskRequest, reading: Reading) -> Violation | None:  # noqa: ARG002 - the device says it all
        if not reading.new_device:
            return None
        return Violation(self.name, Severity.NOTE, 8, "The device is new for this customer.")


class NewPlaceRule:
    """The customer pays from a place that was not seen with them before."""

    name = "new_location"

    def evaluate(self, request: RiskRequest, reading: Reading) -> Violation | None:  # noqa: ARG002 - the place says it all
        if not reading.new_location:
            return None
        return Violation(self.name, Severity.NOTE, 6, "The place is new for this customer.")


def rules_of(config: FraudConfig) -> tuple[Rule, ...]:
    """All rules under these thresholds."""
    return (
        AmountRule(config),
        *_velocity_rules(config),
        SharedDeviceRule(config),
        UnusualAmountRule(config),
        ImpossibleTravelRule(config),
        NewDeviceRule(),
        NewPlaceRule(),
    )


def _velocity_rules(config: FraudConfig) -> tuple[VelocityRule, ...]:
    return (
        VelocityRule(
            "velocity_user_10m", config.user_payments_per_10_min, "user", "count_10m",
            "of this customer in ten minutes",
        ),
        VelocityRule(
            "velocity_user_24h", config.user_payments_per_day, "user", "count_24h",
            "of this customer in a day",
        ),
        VelocityRule(
            "velocity_instrument_10m", config.instrument_payments_per_10_min, "instrument",
            "count_10m", "from this account in ten minutes",
        ),
        VelocityRule(
            "velocity_instrument_24h", config.instrument_payments_per_day, "instrument",
            "count_24h", "from this account in a day",
        ),
        VelocityRule(
            "velocity_device_10m", config.device_payments_per_10_min, "device", "count_10m",
            "on this device in ten minutes",
        ),
        VelocityRule(
            "velocity_ip_10m", config.ip_payments_per_10_min, "ip", "count_10m",
            "from this IP address in ten minutes",
        ),
    )  # fmt: skip


def _text(amount_minor: int, currency: str) -> str:
    return f"{currency} {Money(amount_minor, currency).major_text()}"
