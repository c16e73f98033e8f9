"""What moved a model's score, in sentences that a merchant can read."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sikka.domain.money import MAXIMUM_MINOR, Money

_Fact = Callable[[float, str], str]

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_DAY_S = 86_400.0
# What a duration is told in, the longest first.
_UNITS_S = (
    ("year", 365 * _DAY_S), ("month", 30 * _DAY_S), ("day", _DAY_S),
    ("hour", 3_600.0), ("minute", 60.0), ("second", 1.0),
)  # fmt: skip

# Below this a number rounds to none; a decayed count below the other is of long ago.
_HALF, _NOTHING = 0.5, 0.001
# More different entities than this are estimated.
_COUNTED_MAX = 16

_OF_CUSTOMER = "of this customer"
_OF_INSTRUMENT = "from this account or card"
_OF_DEVICE = "on this device"
_OF_IP = "from this IP address"
_OF_MERCHANT = "of this merchant"
_WINDOWS = {
    "10m": "in ten minutes", "1h": "in an hour", "24h": "in a day",
    "7d": "in a week", "30d": "in a month",
}  # fmt: skip

_NO_PAYMENT = "There is no earlier payment of the customer to compare with"
_NO_CUSTOMER = "The customer is not named"
_NO_INSTRUMENT = "The account or card is not named"
_NO_DEVICE = "The device is not named"
_NO_IP = "The IP address is not named"
_NO_PLACE = "The place is not named"
_NO_PLACE_BEFORE = "There is no earlier place of the customer to compare with"
_NO_MERCHANT = "The merchant is not named"
_NO_MERCHANT_PAYMENT = "There is no earlier payment of the merchant to compare with"
_NO_LABEL = "No payment of this merchant has become known as good or as fraud"
# Of what is never missing: for a value that somebody made up.
_UNKNOWN = "A part of the payment is not known"
_DEVICE_NEW = "The device was never seen before"


@dataclass(frozen=True, slots=True)
class Wording:
    """How a feature is told.

    Args:
        fact: from the feature's value and the currency of the payment to a clause without a full
            stop.
        missing: the clause for a value that is missing.
    """

    fact: _Fact
    missing: str


def sentence(name: str, share: float, value: float | None, currency: str) -> str:
    """What a feature of a payment is, and which way it moved the score.

    Args:
        name: one of `sikka_core.FEATURE_NAMES`.
        share: the feature's part in the margin (`sikka_core.Model.contributions`); above 0 it
            raised the score.
        value: of the feature; None or NaN when it is missing.
        currency: of the payment, in which the amounts among the features are told.

    Raises:
        KeyError: there is no such feature.
    """
    wording = WORDINGS[name]
    if value is None or not math.isfinite(value):
        clause = wording.missing
    else:
        clause = wording.fact(value, currency)
    return f"{clause}, which {'raises' if share > 0 else 'lowers'} the risk."


def _money(value: float, currency: str) -> str:
    # A sum of many payments may exceed what one payment can be.
    amount_minor = round(min(max(value, 0.0), MAXIMUM_MINOR))
    return f"{currency} {Money(amount_minor, currency).major_text()}"


def _counted(value: float, noun: str) -> str:
    number = round(value)
    return f"{number:,} {noun if number == 1 else noun + 's'}"


def _duration(seconds: float) -> str:
    for unit, length_s in _UNITS_S:
        if seconds >= length_s:
            return _counted(seconds // length_s, unit)
    return "less than a second"


def _payments(whose: str, window: str) -> _Fact:
    """Payments of an entity in a window that is counted exactly."""
    return lambda value, _: f"{_counted(value, 'payment')} {whose} {_WINDOWS[window]}"


def _about_payments(whose: str, window: str) -> _Fact:
    """The same in a window that fades instead of ending."""

    def fact(value: float, _: str) -> str:
        return f"About {_counted(max(value, 1.0), 'payment')} {whose} {_WINDOWS[window]}"

    return fact


def _judged(window: str) -> _Fact:
    """How many payments of the merchant were labelled."""

    def fact(value: float, _: str) -> str:
        about = "No payment" if value < _HALF else f"About {_counted(value, 'payment')}"
        return f"{about} {_OF_MERCHANT} became known as good or as fraud {_WINDOWS[window]}"

    return fact


def _risk(window: str) -> _Fact:
    def fact(value: float, _: str) -> str:
        known = f"the payments {_OF_MERCHANT} that became known as good or as fraud"
        return f"{100 * value:.1f} % of {known} {_WINDOWS[window]} were fraud"

    return fact


def _frauds(whose: str) -> _Fact:
    def fact(value: float, _: str) -> str:
        if value < _NOTHING:
            return f"No payment {whose} turned out to be fraud within a month"
        if value < 1 + _HALF:
            return f"A payment {whose} turned out to be fraud"
        return f"About {_counted(value, 'payment')} {whose} turned out to be fraud"

    return fact


def _sum(who: str, window: str) -> _Fact:
    return lambda value, currency: f"{who} about {_money(value, currency)} {_WINDOWS[window]}"


def _mean(whose: str, window: str) -> _Fact:
    def fact(value: float, currency: str) -> str:
        return f"{whose} average payment {_WINDOWS[window]} was {_money(value, currency)}"

    return fact


def _distinct(before: str, noun: str, nouns: str | None = None, after: str = "") -> _Fact:
    """Different entities in a day; beyond sixteen they are estimated, which "about" tells."""

    def fact(value: float, _: str) -> str:
        number = round(value)
        about = "about " if value > _COUNTED_MAX else ""
        counted = f"1 {noun}" if number == 1 else f"{number:,} different {nouns or noun + 's'}"
        clause = f"{before}{about}{counted}{after} in a day"
        return clause[0].upper() + clause[1:]

    return fact


def _age(first: str, since: str) -> _Fact:
    """Since when an entity is known, and the words for one that was not known before."""
    return lambda value, _: first if value <= 0 else f"{since} {_duration(value)} ago"


def _flag(true: str, false: str) -> _Fact:
    return lambda value, _: true if value else false


def _times(whose: str, window: str) -> _Fact:
    def fact(value: float, _: str) -> str:
        return f"The amount is {value:,.2f} times {whose} average {_WINDOWS[window]}"

    return fact


def _deviation(usual: str) -> _Fact:
    def fact(value: float, _: str) -> str:
        if abs(value) < 1.0:
            return f"The amount is near {usual}"
        where = "above" if value > 0 else "below"
        return f"The amount is {abs(value):,.1f} standard deviations {where} {usual}"

    return fact


def _gap(value: float, _: str) -> str:
    if value <= 0:
        return "The customer paid at the same moment"
    return f"The customer's last payment was {_duration(value)} ago"


def _hour(value: float, _: str) -> str:
    return f"The payment is made between {int(value):02d}:00 and {(int(value) + 1) % 24:02d}:00"


_OF_THE_PAYMENT = {
    "amount": Wording(lambda value, currency: f"The amount is {_money(value, currency)}", _UNKNOWN),
    "transaction_hour": Wording(_hour, _UNKNOWN),
    "day_of_week": Wording(
        lambda value, _: f"The payment is made on a {_WEEKDAYS[int(value) % 7]}", _UNKNOWN
    ),
    "location_lat": Wording(
        lambda value, _: f"The payment is made at a latitude of {value:.2f} degrees", _NO_PLACE
    ),
    "location_lng": Wording(
        lambda value, _: f"The payment is made at a longitude of {value:.2f} degrees", _NO_PLACE
    ),
    "velocity_violation": Wording(
        _flag(
            "More payments came within ten minutes than anybody makes",
            "No more payments came within ten minutes than people make",
        ),
        _UNKNOWN,
    ),
    "suspicious_pattern": Wording(
        _flag(
            "The device paid with very many accounts or cards, or nobody travels that fast",
            "Neither the accounts on the device nor the way travelled stand out",
        ),
        _UNKNOWN,
    ),
}

_OF_THE_CUSTOMER = {
    "amount_deviation": Wording(
        _deviation("what the customer usually pays"),
        "The customer has made too few payments to compare the amount with",
    ),
    "avg_transaction_amount": Wording(_mean("The customer's", "30d"), _NO_PAYMENT),
    "transaction_frequency_1h": Wording(_payments(_OF_CUSTOMER, "1h"), _NO_CUSTOMER),
    "transaction_frequency_24h": Wording(_payments(_OF_CUSTOMER, "24h"), _NO_CUSTOMER),
    "unique_merchants_24h": Wording(_distinct("The customer paid ", "merchant"), _NO_CUSTOMER),
    "distance_km": Wording(
        lambda value, _: f"The place is {value:,.0f} km from the customer's last one",
        _NO_PLACE_BEFORE,
    ),
    "speed_km_h": Wording(
        lambda value, _: f"To come from the last place the customer travelled {value:,.0f} km/h",
        _NO_PLACE_BEFORE,
    ),
    "new_device": Wording(
        _flag("The device is new for this customer", "The customer paid with this device before"),
        "There is no earlier device of the customer to compare with",
    ),
    "new_location": Wording(
        _flag("The place is new for this customer", "The customer paid from this place before"),
        _NO_PLACE_BEFORE,
    ),
    "user_count_10m": Wording(_payments(_OF_CUSTOMER, "10m"), _NO_CUSTOMER),
    "user_count_7d": Wording(_about_payments(_OF_CUSTOMER, "7d"), _NO_CUSTOMER),
    "user_count_30d": Wording(_about_payments(_OF_CUSTOMER, "30d"), _NO_CUSTOMER),
    "user_sum_24h": Wording(_sum("The customer paid", "24h"), _NO_CUSTOMER),
    "user_mean_24h": Wording(_mean("The customer's", "24h"), _NO_PAYMENT),
    "user_mean_7d": Wording(_mean("The customer's", "7d"), _NO_PAYMENT),
    "user_gap_s": Wording(_gap, _NO_PAYMENT),
    "user_age_s": Wording(
        _age("It is the customer's first payment", "The customer first paid"), _NO_CUSTOMER
    ),
    "amount_to_last": Wording(
        lambda value, _: f"The amount is {value:,.2f} times that of the customer's last payment",
        _NO_PAYMENT,
    ),
    "amount_to_mean_24h": Wording(_times("the customer's", "24h"), _NO_PAYMENT),
    "amount_to_mean_7d": Wording(_times("the customer's", "7d"), _NO_PAYMENT),
    "amount_to_mean_30d": Wording(_times("the customer's", "30d"), _NO_PAYMENT),
    "user_frauds_30d": Wording(_frauds(_OF_CUSTOMER), _NO_CUSTOMER),
}

_OF_THE_MERCHANT = {
    "merchant_count_10m": Wording(_payments(_OF_MERCHANT, "10m"), _NO_MERCHANT),
    "merchant_count_1h": Wording(_payments(_OF_MERCHANT, "1h"), _NO_MERCHANT),
    "merchant_count_24h": Wording(_payments(_OF_MERCHANT, "24h"), _NO_MERCHANT),
    "merchant_count_7d": Wording(_about_payments(_OF_MERCHANT, "7d"), _NO_MERCHANT),
    "merchant_count_30d": Wording(_about_payments(_OF_MERCHANT, "30d"), _NO_MERCHANT),
    "merchant_sum_1h": Wording(_sum("The merchant was paid", "1h"), _NO_MERCHANT),
    "merchant_mean_30d": Wording(_mean("The merchant's", "30d"), _NO_MERCHANT_PAYMENT),
    "merchant_amount_to_mean_30d": Wording(_times("the merchant's", "30d"), _NO_MERCHANT_PAYMENT),
    "merchant_deviation": Wording(
        _deviation("what the merchant is usually paid"),
        "The merchant has had too few payments to compare the amount with",
    ),
    "merchant_instruments_24h": Wording(
        _distinct("", "account or card", "accounts or cards", " paid the merchant"), _NO_MERCHANT
    ),
    "merchant_age_s": Wording(
        _age("It is the merchant's first payment", "The merchant was first paid"), _NO_MERCHANT
    ),
    "merchant_labels_24h": Wording(_judged("24h"), _NO_MERCHANT),
    "merchant_labels_7d": Wording(_judged("7d"), _NO_MERCHANT),
    "merchant_labels_30d": Wording(_judged("30d"), _NO_MERCHANT),
    "merchant_risk_24h": Wording(_risk("24h"), _NO_LABEL),
    "merchant_risk_7d": Wording(_risk("7d"), _NO_LABEL),
    "merchant_risk_30d": Wording(_risk("30d"), _NO_LABEL),
}

_OF_THE_INSTRUMENT = {
    "instrument_count_10m": Wording(_payments(_OF_INSTRUMENT, "10m"), _NO_INSTRUMENT),
    "instrument_count_24h": Wording(_payments(_OF_INSTRUMENT, "24h"), _NO_INSTRUMENT),
    "instrument_count_7d": Wording(_about_payments(_OF_INSTRUMENT, "7d"), _NO_INSTRUMENT),
    "instrument_sum_24h": Wording(_sum("The account or card paid", "24h"), _NO_INSTRUMENT),
    "instrument_merchants_24h": Wording(
        _distinct("The account or card paid ", "merchant"), _NO_INSTRUMENT
    ),
    "instrument_age_s": Wording(
        _age("The account or card was never seen before", "The account or card was first seen"),
        _NO_INSTRUMENT,
    ),
    "instrument_frauds_30d": Wording(_frauds(_OF_INSTRUMENT), _NO_INSTRUMENT),
}

_OF_THE_DEVICE = {
    "device_fingerprint": Wording(_flag("The device was seen before", _DEVICE_NEW), _NO_DEVICE),
    "device_age_s": Wording(_age(_DEVICE_NEW, "The device was first seen"), _NO_DEVICE),
    "device_count_10m": Wording(_payments(_OF_DEVICE, "10m"), _NO_DEVICE),
    "device_count_24h": Wording(_payments(_OF_DEVICE, "24h"), _NO_DEVICE),
    "device_instruments_24h": Wording(
        _distinct("The device paid with ", "account or card", "accounts or cards"), _NO_DEVICE
    ),
    "device_frauds_30d": Wording(_frauds(_OF_DEVICE), _NO_DEVICE),
}

_OF_THE_ADDRESS = {
    "ip_count_10m": Wording(_payments(_OF_IP, "10m"), _NO_IP),
    "ip_count_24h": Wording(_payments(_OF_IP, "24h"), _NO_IP),
    "ip_instruments_24h": Wording(
        _distinct("The IP address paid with ", "account or card", "accounts or cards"), _NO_IP
    ),
    "ip_frauds_30d": Wording(_frauds(_OF_IP), _NO_IP),
}

# Of every feature of the schema.
WORDINGS: Mapping[str, Wording] = {
    **_OF_THE_PAYMENT,
    **_OF_THE_CUSTOMER,
    **_OF_THE_MERCHANT,
    **_OF_THE_INSTRUMENT,
    **_OF_THE_DEVICE,
    **_OF_THE_ADDRESS,
}
