"""From which score and amount on a payment is looked at, or refused."""

from __future__ import annotations

from dataclasses import dataclass

from sikka.domain.fraud.policy import FraudThresholds
from sikka.fraud.config import FraudConfig


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The thresholds that count for one payment.

    Args:
        review_score_hundredths, decline_score_hundredths: of the risk score; above 100 for never.
        review_amount_minor, decline_amount_minor: of the amount; None for never.
    """

    review_score_hundredths: int
    decline_score_hundredths: int
    review_amount_minor: int | None
    decline_amount_minor: int | None

    @classmethod
    def configured(cls, config: FraudConfig) -> Thresholds:
        """Those of the house, for merchants that have none of their own."""
        return cls(
            config.review_score_hundredths,
            config.decline_score_hundredths,
            config.review_amount_minor,
            config.decline_amount_minor,
        )

    @classmethod
    def own(cls, thresholds: FraudThresholds) -> Thresholds:
        """A merchant's own. An amount that the merchant leaves open has no bound."""
        return cls(
            thresholds.review_score_hundredths,
            thresholds.decline_score_hundredths,
            thresholds.review_amount_minor,
            thresholds.decline_amount_minor,
        )
