from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sikka.domain.fraud.assessment import Device
from sikka.fraud.config import FraudConfig
from sikka.fraud.rules import Severity
from sikka.fraud.rules.ruleset import built_in
from tests.unit.fraud.observed import broken, facts, severities
from tests.unit.fraud.requests import HERE, request

# So many payments that no velocity is in the way of what is tested.
CALM = FraudConfig(card_testing_device_payments_per_10_min=1_000, probing_payments_per_10_min=1_000)


@pytest.mark.parametrize(
    ("amount_minor", "name", "severity"),
    [
        (99_999, None, None),
        (100_000, "amount_review", Severity.REVIEW),
        (499_999, "amount_review", Severity.REVIEW),
        (500_000, "amount_decline", Severity.DECLINE),
    ],
)
def test_an_amount_is_reviewed_and_refused_from_its_bounds_on(
    amount_minor: int, name: str | None, severity: Severity | None
) -> None:
    config = FraudConfig(review_amount_minor=100_000, decline_amount_minor=500_000)
    found = broken(request(amount_minor=amount_minor), config=config)
    assert list(found) == ([name] if name else [])
    if name:
        assert found[name].severity is severity
        assert "INR " in found[name].reason


def test_without_bounds_every_amount_passes() -> None:
    assert broken(request(amount_minor=10**15 - 1)) == {}


@pytest.mark.parametrize(
    ("limit", "name"),
    [
        ("user_payments_per_10_min", "velocity_user_10m"),
        ("user_payments_per_day", "velocity_user_24h"),
        ("instrument_payments_per_10_min", "velocity_instrument_10m"),
        ("instrument_payments_per_day", "velocity_instrument_24h"),
        ("device_payments_per_10_min", "velocity_device_10m"),
        ("ip_payments_per_10_min", "velocity_ip_10m"),
    ],
)
def test_so_many_payments_pass_and_one_more_does_not(limit: str, name: str) -> None:
    limits: dict[str, Any] = {limit: 3}
    config = replace(CALM, **limits)
    payments = [request(second) for second in range(4)]
    assert broken(*payments[:3], config=config) == {}
    found = broken(*payments, config=config)
    assert severities(found) == {name: Severity.DECLINE}
    assert "4 payments" in found[name].reason


def test_payments_that_lie_far_enough_apart_break_no_velocity() -> None:
    config = FraudConfig(user_payments_per_10_min=1, instrument_payments_per_10_min=1)
    assert broken(*(request(660 * number) for number in range(5)), config=config) == {}


def test_a_device_that_tries_many_instruments_is_reviewed() -> None:
    config = replace(CALM, device_instruments_per_day=3)
    payments = [request(instrument=f"u{n}@simbank", user_id=f"u{n}") for n in range(4)]
    assert broken(*payments[:3], config=config) == {}
    assert broken(*payments, config=config)["shared_device"].severity is Severity.REVIEW


def test_an_amount_far_above_the_customers_own_raises_the_score() -> None:
    usual = [request(n * 700, amount_minor=100_000 + n * 100) for n in range(6)]
    found = broken(*usual, request(5_000, amount_minor=9_000_000))
    assert severities(found) == {"unusual_amount": Severity.NOTE}
    assert "INR 1002" in found["unusual_amount"].reason
    assert broken(*usual[:3], request(5_000, amount_minor=9_000_000)) == {}


def test_travel_that_nobody_makes_raises_the_score() -> None:
    delhi = replace(HERE, latitude=28.61, longitude=77.21)
    found = broken(request(), request(600, device=delhi))
    assert found["impossible_travel"].severity is Severity.NOTE
    assert "impossible_travel" not in broken(request(), request(9_000, device=delhi))
    near = replace(HERE, latitude=19.5)
    assert "impossible_travel" not in broken(request(), request(1, device=near))


def test_a_place_that_is_very_far_away_raises_the_score_however_long_it_took() -> None:
    srinagar, thiruvananthapuram = (34.08, 74.80), (8.52, 76.94)
    devices = [
        replace(HERE, latitude=lat, longitude=lng) for lat, lng in (srinagar, thiruvananthapuram)
    ]
    found = broken(request(device=devices[0]), request(80_000, device=devices[1]))
    assert severities(found)["distant_location"] is Severity.NOTE
    assert "impossible_travel" not in found


def test_a_new_device_and_a_new_place_raise_the_score() -> None:
    elsewhere = Device("device-2", None, 19.9, 72.87)
    found = broken(request(), request(86_000, device=elsewhere))
    assert set(found) == {"new_device", "new_location"}


def test_every_reason_is_a_sentence_that_names_no_customer() -> None:
    config = FraudConfig(
        review_amount_minor=1, user_payments_per_10_min=0, user_payments_per_day=0,
        instrument_payments_per_10_min=0, instrument_payments_per_day=0,
        device_payments_per_10_min=0, ip_payments_per_10_min=0, device_instruments_per_day=0,
    )  # fmt: skip
    found = broken(request(), config=config)
    assert len(found) == 8
    for violation in found.values():
        assert violation.reason.endswith(".")
        for secret in ("asha", "user_7", "device-1", "203.0.113.9"):
            assert secret not in violation.reason


def test_what_is_missing_breaks_no_rule() -> None:
    config = FraudConfig()
    bare = facts(request(instrument=None, device=Device()))
    assert [rule.name for rule in built_in(config) if rule.evaluate(bare) is not None] == []


def test_every_rule_has_a_name_of_its_own() -> None:
    names = [rule.name for rule in built_in(FraudConfig())]
    assert len(set(names)) == len(names)
