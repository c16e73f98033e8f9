"""Assessments beside what became known of their payments, for whoever judges models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sikka.domain.fraud.assessment import Decision
from sikka.domain.fraud.label import FraudLabel
from sikka.domain.fraud.verdict import matures_at, truth_of, verdicts_of
from sikka.domain.payment import Status


@dataclass(frozen=True, slots=True)
class Monitored:
    """What was said of one payment, and what is known of it.

    Args:
        payment_id, status, created_at, livemode: of the payment.
        assessed_at: when it was assessed.
        model_version, decision, risk_score_hundredths, model_score_millionths,
            challenger_version, challenger_score_millionths, features_stale: of the assessment.
        shadow: what its rules and models in shadow would have said (`FraudAssessment.shadow`).
        features: of the assessment; empty where they were not asked for.
        labels: of the payment, in any order.
    """

    payment_id: str
    status: Status
    created_at: datetime
    livemode: bool
    assessed_at: datetime
    model_version: str
    decision: Decision
    risk_score_hundredths: int
    model_score_millionths: int | None
    challenger_version: str | None
    challenger_score_millionths: int | None
    features_stale: bool
    features: Mapping[str, Any]
    shadow: Sequence[Mapping[str, Any]] = ()
    labels: Sequence[FraudLabel] = ()

    def truth(self, now: datetime, delay: timedelta) -> bool | None:
        """Whether the payment counts as fraud; None while nothing is known of it.

        Args:
            delay: after which silence means that it was genuine.
        """
        matures = matures_at(self.status, self.created_at, delay)
        return truth_of(verdicts_of(self.payment_id, matures, self.labels), now)

    def score(self, version: str) -> float | None:
        """What a model said, 0 to 1; None when it was not asked.

        Rules without a model say the risk score.
        """
        if version == self.model_version:
            if self.model_score_millionths is None:
                return self.risk_score_hundredths / 100
            return self.model_score_millionths / 1_000_000
        if version == self.challenger_version and self.challenger_score_millionths is not None:
            return self.challenger_score_millionths / 1_000_000
        for each in self.shadow:
            if each.get("model") == version and each.get("score_millionths") is not None:
                return float(each["score_millionths"]) / 1_000_000
        return None

    def versions(self) -> set[str]:
        """The versions of all models that were asked."""
        asked = {self.model_version, self.challenger_version}
        asked |= {each.get("model") for each in self.shadow}
        return {version for version in asked if version is not None}
