from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sikka.api import limits
from sikka.api.limits import TokenBuckets, Unlimited
from sikka.domain.errors import RateLimited


class Seconds:
    def __init__(self) -> None:
        self.value = 100.0

    def __call__(self) -> float:
        return self.value


async def spent(buckets: TokenBuckets, key: str, cost: int = 1) -> bool:
    try:
        await buckets.take(key, cost)
    except RateLimited:
        return False
    return True


async def test_a_burst_is_allowed_and_then_the_rate() -> None:
    seconds = Seconds()
    buckets = TokenBuckets(2.0, 3, seconds)
    assert [await spent(buckets, "a") for _ in range(5)] == [True, True, True, False, False]
    seconds.value += 0.5
    assert [await spent(buckets, "a") for _ in range(2)] == [True, False]


async def test_retry_after_is_when_the_request_will_be_allowed() -> None:
    seconds = Seconds()
    buckets = TokenBuckets(0.1, 1, seconds)
    await buckets.take("a", 1)
    seconds.value += 2.5
    with pytest.raises(RateLimited) as refused:
        await buckets.take("a", 1)
    assert refused.value.retry_after_s == 8
    seconds.value += refused.value.retry_after_s
    await buckets.take("a", 1)


async def test_callers_do_not_spend_each_others_budget() -> None:
    buckets = TokenBuckets(1.0, 1, Seconds())
    assert await spent(buckets, "a")
    assert await spent(buckets, "b")
    assert not await spent(buckets, "a")


async def test_a_cost_above_the_burst_is_the_whole_burst() -> None:
    buckets = TokenBuckets(1.0, 5, Seconds())
    assert await spent(buckets, "a", 1_000)
    assert not await spent(buckets, "a")


async def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "KEYS_MAXIMUM", 10)
    buckets = TokenBuckets(1.0, 1, Seconds())
    for number in range(100):
        await buckets.take(str(number), 1)
    assert len(buckets._full_at_s) == 10
    assert not await spent(buckets, "99")


@given(
    st.lists(st.tuples(st.floats(0, 2), st.integers(1, 4)), max_size=60),
    st.integers(1, 8),
    st.floats(0.5, 5),
)
async def test_no_window_lets_more_through_than_burst_and_rate(
    asked: list[tuple[float, int]], burst: int, rate_per_s: float
) -> None:
    seconds = Seconds()
    buckets = TokenBuckets(rate_per_s, burst, seconds)
    taken: list[tuple[float, int]] = []
    for pause_s, cost in asked:
        seconds.value += pause_s
        if await spent(buckets, "a", cost):
            taken.append((seconds.value, min(cost, burst)))
    for first, (start_s, _) in enumerate(taken):
        for last in range(first, len(taken)):
            amount = sum(cost for _, cost in taken[first : last + 1])
            assert amount <= burst + rate_per_s * (taken[last][0] - start_s) + 1e-3


@pytest.mark.parametrize(("rate_per_s", "burst"), [(0, 1), (-1, 1), (1, 0)])
def test_a_budget_that_never_refills_or_holds_nothing_is_refused(
    rate_per_s: float, burst: int
) -> None:
    with pytest.raises(ValueError, match="rate_per_s must be positive"):
        TokenBuckets(rate_per_s, burst)


async def test_without_a_bound_nobody_is_refused() -> None:
    limiter = Unlimited()
    for _ in range(1_000):
        await limiter.take("mer_1/test", 1_000)
