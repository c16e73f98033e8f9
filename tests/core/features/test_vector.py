from __future__ import annotations

import itertools
import math
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sikka_core import FEATURE_NAMES, FeatureStore
from tests.core.features.streams import DAY_MS, HOUR_MS, MINUTE_MS, START_MS, Payment, stream

MUMBAI = {"latitude": 19.0760, "longitude": 72.8777}
DELHI = {"latitude": 28.7041, "longitude": 77.1025}
NUMBERS = itertools.count()


def features(store: FeatureStore, **fields: Any) -> dict[str, float]:
    """The vector of another payment, by name."""
    fields = {"payment_id": str(next(NUMBERS)), "amount_minor": 100} | fields
    return dict(zip(FEATURE_NAMES, store.observe(**fields), strict=True))


@given(st.integers(0, 4_000_000_000), st.integers(-24, 24))
def test_hour_and_weekday_are_those_of_the_local_clock(time_s: int, offset_h: int) -> None:
    store = FeatureStore(utc_offset_s=offset_h * 3_600)
    vector = features(store, time_ms=time_s * 1_000, user="u")
    local = datetime.fromtimestamp(time_s, UTC) + timedelta(hours=offset_h)
    assert (vector["transaction_hour"], vector["day_of_week"]) == (local.hour, local.weekday())


def test_the_local_clock_is_that_of_india_unless_told() -> None:
    vector = features(FeatureStore(), time_ms=START_MS, user="u")
    india = datetime.fromtimestamp(START_MS / 1_000, timezone(timedelta(hours=5, minutes=30)))
    assert (vector["transaction_hour"], vector["day_of_week"]) == (india.hour, india.weekday())


def test_a_new_device_and_place_are_told_from_known_ones() -> None:
    store = FeatureStore()
    first = features(store, time_ms=START_MS, user="u", device="a", **MUMBAI)
    assert math.isnan(first["new_device"])
    assert math.isnan(first["new_location"])
    assert (first["device_fingerprint"], first["device_age_s"]) == (0.0, 0.0)
    later = START_MS + HOUR_MS
    same = features(store, time_ms=later, user="u", device="a", **MUMBAI)
    assert (same["new_device"], same["new_location"]) == (0.0, 0.0)
    assert (same["device_fingerprint"], same["device_age_s"]) == (1.0, 3_600.0)
    other = features(store, time_ms=later, user="u", device="b", **DELHI)
    assert (other["new_device"], other["new_location"]) == (1.0, 1.0)
    # A device that is known from another user is new to this one.
    assert features(store, time_ms=later, user="v", device="c")["device_fingerprint"] == 0.0
    borrowed = features(store, time_ms=later, user="v", device="a")
    assert (borrowed["device_fingerprint"], borrowed["new_device"]) == (1.0, 1.0)


def test_distance_and_speed_are_from_the_last_place() -> None:
    store = FeatureStore()
    features(store, time_ms=START_MS, user="u", **MUMBAI)
    features(store, time_ms=START_MS + HOUR_MS, user="u")
    travelled = features(store, time_ms=START_MS + 2 * HOUR_MS, user="u", **DELHI)
    assert travelled["distance_km"] == pytest.approx(1_153, abs=2)
    assert travelled["speed_km_h"] == pytest.approx(travelled["distance_km"] / 2)
    assert travelled["suspicious_pattern"] == 0.0
    back = features(store, time_ms=START_MS + 3 * HOUR_MS, user="u", **MUMBAI)
    assert back["suspicious_pattern"] == 1.0


def test_too_many_payments_in_ten_minutes_are_a_violation() -> None:
    store = FeatureStore()
    flags = [
        features(store, time_ms=START_MS + number * 1_000, user="u")["velocity_violation"]
        for number in range(32)
    ]
    assert flags == [0.0] * 30 + [1.0] * 2
    later = features(store, time_ms=START_MS + 12 * MINUTE_MS, user="u")
    assert later["velocity_violation"] == 0.0


def test_many_instruments_on_one_device_are_a_suspicious_pattern() -> None:
    store = FeatureStore()
    vectors = [
        features(store, time_ms=START_MS, device="d", instrument=f"card {number}")
        for number in range(12)
    ]
    assert [vector["device_instruments_24h"] for vector in vectors] == list(range(1, 13))
    assert [vector["suspicious_pattern"] for vector in vectors] == [0.0] * 10 + [1.0] * 2
    next_day = START_MS + DAY_MS + 2 * MINUTE_MS
    assert features(store, time_ms=next_day, device="d", instrument="x")["suspicious_pattern"] == 0


def test_a_deviation_is_in_standard_deviations_of_what_was_before() -> None:
    store = FeatureStore()
    deviations = [
        features(store, time_ms=START_MS, user="u", amount_minor=amount)["amount_deviation"]
        for amount in (1_000, 3_000, 5_000, 2_000)
    ]
    assert all(math.isnan(deviation) for deviation in deviations[:2])
    # Mean 2,000 and deviation 1,000; then mean 3,000 and deviation 1,633.
    assert deviations[2:] == pytest.approx([3.0, -1_000 / math.sqrt(8e6 / 3)], rel=1e-6)


def test_equal_amounts_deviate_by_shares_of_the_average() -> None:
    store = FeatureStore()
    for _ in range(3):
        features(store, time_ms=START_MS, user="u", merchant="m", amount_minor=10_000)
    vector = features(store, time_ms=START_MS, user="u", merchant="m", amount_minor=12_000)
    assert vector["amount_deviation"] == pytest.approx(20.0)
    assert vector["merchant_deviation"] == pytest.approx(20.0)


def test_an_amount_is_told_beside_the_one_before_and_what_is_usual() -> None:
    store = FeatureStore()
    for hour, amount in enumerate((10_000, 20_000)):
        time_ms = START_MS + hour * HOUR_MS
        features(store, time_ms=time_ms, user="u", merchant="m", amount_minor=amount)
    vector = features(
        store, time_ms=START_MS + 2 * HOUR_MS, user="u", merchant="m", amount_minor=12_000
    )
    assert vector["amount_to_last"] == pytest.approx(12_001 / 20_001)
    means = {
        "amount_to_mean_24h": "user_mean_24h",
        "amount_to_mean_7d": "user_mean_7d",
        "amount_to_mean_30d": "avg_transaction_amount",
        "merchant_amount_to_mean_30d": "merchant_mean_30d",
    }
    for ratio, mean in means.items():
        assert 10_000 < vector[mean] < 20_000
        assert vector[ratio] == pytest.approx(12_001 / (vector[mean] + 1), rel=1e-6)


def test_nothing_is_known_before_its_time() -> None:
    """The vector of a payment is the same whatever comes after it."""
    payments = stream(11, 400)
    whole = FeatureStore()
    vectors = [whole.observe(**payment).tobytes() for payment in payments]
    for known in (0, 1, 57, 399):
        part = FeatureStore()
        for payment in payments[:known]:
            part.observe(**payment)
        assert part.observe(**payments[known]).tobytes() == vectors[known]


def test_what_comes_late_is_counted_where_it_belongs() -> None:
    payments = stream(12, 300)
    last: Payment = {
        **payments[-1],
        "payment_id": "last",
        "time_ms": payments[-1]["time_ms"] + 1_000,
    }
    in_order, mixed = FeatureStore(), FeatureStore()
    for payment in payments:
        in_order.observe(**payment)
    for payment in sorted(payments, key=lambda payment: payment["amount_minor"]):
        mixed.observe(**payment)
    one = dict(zip(FEATURE_NAMES, in_order.read(**last), strict=True))
    other = dict(zip(FEATURE_NAMES, mixed.read(**last), strict=True))
    for name in FEATURE_NAMES:
        if name not in {"unique_merchants_24h", "merchant_instruments_24h"}:
            assert other[name] == pytest.approx(one[name], rel=1e-5, nan_ok=True), name
