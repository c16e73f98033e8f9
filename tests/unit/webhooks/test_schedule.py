from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sikka.webhooks.schedule import RETRY_DELAYS_S, Schedule


def test_the_waits_are_those_of_standard_webhooks() -> None:
    schedule = Schedule(chance=lambda: 0.5)
    waits = [schedule.delay_after_s(attempts) for attempts in range(1, 11)]
    assert waits == [*RETRY_DELAYS_S[1:], None]
    assert RETRY_DELAYS_S == (0, 5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)


@given(st.floats(0, 1), st.integers(1, 9))
def test_chance_moves_a_wait_by_a_tenth_at_most(chance: float, attempts: int) -> None:
    delay_s = Schedule(chance=lambda: chance).delay_after_s(attempts)
    assert delay_s == pytest.approx(RETRY_DELAYS_S[attempts], rel=0.1000001)


def test_waits_differ_by_default() -> None:
    schedule = Schedule()
    assert len({schedule.delay_after_s(5) for _ in range(10)}) > 1


def test_a_schedule_of_one_attempt_is_never_repeated() -> None:
    assert Schedule((0.0,)).delay_after_s(1) is None
