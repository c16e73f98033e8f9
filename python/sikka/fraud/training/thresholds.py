"""What a threshold catches, what it costs, and what it spares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sikka.fraud.training.scored import Scored


@dataclass(frozen=True, slots=True)
class Costs:
    """What mistakes and work cost, in minor units; a missed fraud costs its amount.

    Args:
        review_minor: of a person who looks at one payment.
        refusal_minor: of a good payment that is refused.
    """

    review_minor: int = 5_000
    refusal_minor: int = 20_000


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What happens at each of t thresholds: whoever is as likely, or likelier, is flagged.

    Args:
        thresholds: (t,) float64, probabilities.
        flagged: (t,) int64, how many payments are flagged.
        caught: (t,) int64, how many of these are frauds.
        missed_minor: (t,) int64, the amounts of the frauds that are not flagged.
        frauds, good: how many there are of either kind.
    """

    thresholds: NDArray[np.float64]
    flagged: NDArray[np.int64]
    caught: NDArray[np.int64]
    missed_minor: NDArray[np.int64]
    frauds: int
    good: int

    @property
    def precision(self) -> NDArray[np.float64]:
        """(t,) the share of frauds among the flagged; 1 where nothing is flagged."""
        return np.where(self.flagged > 0, self.caught / np.maximum(self.flagged, 1), 1.0)

    @property
    def recall(self) -> NDArray[np.float64]:
        """(t,) the share of flagged ones among the frauds."""
        return np.asarray(self.caught / self.frauds)

    @property
    def false_positive_rate(self) -> NDArray[np.float64]:
        """(t,) the share of flagged ones among good payments."""
        return np.asarray((self.flagged - self.caught) / self.good)

    def cost_of_refusing_minor(self, costs: Costs) -> NDArray[np.int64]:
        """(t,) what it costs when flagged payments are refused."""
        wrongly = self.flagged - self.caught
        return np.asarray(self.missed_minor + wrongly * costs.refusal_minor)

    def cost_of_reviewing_minor(self, costs: Costs) -> NDArray[np.int64]:
        """(t,) what it costs when a person, who is always right, looks at flagged payments."""
        return np.asarray(self.missed_minor + self.flagged * costs.review_minor)


def outcomes_at(scored: Scored, thresholds: Sequence[float] | NDArray[np.float64]) -> Outcomes:
    """What would have happened at these thresholds.

    Args:
        scored: the payments, with frauds and others among them.
        thresholds: (t,) probabilities in any order.
    """
    wanted = np.asarray(thresholds, dtype=np.float64)
    order = np.argsort(scored.probabilities, kind="stable")
    # Below a threshold are as many as are less likely; sums begin with none below.
    below = np.searchsorted(scored.probabilities[order], wanted, side="left")
    frauds = scored.frauds[order].astype(np.int64)
    frauds_below = np.append(0, np.cumsum(frauds))[below]
    missed_minor = np.append(0, np.cumsum(frauds * scored.amount_minor[order]))[below]
    count = int(frauds.sum())
    return Outcomes(
        thresholds=wanted,
        flagged=len(scored) - below,
        caught=count - frauds_below,
        missed_minor=missed_minor,
        frauds=count,
        good=len(scored) - count,
    )
