from __future__ import annotations

from dataclasses import replace

from sikka.domain.fraud.assessment import Device, RiskRequest
from sikka.fraud.config import FraudConfig
from sikka.fraud.rules import Severity
from tests.unit.fraud.observed import broken, severities
from tests.unit.fraud.requests import request

SMALL = 5_000
CONFIG = FraudConfig()


def trials(
    count: int, amount_minor: int = SMALL, device: Device | None = None
) -> list[RiskRequest]:
    """Payments within two minutes, each with another instrument of another user."""
    return [
        request(
            n * 120 / count,
            amount_minor=amount_minor,
            instrument=f"u{n}@simbank",
            user_id=f"u{n}",
            device=device or Device("device-1"),
        )
        for n in range(count)
    ]


def test_small_payments_with_many_instruments_on_one_device_are_reviewed() -> None:
    assert broken(*trials(8)) == {}
    found = broken(*trials(9))
    assert severities(found) == {"card_testing_device": Severity.REVIEW}
    assert "8 payments on this device" in found["card_testing_device"].reason


def test_large_payments_and_payments_with_few_instruments_try_nothing_out() -> None:
    assert broken(*trials(9, amount_minor=10_001)) == {}
    few = [replace(each, instrument="asha@simbank", user_id="u1") for each in trials(9)]
    assert "card_testing_device" not in broken(*few)


def test_behind_one_address_it_takes_more_and_raises_the_score_only() -> None:
    device = Device(ip="203.0.113.9")
    assert "card_testing_ip" not in broken(*trials(60, device=device))
    found = broken(*trials(61, device=device))
    assert found["card_testing_ip"].severity is Severity.NOTE


def test_a_burst_of_payments_that_are_small_for_the_merchant_raises_the_score() -> None:
    usual = [
        request(-86_400 * day + 3_600 * hour, amount_minor=200_000, user_id=f"v{day}{hour}",
                instrument=None, device=Device())
        for day in range(6, 0, -1)
        for hour in range(8)
    ]  # fmt: skip
    burst = trials(61, device=Device())
    found = broken(*usual, *burst)
    assert severities(found) == {"card_testing_merchant": Severity.NOTE}
    assert broken(*usual, *burst[:60]) == {}
    # Where amounts are small by nature, they tell nothing.
    assert broken(*(replace(each, amount_minor=SMALL) for each in usual), *burst) == {}


def payments(*amounts_minor: int) -> list[RiskRequest]:
    """Payments of one customer, a minute from one to the next."""
    return [request(60 * n, amount_minor=amount) for n, amount in enumerate(amounts_minor)]


def test_a_large_amount_right_after_tiny_ones_is_reviewed() -> None:
    found = broken(*payments(100, 200, 100, 500_000))
    assert severities(found)["amount_probing_user"] is Severity.REVIEW
    assert severities(found)["amount_probing_instrument"] is Severity.REVIEW
    assert "3 tiny ones of this customer" in found["amount_probing_user"].reason


def test_a_large_amount_after_few_or_large_ones_probes_nothing() -> None:
    for amounts in ((100, 100, 500_000), (100_000, 90_000, 110_000, 500_000), (100,) * 4):
        found = broken(*payments(*amounts))
        assert not {"amount_probing_user", "amount_probing_instrument"} & found.keys()


def test_tiny_payments_long_before_a_large_one_probe_nothing() -> None:
    before = [request(-7_200 + 60 * n, amount_minor=100) for n in range(5)]
    assert "amount_probing_user" not in broken(*before, request(amount_minor=500_000))


def test_amounts_that_climb_within_minutes_raise_the_score() -> None:
    found = broken(*payments(20_000, 40_000, 80_000, 160_000))
    assert severities(found)["amount_climbing"] is Severity.NOTE
    for amounts in ((20_000, 40_000, 80_000), (80_000,) * 4, (160_000, 80_000, 40_000, 50_000)):
        assert "amount_climbing" not in broken(*payments(*amounts))
