"""Exact rolling counts and sums of one entity, in buckets of one minute.

A window of n minutes covers the present minute and the n before it. It therefore never misses a
payment of the last n minutes, and may count one that is up to a minute older: that bucket is the
only error.
"""

from __future__ import annotations

from collections import deque

TEN_MINUTES = 10
HOUR = 60
DAY = 1_440


class RollingWindow:
    """Counts and sums over ten minutes, an hour and a day.

    Only minutes in which something happened take room, so an entity holds at most 1,441 buckets.
    Time does not run backwards: what comes late counts as of the latest minute seen.
    """

    __slots__ = (
        "_counts",
        "_first",
        "_minutes",
        "_sums",
        "_tail_1h",
        "_tail_10m",
        "count_1h",
        "count_10m",
        "count_24h",
        "minute",
        "sum_1h",
        "sum_10m",
        "sum_24h",
    )  # fmt: skip

    def __init__(self) -> None:
        self._minutes: deque[int] = deque()
        self._counts: deque[int] = deque()
        self._sums: deque[int] = deque()
        # Bucket numbers since the beginning: of the oldest kept, and of each shorter window's.
        self._first = 0
        self._tail_1h = 0
        self._tail_10m = 0
        self.minute = 0
        self.count_10m = self.count_1h = self.count_24h = 0
        self.sum_10m = self.sum_1h = self.sum_24h = 0

    def advance(self, minute: int) -> None:
        """Let time pass: forget what has left its window. Minutes are counted from 1970."""
        if minute <= self.minute:
            return
        self.minute = minute
        minutes = self._minutes
        if not minutes or minutes[0] >= minute - TEN_MINUTES:
            return
        counts, sums, first = self._counts, self._sums, self._first
        end = first + len(minutes)
        while self._tail_10m < end and minutes[self._tail_10m - first] < minute - TEN_MINUTES:
            self.count_10m -= counts[self._tail_10m - first]
            self.sum_10m -= sums[self._tail_10m - first]
            self._tail_10m += 1
        while self._tail_1h < end and minutes[self._tail_1h - first] < minute - HOUR:
            self.count_1h -= counts[self._tail_1h - first]
            self.sum_1h -= sums[self._tail_1h - first]
            self._tail_1h += 1
        while minutes and minutes[0] < minute - DAY:
            minutes.popleft()
            self.count_24h -= counts.popleft()
            self.sum_24h -= sums.popleft()
            self._first += 1

    def add(self, minute: int, amount_minor: int) -> None:
        """Count one payment, and let time pass until then."""
        self.advance(minute)
        minute = self.minute
        if self._minutes and self._minutes[-1] == minute:
            self._counts[-1] += 1
            self._sums[-1] += amount_minor
        else:
            self._minutes.append(minute)
            self._counts.append(1)
            self._sums.append(amount_minor)
        self.count_10m += 1
        self.count_1h += 1
        self.count_24h += 1
        self.sum_10m += amount_minor
        self.sum_1h += amount_minor
        self.sum_24h += amount_minor


class DistinctDay:
    """How many different values an entity was seen with within a day.

    Args:
        values_max: the least recently seen are forgotten beyond this many, so a count that has
            reached it means "at least".
    """

    __slots__ = ("_seen", "_values_max")

    def __init__(self, values_max: int = 256) -> None:
        self._seen: dict[str, int] = {}
        self._values_max = values_max

    def add(self, value: str, minute: int) -> None:
        """See a value."""
        seen = self._seen
        seen.pop(value, None)
        seen[value] = minute
        if len(seen) > self._values_max:
            del seen[next(iter(seen))]

    def count(self, minute: int) -> int:
        """How many values were seen in the window that ends with this minute."""
        seen = self._seen
        while seen:
            oldest = next(iter(seen))
            if seen[oldest] >= minute - DAY:
                break
            del seen[oldest]
        return len(seen)
