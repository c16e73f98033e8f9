"""Whether a probability means what it says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import brier_score_loss

from sikka.fraud.training.scored import Scored

BINS = 20


@dataclass(frozen=True, slots=True)
class Reliability:
    """Payments in groups of similar probability.

    Args:
        expected: (b,) the mean probability of each group, rising.
        actual: (b,) the share of frauds in it.
        payments: (b,) how many payments it has, never 0.
    """

    expected: NDArray[np.float64]
    actual: NDArray[np.float64]
    payments: NDArray[np.int64]

    @property
    def error(self) -> float:
        """The expected calibration error: |actual - expected|, weighted by payments."""
        weights = self.payments / self.payments.sum()
        return float(np.sum(weights * np.abs(self.actual - self.expected)))


def reliability_of(scored: Scored, bins: int = BINS) -> Reliability:
    """Group payments by probability, in steps of equal width on the scale of log-odds.

    On the scale of probabilities itself, where frauds are rare, nearly all payments would be in the
    first group.

    Args:
        scored: the payments.
        bins: how many groups at most; empty ones are left out.
    """
    likely = scored.probabilities
    log_odds = np.log(likely) - np.log1p(-likely)
    edges = np.linspace(log_odds.min(), log_odds.max(), bins + 1)[1:-1]
    groups = np.searchsorted(edges, log_odds, side="right")
    payments = np.bincount(groups, minlength=bins)
    there = payments > 0
    payments = payments[there]
    return Reliability(
        expected=np.bincount(groups, likely, bins)[there] / payments,
        actual=np.bincount(groups, scored.frauds, bins)[there] / payments,
        payments=payments,
    )


def brier(scored: Scored) -> float:
    """The mean squared difference between probability and what happened; less is better."""
    return float(brier_score_loss(scored.frauds, scored.probabilities))
