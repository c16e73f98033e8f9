"""What an expression may name: the payment, its features, its score. Nothing else exists for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sikka.fraud.facts import Facts
from sikka_core import FEATURE_NAMES

NumberOf = Callable[[Facts], float | None]
TextOf = Callable[[Facts], str | None]


def _feature(name: str) -> NumberOf:
    return lambda facts: facts.features.get(name)


# The features of the vector; the chance of fraud by the model; and the amount to the last unit,
# which as a feature it is up to 2^24 only.
NUMBERS: Mapping[str, NumberOf] = {
    **{name: _feature(name) for name in FEATURE_NAMES},
    "amount": lambda facts: float(facts.request.amount_minor),
    "score": lambda facts: facts.score,
}

TEXTS: Mapping[str, TextOf] = {
    "currency": lambda facts: facts.request.currency,
    "device": lambda facts: facts.request.device.fingerprint,
    "instrument": lambda facts: facts.request.instrument,
    "ip": lambda facts: facts.request.device.ip,
    "merchant": lambda facts: facts.request.merchant_id,
    "method": lambda facts: facts.request.method.value,
    "user": lambda facts: facts.request.user_id,
}
