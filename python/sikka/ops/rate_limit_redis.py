"""One budget a caller for all processes, in Redis."""

from __future__ import annotations

import asyncio
import math
from typing import Protocol

from redis.asyncio import Redis
from redis.exceptions import RedisError

from sikka.domain.errors import RateLimited
from sikka.ports import Observer

# A bucket is the one moment at which it will be full again, in microseconds of the server's own
# clock, so that the clocks of the callers do not matter; a full bucket is no key at all.
# Answers 0, or the microseconds to wait.
_SCRIPT = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local full_at = tonumber(redis.call('GET', KEYS[1]) or now)
if full_at < now then full_at = now end
local spent = full_at + ARGV[1]
local excess = spent - now - ARGV[2]
if excess > 0 then return excess end
redis.call('SET', KEYS[1], string.format('%.0f', spent), 'PX', math.ceil((spent - now) / 1000) + 1)
return 0
"""

_MICROSECONDS = 1_000_000


class Fallback(Protocol):
    """The limiter of one process."""

    async def take(self, key: str, cost: int) -> None:
        """See `sikka.api.limits.RateLimiter`."""
        ...


class RedisTokenBuckets:
    """Budgets in Redis that refill steadily. Keeps the contract of `sikka.api.limits`.

    When Redis does not answer in time, the limiter of this process decides: a limit protects
    the house, and must not stop payments.

    Args:
        redis: a client.
        name: of this kind of budget; part of the key.
        rate_per_s: how fast a budget refills.
        burst: how much it holds.
        fallback: decides while Redis does not.
        observe: hears `rate_limit.fallback`.
        timeout_s: how long Redis may take.
    """

    def __init__(
        self,
        redis: Redis,
        name: str,
        rate_per_s: float,
        burst: int,
        *,
        fallback: Fallback,
        observe: Observer,
        timeout_s: float = 0.05,
    ) -> None:
        if rate_per_s <= 0 or burst < 1:
            raise ValueError("rate_per_s must be positive and burst at least 1")
        self._script = redis.register_script(_SCRIPT)
        self._name = name
        self._interval_us = _MICROSECONDS / rate_per_s
        self._burst = burst
        self._fallback = fallback
        self._observe = observe
        self._timeout_s = timeout_s

    async def take(self, key: str, cost: int) -> None:
        """See `sikka.api.limits.RateLimiter`."""
        spent_us = round(min(cost, self._burst) * self._interval_us)
        full_us = round(self._burst * self._interval_us)
        try:
            async with asyncio.timeout(self._timeout_s):
                wait_us = await self._script([f"rate:{self._name}:{key}"], [spent_us, full_us])
        except (RedisError, OSError, TimeoutError) as error:
            self._observe("rate_limit.fallback", error=type(error).__name__)
            await self._fallback.take(key, cost)
            return
        if wait_us > 0:
            raise RateLimited(max(1, math.ceil(wait_us / _MICROSECONDS)))
