from __future__ import annotations

import pytest

from sikka.rails.circuit import CircuitBreaker


class Time:
    def __init__(self) -> None:
        self.s = 0.0

    def __call__(self) -> float:
        return self.s


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def breaker(time: Time) -> CircuitBreaker:
    return CircuitBreaker(failures_max=2, open_s=10.0, monotonic=time)


def fail(breaker: CircuitBreaker) -> None:
    ticket = breaker.admit()
    assert ticket is not None
    breaker.failed(ticket)


def succeed(breaker: CircuitBreaker) -> None:
    ticket = breaker.admit()
    assert ticket is not None
    breaker.succeeded(ticket)


def test_failures_in_a_row_open_it(breaker: CircuitBreaker) -> None:
    fail(breaker)
    assert breaker.admit() is not None
    fail(breaker)
    assert breaker.is_open
    assert breaker.admit() is None


def test_a_success_between_starts_the_count_again(breaker: CircuitBreaker) -> None:
    fail(breaker)
    succeed(breaker)
    fail(breaker)
    assert not breaker.is_open


def test_after_the_pause_exactly_one_probe_is_admitted(breaker: CircuitBreaker, time: Time) -> None:
    fail(breaker)
    fail(breaker)
    time.s = 9.9
    assert breaker.admit() is None
    time.s = 10.0
    probe = breaker.admit()
    assert probe is not None
    assert probe.probe
    assert breaker.admit() is None


def test_a_probe_that_succeeds_closes_it(breaker: CircuitBreaker, time: Time) -> None:
    fail(breaker)
    fail(breaker)
    time.s = 10.0
    succeed(breaker)
    assert not breaker.is_open
    fail(breaker)
    assert not breaker.is_open


def test_a_probe_that_fails_opens_it_for_another_pause(breaker: CircuitBreaker, time: Time) -> None:
    fail(breaker)
    fail(breaker)
    time.s = 10.0
    fail(breaker)
    assert breaker.admit() is None
    time.s = 20.0
    assert breaker.admit() is not None


def test_a_probe_that_is_given_up_leaves_room_for_another(
    breaker: CircuitBreaker, time: Time
) -> None:
    fail(breaker)
    fail(breaker)
    time.s = 10.0
    probe = breaker.admit()
    assert probe is not None
    breaker.abandoned(probe)
    assert breaker.is_open
    assert breaker.admit() is not None


def test_calls_under_way_when_it_opened_neither_close_nor_prolong_it(
    breaker: CircuitBreaker, time: Time
) -> None:
    slow, slower = breaker.admit(), breaker.admit()
    assert slow is not None
    assert slower is not None
    fail(breaker)
    fail(breaker)
    time.s = 5.0
    breaker.failed(slow)
    breaker.succeeded(slower)
    assert breaker.is_open
    time.s = 10.0
    assert breaker.admit() is not None


def test_a_call_that_is_given_up_says_nothing(breaker: CircuitBreaker) -> None:
    for _ in range(5):
        ticket = breaker.admit()
        assert ticket is not None
        breaker.abandoned(ticket)
    assert not breaker.is_open
