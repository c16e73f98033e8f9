"""How often a caller may ask: the contract, and the limiter of one process."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol

from sikka.domain.errors import RateLimited

KEYS_MAXIMUM = 100_000

# A sum of floats may exceed its bound by a rounding error.
ROUNDING_S = 1e-6


class RateLimiter(Protocol):
    """Spends from a budget that refills steadily."""

    async def take(self, key: str, cost: int) -> None:
        """Spend `cost` from the budget of `key`; a cost above the burst counts as the burst.

        Raises:
            RateLimited: the budget is too small now; nothing was spent.
        """
        ...


class Unlimited:
    """No bound, where something in front of the gateway sets one."""

    async def take(self, key: str, cost: int) -> None:  # noqa: ARG002 - as its contract says.
        return


class TokenBuckets:
    """Budgets in the memory of one process.

    A bucket is kept as the one moment at which it will be full again, so that an untouched
    bucket costs nothing and a full one can be forgotten.

    Args:
        rate_per_s: how fast a budget refills.
        burst: how much it holds.
        clock_s: a monotonic clock, seconds.
    """

    def __init__(
        self, rate_per_s: float, burst: int, clock_s: Callable[[], float] = time.monotonic
    ) -> None:
        if rate_per_s <= 0 or burst < 1:
            raise ValueError("rate_per_s must be positive and burst at least 1")
        self._interval_s = 1 / rate_per_s
        self._burst = burst
        self._clock_s = clock_s
        self._full_at_s: OrderedDict[str, float] = OrderedDict()

    async def take(self, key: str, cost: int) -> None:
        now_s = self._clock_s()
        full_at_s = max(self._full_at_s.get(key, now_s), now_s)
        spent_s = full_at_s + min(cost, self._burst) * self._interval_s
        excess_s = spent_s - now_s - self._burst * self._interval_s
        if excess_s > ROUNDING_S:
            raise RateLimited(max(1, math.ceil(excess_s)))
        self._full_at_s[key] = spent_s
        self._full_at_s.move_to_end(key)
        if len(self._full_at_s) > KEYS_MAXIMUM:
            self._full_at_s.popitem(last=False)
