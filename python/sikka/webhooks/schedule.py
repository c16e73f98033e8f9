"""When a delivery is tried, and tried again."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

RETRY_DELAYS_S = (
    0.0,
    5.0,
    300.0,
    1_800.0,
    7_200.0,
    18_000.0,
    36_000.0,
    50_400.0,
    72_000.0,
    86_400.0,
)
_JITTER = 0.1


@dataclass(frozen=True, slots=True)
class Schedule:
    """The waits before each attempt, as Standard Webhooks 1.0.0 recommends them.

    Args:
        delays_s: seconds before the first, second, … attempt; as many attempts as there are
            waits. The first is not waited for: a new delivery is due at once.
        chance: a random number from 0 to 1; each wait is stretched or shrunk by up to a tenth, so
            that what failed together is not tried together again.
    """

    delays_s: tuple[float, ...] = RETRY_DELAYS_S
    chance: Callable[[], float] = random.SystemRandom().random

    def delay_after_s(self, attempts: int) -> float | None:
        """How long to wait after that many attempts, or None when it was the last one."""
        if attempts >= len(self.delays_s):
            return None
        return self.delays_s[attempts] * (1.0 + _JITTER * (2.0 * self.chance() - 1.0))
