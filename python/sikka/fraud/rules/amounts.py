"""Rules about the amount by itself, and beside what the customer usually pays."""

from __future__ import annotations

from sikka.domain.money import Money
from sikka.fraud.config import FraudConfig
from sikka.fraud.facts import Facts
from sikka.fraud.rules.rule import Severity, Violation

# A history that is shorter, in payments within a month, is too short to compare with.
_HISTORY_MIN = 5


class AmountRule:
    """The amount reaches a bound of the house, or one that the merchant has set for itself."""

    name = "amount"

    def evaluate(self, facts: Facts) -> Violation | None:
        amount, currency = facts.request.amount_minor, facts.request.currency
        review, decline = (
            facts.thresholds.review_amount_minor,
            facts.thresholds.decline_amount_minor,
        )
        if decline is not None and amount >= decline:
            reason = (
                f"The amount reaches {_text(decline, currency)}, from which payments are refused."
            )
            return Violation("amount_decline", Severity.DECLINE, 90, reason)
        if review is not None and amount >= review:
            bound = _text(review, currency)
            reason = f"The amount reaches {bound}, from which a person looks at payments."
            return Violation("amount_review", Severity.REVIEW, 60, reason)
        return None


class UnusualAmountRule:
    """The amount is far above what this customer pays."""

    name = "unusual_amount"

    def __init__(self, config: FraudConfig) -> None:
        self._most = config.amount_deviations_max

    def evaluate(self, facts: Facts) -> Violation | None:
        features = facts.features
        if features.get("user_count_30d", 0.0) < _HISTORY_MIN:
            return None
        if features.get("amount_deviation", 0.0) <= self._most:
            return None
        average = _text(round(features["avg_transaction_amount"]), facts.request.currency)
        reason = f"The amount is far above this customer's average of {average}."
        return Violation(self.name, Severity.NOTE, 15, reason)


def _text(amount_minor: int, currency: str) -> str:
    return f"{currency} {Money(amount_minor, currency).major_text()}"
