"""The simulated world's clock: waits in the real world's seconds, shortened by one factor."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta, timezone
from typing import TypeVar

INDIA = timezone(timedelta(hours=5, minutes=30), "IST")

Answer = TypeVar("Answer")


class Clock:
    """Waits scaled by ``time_scale``; a scale of 0.01 turns the 15 s of a leg into 150 ms.

    Args:
        time_scale: factor on every wait; 0 waits for nothing.
        skew_s: seconds by which the timestamps (never the waits) are wrong, for fault tests.
    """

    def __init__(self, time_scale: float = 1.0, skew_s: float = 0.0) -> None:
        if time_scale < 0:
            raise ValueError("time_scale must not be negative")
        self.time_scale = time_scale
        self.skew_s = skew_s

    async def sleep(self, seconds: float) -> None:
        """Wait ``seconds`` of the simulated world."""
        await asyncio.sleep(seconds * self.time_scale)

    async def within(
        self, seconds: float, awaited: Awaitable[Answer], real_s: float = 0.0
    ) -> Answer:
        """Wait for ``awaited``, at most ``seconds`` of the simulated world or ``real_s`` real ones.

        The longer of the two counts.

        Raises:
            TimeoutError: the time is over.
        """
        async with asyncio.timeout(max(seconds * self.time_scale, real_s)):
            return await awaited

    def now(self) -> datetime:
        """The time of day in India, with the clock's skew."""
        return datetime.now(UTC).astimezone(INDIA) + timedelta(seconds=self.skew_s)

    def timestamp(self) -> str:
        """The time as UPI writes it: ISO 8601 with milliseconds and ``+05:30``."""
        return self.now().isoformat(timespec="milliseconds")
