"""Payments to be assessed, complete and plain."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sikka.domain.fraud.assessment import Device, RiskRequest
from sikka_core import new_id

AT = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
HERE = Device("device-1", "203.0.113.9", 19.07, 72.87)
_NUMBERS = itertools.count(1)


def request(after_s: float = 0.0, **values: Any) -> RiskRequest:
    """A new payment of ₹1,299 by the same customer, so many seconds after the first."""
    number = next(_NUMBERS)
    plain = RiskRequest(
        payment_id=new_id("pay", number % 4096, 1_763_892_000_000 + number),
        attempt=f"mer_1/{number}",
        merchant_id="mer_1",
        user_id="user_7",
        instrument="asha@simbank",
        amount_minor=129_900,
        currency="INR",
        device=HERE,
        at=AT + timedelta(seconds=after_s),
        livemode=False,
    )
    return replace(plain, **values)


class Now:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.at = AT

    def now(self) -> datetime:
        return self.at

    def forward(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
