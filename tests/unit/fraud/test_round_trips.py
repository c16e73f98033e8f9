from __future__ import annotations

from collections.abc import Sequence

import pytest

from sikka.fraud.config import FraudConfig
from sikka.fraud.round_trips import PAYMENTS_MAX, RoundTrip, RoundTrips
from sikka.fraud.rules import Ruleset, Severity
from tests.unit.fraud.observed import facts
from tests.unit.fraud.requests import request


class Payees:
    def __init__(self, *rows: tuple[str, str]) -> None:
        self.rows = list(rows)
        self.error: Exception | None = None

    async def payees(self) -> Sequence[tuple[str, str]]:
        if self.error is not None:
            raise self.error
        return list(self.rows)


class Heard:
    def __init__(self) -> None:
        self.what: list[str] = []

    def __call__(self, what: str, /, **facts: object) -> None:
        self.what.append(what)


async def knowing(*rows: tuple[str, str]) -> RoundTrips:
    trips = RoundTrips(Payees(*rows), Heard())
    await trips.refresh()
    return trips


MERCHANTS = (("tea@bank", "mer_tea"), ("milk@bank", "mer_milk"), ("milk@bank", "mer_cream"))


async def test_a_customer_is_no_merchant() -> None:
    trips = await knowing(*MERCHANTS)
    assert trips.find(request(merchant_id="mer_tea")) is None
    assert trips.find(request(merchant_id="mer_tea", instrument=None)) is None


async def test_a_merchant_that_pays_itself_is_found() -> None:
    trips = await knowing(*MERCHANTS)
    assert trips.find(request(merchant_id="mer_tea", instrument="tea@bank")) is RoundTrip.SELF
    assert trips.find(request(merchant_id="mer_cream", instrument="milk@bank")) is RoundTrip.SELF


async def test_merchants_that_pay_each_other_within_a_day_are_found() -> None:
    trips = await knowing(*MERCHANTS)
    there = {"merchant_id": "mer_milk", "instrument": "tea@bank"}
    back = {"merchant_id": "mer_tea", "instrument": "milk@bank"}
    assert trips.find(request(**there)) is RoundTrip.MERCHANT
    assert trips.find(request(60, **there)) is RoundTrip.MERCHANT
    assert trips.find(request(120, **back, livemode=True)) is RoundTrip.MERCHANT
    assert trips.find(request(86_400 + 61, **back)) is RoundTrip.MERCHANT
    assert trips.find(request(86_400 + 62, **there)) is RoundTrip.RETURN


async def test_what_is_remembered_has_a_bound() -> None:
    trips = await knowing(*((f"m{n}@bank", f"mer_{n}") for n in range(PAYMENTS_MAX + 2)))
    for n in range(PAYMENTS_MAX + 1):
        trips.find(request(merchant_id="mer_x", instrument=f"m{n}@bank"))
    assert trips.find(request(merchant_id="mer_0", instrument="x@bank")) is None
    assert len(trips._paid) == PAYMENTS_MAX


async def test_while_the_merchants_cannot_be_read_the_last_ones_count() -> None:
    payees, heard = Payees(*MERCHANTS), Heard()
    trips = RoundTrips(payees, heard)
    await trips.open()
    payees.error = RuntimeError("gone")
    await trips.refresh()
    assert heard.what == ["fraud.payees_failed"]
    assert trips.find(request(merchant_id="mer_tea", instrument="tea@bank")) is RoundTrip.SELF
    await trips.close()


async def test_without_a_reader_nobody_is_a_merchant() -> None:
    trips = RoundTrips(None, Heard())
    await trips.open()
    assert trips.find(request(instrument="tea@bank")) is None
    await trips.close()


@pytest.mark.parametrize(
    ("merchant_id", "name", "severity"),
    [
        ("mer_tea", "round_trip_self", Severity.REVIEW),
        ("mer_milk", "round_trip_merchant", Severity.NOTE),
    ],
)
async def test_the_rule_says_what_was_found(
    merchant_id: str, name: str, severity: Severity
) -> None:
    ruleset = Ruleset(FraudConfig(), (), round_trips=await knowing(*MERCHANTS))
    payment = request(merchant_id=merchant_id, instrument="tea@bank")
    (violation,) = ruleset.evaluate(facts(payment)).violations
    assert (violation.name, violation.severity) == (name, severity)
    assert "tea@bank" not in violation.reason
