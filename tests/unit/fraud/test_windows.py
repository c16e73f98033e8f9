from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sikka.fraud.windows import DAY, HOUR, TEN_MINUTES, DistinctDay, RollingWindow

# Steps of time that dwell around the edges of the windows.
steps = st.one_of(
    st.integers(0, 3),
    st.sampled_from([9, 10, 11, 59, 60, 61, 1_439, 1_440, 1_441, 5_000]),
)
stream = st.lists(st.tuples(steps, st.integers(1, 10_000)), max_size=60)


@given(stream, st.integers(0, 2_000))
def test_counts_and_sums_are_those_of_the_naive_model(
    payments: list[tuple[int, int]], pause: int
) -> None:
    window, model, minute = RollingWindow(), list[tuple[int, int]](), 29_000_000
    for step, amount in payments:
        minute += step
        window.add(minute, amount)
        model.append((minute, amount))
        _check(window, model, minute)
    window.advance(minute + pause)
    _check(window, model, minute + pause)


def _check(window: RollingWindow, model: list[tuple[int, int]], minute: int) -> None:
    for length, count, total in (
        (TEN_MINUTES, window.count_10m, window.sum_10m),
        (HOUR, window.count_1h, window.sum_1h),
        (DAY, window.count_24h, window.sum_24h),
    ):
        inside = [amount for at, amount in model if at >= minute - length]
        assert (count, total) == (len(inside), sum(inside))


@given(st.lists(st.integers(0, 400_000), max_size=80))
def test_no_payment_of_the_last_ten_minutes_is_missed_and_none_over_eleven_is_counted(
    seconds: list[int],
) -> None:
    window = RollingWindow()
    times = sorted(seconds)
    for index, now_s in enumerate(times):
        window.add(now_s // 60, 1)
        seen = times[: index + 1]
        assert window.count_10m >= sum(at > now_s - 600 for at in seen)
        assert window.count_10m <= sum(at > now_s - 660 for at in seen)


@given(st.lists(st.integers(0, 3_000), min_size=1, max_size=60))
def test_what_comes_late_counts_as_of_the_latest_minute(minutes: list[int]) -> None:
    late, clamped, latest = RollingWindow(), RollingWindow(), 0
    for minute in minutes:
        latest = max(latest, minute)
        late.add(minute, 7)
        clamped.add(latest, 7)
    for name in ("count_10m", "count_1h", "count_24h", "sum_24h"):
        assert getattr(late, name) == getattr(clamped, name)


def test_a_window_holds_at_most_a_bucket_a_minute() -> None:
    window = RollingWindow()
    for minute in range(10_000):
        window.add(minute, 1)
        window.add(minute, 1)
    assert len(window._minutes) == DAY + 1
    assert (window.count_10m, window.count_1h, window.count_24h) == (22, 122, 2 * (DAY + 1))


@given(st.lists(st.tuples(steps, st.sampled_from("abcdef")), max_size=60), st.integers(0, 2_000))
def test_distinct_values_are_those_of_the_naive_model(
    sightings: list[tuple[int, str]], pause: int
) -> None:
    distinct, model, minute = DistinctDay(), list[tuple[int, str]](), 0
    for step, value in sightings:
        minute += step
        distinct.add(value, minute)
        model.append((minute, value))
    minute += pause
    assert distinct.count(minute) == len({v for at, v in model if at >= minute - DAY})


def test_distinct_values_are_bounded() -> None:
    distinct = DistinctDay(values_max=3)
    for value in "abcdef":
        distinct.add(value, 1)
    assert distinct.count(1) == 3
