"""What the models say about one payment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Judgement:
    """The word of the model that decides, and of those that are asked beside it.

    Args:
        version: of the model that decides; None when there is only one in shadow.
        probability: the calibrated chance of fraud, 0 to 1; None without a model, or when its
            leaves add up to no number, which no training makes.
        top: the features that moved the margin most, each with how far, the strongest first. It
            may be computed when it is looked at, from the vector, and costs more than all else.
        challenger_version, challenger_probability: the challenger's, or the champion's where the
            challenger decides; None when there is no challenger.
        shadow_version, shadow_probability: of the model in shadow; None when there is none.
    """

    version: str | None
    probability: float | None
    top: Sequence[tuple[str, float]] = ()
    challenger_version: str | None = None
    challenger_probability: float | None = None
    shadow_version: str | None = None
    shadow_probability: float | None = None


class Judge(Protocol):
    """The models that are in force. It does not change."""

    def judge(self, key: str, vector: memoryview) -> Judgement | None:
        """Let the models judge a payment.

        Args:
            key: what a challenger's share is chosen by; the same key, the same model.
            vector: (len(SCHEMA),) float32; it must not change while the judgement is looked at.

        Returns:
            None when no model is in force.
        """
        ...


class NoModels:
    """A `Judge` that has no model."""

    def judge(self, key: str, vector: memoryview) -> Judgement | None:  # noqa: ARG002 - it has none
        return None
