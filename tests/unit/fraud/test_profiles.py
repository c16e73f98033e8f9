from __future__ import annotations

import math
import statistics
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sikka.domain.fraud import Device
from sikka.fraud.profiles import Entities, Memory, User, distance_km
from tests.unit.fraud.requests import HERE, request

MUMBAI, DELHI = (19.07, 72.87), (28.61, 77.21)


def test_the_windows_include_the_payment_itself_and_the_average_does_not() -> None:
    memory = Memory()
    memory.read(request(amount_minor=100))
    reading = memory.read(request(60, amount_minor=300))
    assert (reading.user.count_1h, reading.user.sum_1h) == (2, 400)
    assert (reading.user_payments, reading.user_mean_minor) == (1, 100)


def test_an_attempt_read_twice_counts_once() -> None:
    memory, first = Memory(), request()
    memory.read(first)
    again = memory.read(replace(first, payment_id="pay_other"))
    assert again.user.count_24h == 1
    assert again.merchant.count_24h == 1
    assert again.instrument is not None
    assert again.instrument.sum_24h == first.amount_minor
    assert again.user_payments == 1


def test_customers_of_two_merchants_with_one_id_are_two_and_their_instrument_is_one() -> None:
    memory = Memory()
    memory.read(request(merchant_id="mer_1"))
    reading = memory.read(request(merchant_id="mer_2"))
    assert reading.user.count_24h == 1
    assert reading.instrument is not None
    assert reading.instrument.count_24h == 2
    assert reading.merchants_24h == 2


def test_test_payments_never_meet_live_ones() -> None:
    memory = Memory()
    for _ in range(3):
        memory.read(request(livemode=False))
    reading = memory.read(request(livemode=True))
    windows = (reading.user, reading.merchant, reading.instrument, reading.device, reading.ip)
    assert [window.count_24h for window in windows if window] == [1] * 5


def test_a_device_is_new_only_to_a_user_who_has_used_another() -> None:
    memory = Memory()
    assert not memory.read(request()).new_device
    assert not memory.read(request()).new_device
    assert memory.read(request(device=replace(HERE, fingerprint="device-2"))).new_device
    assert not memory.read(request()).new_device


def test_a_place_is_compared_with_the_last_one() -> None:
    memory = Memory()
    first = memory.read(request(device=Device(latitude=MUMBAI[0], longitude=MUMBAI[1])))
    assert (first.distance_km, first.speed_km_h, first.new_location) == (None, None, False)
    away = request(3_600, device=Device(latitude=DELHI[0], longitude=DELHI[1]))
    reading = memory.read(away)
    assert reading.distance_km == pytest.approx(1_148, abs=10)
    assert reading.speed_km_h == pytest.approx(reading.distance_km)
    assert reading.new_location


def test_a_device_has_an_age_and_the_instruments_it_was_used_with() -> None:
    memory = Memory()
    assert memory.read(request()).device_age_s == 0
    reading = memory.read(request(90, instrument="ravi@simbank"))
    assert (reading.device_age_s, reading.device_instruments_24h) == (90, 2)


def test_what_a_request_lacks_is_not_made_up() -> None:
    reading = Memory().read(request(device=Device(), instrument=None))
    assert (reading.instrument, reading.device, reading.ip) == (None, None, None)
    assert reading.device_age_s is None
    assert reading.distance_km is None


def test_memory_is_bounded_and_forgets_the_least_recently_used() -> None:
    memory = Memory(entities_max=2, attempts_max=3)
    for user in ("a", "b", "a", "c"):
        memory.read(request(user_id=user))
    assert len(memory._users) == 2
    assert len(memory._attempts) == 3
    assert memory.read(request(user_id="a")).user_payments == 2
    assert memory.read(request(user_id="b")).user_payments == 0


def test_entities_keep_what_they_know() -> None:
    entities: Entities[list[int]] = Entities(list, 2)
    entities.get("a").append(1)
    assert entities.get("a") == [1]


@given(st.lists(st.integers(1, 10**10), min_size=2, max_size=40))
def test_mean_and_spread_are_those_of_the_amounts(amounts: list[int]) -> None:
    user = User()
    for amount in amounts:
        user.add_amount(amount)
    assert user.mean_minor == pytest.approx(statistics.fmean(amounts))
    assert user.spread_minor == pytest.approx(statistics.stdev(amounts), rel=1e-6, abs=1e-3)


places = st.tuples(st.floats(-90, 90), st.floats(-180, 180))


@given(places, places)
def test_distance_is_symmetric_and_at_most_half_around_the_earth(
    here: tuple[float, float], there: tuple[float, float]
) -> None:
    there_and_back = (distance_km(here, there), distance_km(there, here))
    assert there_and_back[0] == pytest.approx(there_and_back[1], abs=1e-6)
    assert 0 <= there_and_back[0] <= 6_372 * math.pi
    assert distance_km(here, here) == 0
