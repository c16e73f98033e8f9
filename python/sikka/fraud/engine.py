"""The rule engine: reads the windows, asks the rules and lists, and decides."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from sikka.domain.fraud import FraudAssessment, RiskRequest
from sikka.fraud.config import FraudConfig
from sikka.fraud.decision import verdict_of
from sikka.fraud.features import features_of
from sikka.fraud.lists import ListCache, ListReader, configured
from sikka.fraud.profiles import Memory
from sikka.fraud.rules import rules_of
from sikka.ports import Clock
from sikka_core import bucket_of_id, new_id

# What decides is rules and counted windows; no trained model takes part.
MODEL_VERSION = "rules-1"
WARM_S = 86_400.0
WARM_PAYMENTS_MAX = 100_000


class RecentPayments(Protocol):
    """Reads what the windows would have seen."""

    async def recent(self, since: datetime, limit: int) -> Sequence[RiskRequest]:
        """The latest payments created since then, at most `limit`, oldest first.

        Devices, addresses and places are not stored with a payment, and are missing.
        """
        ...


class RuleEngine:
    """A `FraudEngine` whose windows live in this process.

    The windows begin empty; `warm` fills those of users, instruments and merchants from the
    stored payments. Each process counts what passes through it, so with n processes behind one
    port a velocity limit lets up to n times as many through.

    Args:
        config: the thresholds.
        clock: the time, for the age of the lists and of the assessment.
        lists: where the lists are; None for those of the configuration alone.
        memory: the windows.
    """

    def __init__(
        self,
        config: FraudConfig,
        clock: Clock,
        lists: ListReader | None = None,
        memory: Memory | None = None,
    ) -> None:
        self._config = config
        self._clock = clock
        self._rules = rules_of(config)
        self._lists = ListCache(lists, configured(config), clock)
        self._memory = memory or Memory()

    async def assess(self, request: RiskRequest) -> FraudAssessment:
        began_ns = time.perf_counter_ns()
        lists = await self._lists.current()
        reading = self._memory.read(request)
        violations = [
            violation
            for rule in self._rules
            if (violation := rule.evaluate(request, reading)) is not None
        ]
        verdict = verdict_of(violations, lists.find(request), self._config.review_score_hundredths)
        names = {violation.name for violation in violations}
        features: dict[str, Any] = features_of(request, reading)
        features["velocity_violation"] = any(name.startswith("velocity_") for name in names)
        features["suspicious_pattern"] = bool(names & {"shared_device", "impossible_travel"})
        bucket = bucket_of_id(request.payment_id)
        return FraudAssessment(
            id=new_id("frd", bucket, int(request.at.timestamp() * 1000)),
            bucket=bucket,
            payment_id=request.payment_id,
            risk_score_hundredths=verdict.score_hundredths,
            risk_level=verdict.level,
            model_version=MODEL_VERSION,
            features=features,
            violations=verdict.violations,
            reasons=verdict.reasons,
            decision=verdict.decision,
            latency_us=(time.perf_counter_ns() - began_ns) // 1_000,
            features_stale=self._lists.stale,
            processed_at=self._clock.now(),
        )

    async def is_vpa_blocked(self, vpa: str) -> bool:
        """Whether the block list refuses an address, in normal form, to every merchant."""
        return (await self._lists.current()).blocks_all("vpa", vpa)

    async def warm(self, payments: RecentPayments) -> int:
        """Fill the windows from the last day's payments; return how many there were.

        To be called before the first assessment. Raises what the reader raises.
        """
        since = self._clock.now() - timedelta(seconds=WARM_S)
        recent = await payments.recent(since, WARM_PAYMENTS_MAX)
        for request in recent:
            self._memory.read(request)
        return len(recent)

    async def close(self) -> None:
        """Stop what goes on in the background."""
        await self._lists.close()
