"""How a number was distributed when a model was trained, to tell how far it has moved since."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from math import isfinite, log

import msgspec

# A share of nothing would make the index infinite: an empty bin counts as one in ten thousand.
SHARE_MIN = 1e-4
SUM_TOLERANCE = 1e-6


class Distribution(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The shares of a number's values in bins.

    Args:
        edges: where one bin ends and the next begins, strictly rising and finite; a value that is
            equal to an edge lies in the bin above it. May be empty: one bin for all.
        shares: of each of the len(edges) + 1 bins, from the lowest, and last of what is missing.
            They are within 0..1 and add up to 1.

    Raises:
        ValueError: an argument breaks its rule; the message names it.
    """

    edges: tuple[float, ...]
    shares: tuple[float, ...]

    def __post_init__(self) -> None:
        if not all(map(isfinite, self.edges)):
            raise ValueError("edges must be finite")
        if not all(low < high for low, high in pairwise(self.edges)):
            raise ValueError("edges must rise from each to the next")
        if len(self.shares) != len(self.edges) + 2:
            raise ValueError("shares must be two more than edges")
        if not all(0 <= share <= 1 for share in self.shares):
            raise ValueError("shares must be within 0..1")
        if abs(sum(self.shares) - 1) > SUM_TOLERANCE:
            raise ValueError("shares must add up to 1")

    def bin_of(self, value: float) -> int:
        """The place in `shares` of the bin that a value lies in; NaN is what is missing."""
        if value != value:  # noqa: PLR0124 - only NaN differs from itself.
            return len(self.edges) + 1
        return bisect_right(self.edges, value)

    def stability_index(self, counts: Sequence[float]) -> float:
        """The population stability index of counted values against these shares.

        It is the sum over the bins of (actual - expected) * ln(actual / expected), with shares of
        at least 1e-4: 0 for the same distribution; by custom, above .1 something has moved and
        above .25 the model should be looked at.

        Args:
            counts: how many values lay in each bin, in the order of `shares`; they need not be
                whole, where values were weighted.

        Raises:
            ValueError: there are not as many counts as shares, one is negative, or all are 0.
        """
        if len(counts) != len(self.shares):
            raise ValueError("counts must be as many as shares")
        total = sum(counts)
        if min(counts) < 0 or total == 0:
            raise ValueError("counts must not be negative, and not all 0")
        index = 0.0
        for count, share in zip(counts, self.shares, strict=True):
            actual, expected = max(count / total, SHARE_MIN), max(share, SHARE_MIN)
            index += (actual - expected) * log(actual / expected)
        return index
