"""What the models say about one payment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Judgement:
    """The word of the model that decides, and of the one that is asked beside it.

    Args:
        version: of the model that decides.
        probability: the calibrated chance of fraud, 0 to 1.
        top: the features that moved the margin most, each with how far, the strongest first.
        challenger_version, challenger_probability: the other model's; None when there is none.
    """

    version: str
    probability: float
    top: Sequence[tuple[str, float]] = ()
    challenger_version: str | None = None
    challenger_probability: float | None = None


class Judge(Protocol):
    """The models that are in force. It does not change."""

    def judge(self, key: str, vector: memoryview) -> Judgement | None:
        """Let the models judge a payment.

        Args:
            key: what a challenger's share is chosen by; the same key, the same model.
            vector: (len(SCHEMA),) float32.

        Returns:
            None when no model is in force.
        """
        ...


class NoModels:
    """A `Judge` that has no model."""

    def judge(self, key: str, vector: memoryview) -> Judgement | None:  # noqa: ARG002 - it has none
        return None
