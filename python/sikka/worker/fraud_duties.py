"""What one worker does for all: teach the memory that they share, and watch the models.

The worker that holds the first partition does it, under that partition's lease.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from sikka.domain.change import Amend
from sikka.worker.duty import Rhythm, RoundDuty
from sikka.worker.territory import Shift

FIRST_BUCKET = 0


class Feed(Protocol):
    """Teaches a memory what becomes known of payments."""

    async def step(self) -> int:
        """Teach some; return how much there was. Raises Unavailable."""
        ...


class Watch(Protocol):
    """Watches the models at work."""

    async def run(self, guard: Callable[[int], Amend]) -> int:
        """Report if it is time, under the fence; return how many reports. Raises Unavailable."""
        ...


class FeedLabelsDuty(RoundDuty):
    """Feeds labels into the memory that all processes share.

    A worker that was frozen past its lease may feed a batch beside its heir. The memory recognises
    what comes twice.
    """

    name = "feed labels"

    def __init__(self, feed: Feed, rhythm: Rhythm | None = None) -> None:
        self.rhythm = rhythm or Rhythm(shortest_s=0.05, longest_s=5.0)
        self._feed = feed

    async def run(self, shift: Shift) -> int:
        return await self._feed.step() if FIRST_BUCKET in shift.buckets else 0


class MonitorDuty(RoundDuty):
    """Reports on the models."""

    name = "monitor fraud"

    def __init__(self, watch: Watch, rhythm: Rhythm | None = None) -> None:
        # The watch knows when it is due; this is how often it is asked.
        self.rhythm = rhythm or Rhythm(shortest_s=5.0, longest_s=5.0)
        self._watch = watch

    async def run(self, shift: Shift) -> int:
        return await self._watch.run(shift.guard) if FIRST_BUCKET in shift.buckets else 0
