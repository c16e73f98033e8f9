"""Samples a stretch of time: some payments of each slice, and how many they stand for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sikka.domain.fraud.monitored import Monitored


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of a stretch of time; the end is not included."""

    begins_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Weighed:
    """A payment, and how many of its slice it stands for; at least 1."""

    payment: Monitored
    weight: float


def slices_of(begins_at: datetime, ends_at: datetime, count: int) -> list[Slice]:
    """So many slices of equal length, in order; together they are the stretch."""
    length = (ends_at - begins_at) / count
    edges = [begins_at + length * number for number in range(count)]
    return [Slice(begin, end) for begin, end in zip(edges, [*edges[1:], ends_at], strict=True)]


def weighed(slice_: Slice, payments: Sequence[Monitored], limit: int) -> list[Weighed]:
    """Weigh the first payments of a slice.

    All of a slice weigh 1 each. Where there were more than could be read, the rest of the slice is
    taken to be like the part that was read.

    Args:
        payments: the earliest of the slice, in the order in which they were assessed.
        limit: how many were asked for.
    """
    weight = 1.0
    if len(payments) >= limit:
        length_s = (slice_.ends_at - slice_.begins_at).total_seconds()
        read_s = (payments[-1].assessed_at - slice_.begins_at).total_seconds()
        if read_s > 0.0:
            # The last payment is where the reading ended, and says nothing of how many there are.
            weight = max(1.0, (1.0 - 1.0 / len(payments)) * length_s / read_s)
    return [Weighed(payment, weight) for payment in payments]
