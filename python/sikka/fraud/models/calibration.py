"""From a model's margin to a probability that means what it says."""

from __future__ import annotations

from bisect import bisect_right
from itertools import pairwise
from math import exp, isfinite
from typing import Literal

import msgspec

# Probabilities closer to 0 or 1 than this (1e-13) nobody has ever measured.
LOG_ODDS_MAX = 30.0
POINTS_MIN, POINTS_MAX = 2, 64


class Calibration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The log-odds of fraud as a rising broken line over the margin.

    Between two points the log-odds are on the line between them, and beyond the ends they are
    those of the ends. The order of payments by probability is that of their margins, but for ties
    beyond the ends.

    Args:
        method: how the points were found: "isotonic" (centred isotonic regression: Oron and
            Flournoy 2017) or "platt" (a straight line: Platt 1999).
        margins: where the points lie, strictly rising; 2 to 64 finite numbers.
        log_odds: ln(p / (1 - p)) there, strictly rising, within -30..30; as many.

    Raises:
        ValueError: an argument breaks its rule; the message names it.
    """

    method: Literal["isotonic", "platt"]
    margins: tuple[float, ...]
    log_odds: tuple[float, ...]

    def __post_init__(self) -> None:
        if not POINTS_MIN <= len(self.margins) <= POINTS_MAX:
            raise ValueError(f"margins must be {POINTS_MIN} to {POINTS_MAX} numbers")
        if len(self.log_odds) != len(self.margins):
            raise ValueError("log_odds must be as many numbers as margins")
        if not all(map(isfinite, self.margins)):
            raise ValueError("margins must be finite")
        # A comparison with NaN is false, so that NaN is refused as well.
        if not all(-LOG_ODDS_MAX <= each <= LOG_ODDS_MAX for each in self.log_odds):
            raise ValueError(f"log_odds must be within -{LOG_ODDS_MAX:.0f}..{LOG_ODDS_MAX:.0f}")
        for name, numbers in (("margins", self.margins), ("log_odds", self.log_odds)):
            if not all(low < high for low, high in pairwise(numbers)):
                raise ValueError(f"{name} must rise from each to the next")

    def probability(self, margin: float) -> float:
        """The probability of fraud of a payment with this margin, within 0..1.

        Raises:
            ValueError: the margin is NaN.
        """
        if margin != margin:  # noqa: PLR0124 - only NaN differs from itself.
            raise ValueError("margin must be a number")
        margins, log_odds = self.margins, self.log_odds
        place = bisect_right(margins, margin)
        if place == 0:
            odds = log_odds[0]
        elif place == len(margins):
            odds = log_odds[-1]
        else:
            left, low = margins[place - 1], log_odds[place - 1]
            odds = low + (margin - left) / (margins[place] - left) * (log_odds[place] - low)
        return 1.0 / (1.0 + exp(-odds))
