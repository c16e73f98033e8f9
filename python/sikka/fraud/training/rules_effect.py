"""What a model adds to rules that had decided by themselves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sikka.domain.fraud.assessment import Decision
from sikka.fraud.training.scored import Scored


@dataclass(frozen=True, slots=True)
class Judge:
    """Who flags payments, and with what success.

    Args:
        name: "rules", "model", "either" or "both".
        flagged: how many payments.
        caught: how many frauds among them.
        caught_minor: their amounts.
        frauds, good: how many there are of either kind.
    """

    name: str
    flagged: int
    caught: int
    caught_minor: int
    frauds: int
    good: int

    @property
    def precision(self) -> float:
        """The share of frauds among the flagged; 1 when nothing is flagged."""
        return self.caught / self.flagged if self.flagged else 1.0

    @property
    def recall(self) -> float:
        """The share of flagged ones among the frauds."""
        return self.caught / self.frauds

    @property
    def false_positive_rate(self) -> float:
        """The share of flagged ones among good payments."""
        return (self.flagged - self.caught) / self.good


def rules_effect(scored: Scored, threshold: float) -> list[Judge]:
    """Rules alone, a model alone, and the two together, on payments that rules decided.

    A payment is flagged by rules when they decided anything but APPROVE, and by the model from a
    probability of `threshold` on. Empty when there is no decision of rules, or when those payments
    are not of both kinds.

    Args:
        scored: the payments.
        threshold: a probability.
    """
    decided = scored.rules_decision.codes >= 0
    frauds = scored.frauds[decided]
    if frauds.sum() in (0, len(frauds)):
        return []
    rules = ~scored.rules_decision.are(Decision.APPROVE)[decided]
    model = scored.probabilities[decided] >= threshold
    amounts = scored.amount_minor[decided]

    def judge(name: str, flags: NDArray[np.bool_]) -> Judge:
        caught = flags & frauds
        return Judge(
            name,
            int(flags.sum()),
            int(caught.sum()),
            int(amounts[caught].sum()),
            int(frauds.sum()),
            int((~frauds).sum()),
        )

    return [
        judge("rules", rules),
        judge("model", model),
        judge("either", rules | model),
        judge("both", rules & model),
    ]
