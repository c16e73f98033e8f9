"""What hears of everything that happens, and the engine that would not tell by itself."""

from __future__ import annotations

import logging
from typing import Any

from sikka.domain.fraud.assessment import FraudAssessment, RiskRequest
from sikka.ports import FraudEngine, Observer

log = logging.getLogger(__name__)


class Observers:
    """Several observers as one. One that fails is logged, and never felt by who is observed."""

    def __init__(self, *observers: Observer) -> None:
        self._observers = list(observers)

    def add(self, observer: Observer) -> None:
        """Tell this one too, from now on."""
        self._observers.append(observer)

    def remove(self, observer: Observer) -> None:
        """Tell this one no more."""
        self._observers.remove(observer)

    def __call__(self, what: str, /, **facts: Any) -> None:
        """See `sikka.ports.Observer`."""
        for observer in self._observers:
            try:
                observer(what, **facts)
            except Exception:
                log.exception("an observer failed on %s", what)


class ObservedFraud:
    """Tells the observers of every assessment."""

    def __init__(self, engine: FraudEngine, observe: Observer) -> None:
        self._engine = engine
        self._observe = observe

    async def assess(self, request: RiskRequest) -> FraudAssessment:
        assessment = await self._engine.assess(request)
        self._observe(
            "fraud.assessed",
            payment_id=request.payment_id,
            decision=assessment.decision,
            risk_level=assessment.risk_level,
            risk_score_hundredths=assessment.risk_score_hundredths,
            latency_us=assessment.latency_us,
            features_stale=assessment.features_stale,
        )
        return assessment
