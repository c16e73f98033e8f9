"""The engine: reads the features, asks the models, the rules and the lists, and decides."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sikka.domain.fraud.assessment import Decision, FraudAssessment, RiskRequest
from sikka.domain.fraud.history import microdegrees
from sikka.fraud.config import FraudConfig, StalePolicy
from sikka.fraud.decision import Verdict, graver, verdict_of
from sikka.fraud.entities import facts_of
from sikka.fraud.facts import Facts
from sikka.fraud.features import named
from sikka.fraud.models.judgement import Judgement
from sikka.fraud.models.words import sentence
from sikka.fraud.policy import Policy, PolicyCache
from sikka.fraud.stores.facts import event_of
from sikka.fraud.stores.port import FeatureStore, FeaturesUnavailable, Observation
from sikka.ports import Clock, Observer
from sikka_core import bucket_of_id, new_id, read_records

# What decides when no model is in force.
RULES_VERSION = "rules-2"

_NO_MODEL = Judgement(None, None)
_STALE_WORDS = "What is remembered of the customer could not be read in time."
_STALE_DECISIONS = {
    StalePolicy.RULES_ONLY: Decision.APPROVE,
    StalePolicy.REVIEW: Decision.REVIEW,
    StalePolicy.DECLINE: Decision.DECLINE,
}


@dataclass(frozen=True, slots=True)
class _Findings:
    """What one assessment has found, before it is written down."""

    verdict: Verdict
    features: Mapping[str, float]
    judgement: Judgement
    shadow: Sequence[Mapping[str, Any]]
    stale: bool


class Engine:
    """A `sikka.ports.FraudEngine`.

    When the memory of features cannot answer in time, the features are those of the payment
    alone, no model is asked, and the configured policy says what that means for the payment.

    Args:
        config: thresholds of the rules, and the policy for stale features.
        clock: the time, for the lists and the assessment.
        store: the memory of features.
        policy: rules, lists, thresholds and models.
        observe: hears `fraud.features_unavailable`.
    """

    def __init__(
        self,
        config: FraudConfig,
        clock: Clock,
        store: FeatureStore,
        policy: PolicyCache,
        observe: Observer,
    ) -> None:
        self._stale_decision = _STALE_DECISIONS[config.stale_policy]
        self._clock = clock
        self._store = store
        self._policy = policy
        self._tell = observe

    async def assess(self, request: RiskRequest) -> FraudAssessment:
        began_ns = time.perf_counter_ns()
        observation = await self._observe(request)
        policy = self._policy.current
        found = self._find(request, observation, policy)
        judgement, verdict, device = found.judgement, found.verdict, request.device
        bucket = bucket_of_id(request.payment_id)
        return FraudAssessment(
            id=new_id("frd", bucket, int(request.at.timestamp() * 1000)),
            bucket=bucket,
            payment_id=request.payment_id,
            risk_score_hundredths=verdict.score_hundredths,
            risk_level=verdict.level,
            model_version=judgement.version or RULES_VERSION,
            features=found.features,
            violations=verdict.violations,
            reasons=verdict.reasons,
            decision=verdict.decision,
            latency_us=(time.perf_counter_ns() - began_ns) // 1_000,
            features_stale=found.stale,
            processed_at=self._clock.now(),
            model_score_millionths=_millionths(judgement.probability),
            challenger_version=judgement.challenger_version,
            challenger_score_millionths=_millionths(judgement.challenger_probability),
            shadow=_shadow(found) or None,
            instrument=request.instrument,
            device_fingerprint=device.fingerprint,
            ip_address=device.ip,
            latitude_microdegrees=microdegrees(device.latitude),
            longitude_microdegrees=microdegrees(device.longitude),
            revision=policy.revision,
        )

    async def _observe(self, request: RiskRequest) -> Observation:
        facts = facts_of(request)
        try:
            return await self._store.observe(facts)
        except FeaturesUnavailable as error:
            self._tell("fraud.features_unavailable", store=self._store.name, error=str(error))
            return Observation(read_records(event_of(facts)), stale=True)

    def _find(self, request: RiskRequest, observation: Observation, policy: Policy) -> _Findings:
        features = named(observation.vector)
        judgement = _NO_MODEL
        if not observation.stale:
            judgement = policy.models.judge(request.payment_id, observation.vector) or _NO_MODEL
        probability = judgement.probability
        thresholds = policy.thresholds_of(request.merchant_id)
        found = policy.ruleset.evaluate(Facts(request, features, probability, thresholds))
        listing = policy.lists.find(request, request.at)
        verdict = verdict_of(found.violations, listing, thresholds, probability)
        if observation.stale and listing is None:
            verdict = self._without_memory(verdict)
        elif probability is not None:
            verdict = _with_words(verdict, judgement, features, request.currency)
        # What decides may be old as well as what is remembered.
        stale = observation.stale or self._policy.stale
        return _Findings(verdict, features, judgement, found.shadow, stale)

    def _without_memory(self, verdict: Verdict) -> Verdict:
        decision = graver(verdict.decision, self._stale_decision)
        return Verdict(
            verdict.score_hundredths,
            verdict.level,
            decision,
            verdict.violations,
            (*verdict.reasons, _STALE_WORDS),
        )

    async def is_vpa_blocked(self, vpa: str) -> bool:
        """Whether the block list refuses an address, in normal form, to every merchant."""
        return self._policy.current.lists.blocks_all("vpa", vpa, self._clock.now())


def _with_words(
    verdict: Verdict, judgement: Judgement, features: Mapping[str, float], currency: str
) -> Verdict:
    """Add why the model thinks so, when it has part in a decision against the payment."""
    if verdict.decision is Decision.APPROVE:
        return verdict
    told = tuple(
        sentence(name, share, features.get(name), currency)
        for name, share in judgement.top
        if share > 0
    )
    return Verdict(
        verdict.score_hundredths,
        verdict.level,
        verdict.decision,
        verdict.violations,
        (*verdict.reasons, *told),
    )


def _shadow(found: _Findings) -> list[Mapping[str, Any]]:
    """What the rules and the model in shadow would have said."""
    judgement = found.judgement
    if judgement.shadow_version is None:
        return list(found.shadow)
    score = _millionths(judgement.shadow_probability)
    return [*found.shadow, {"model": judgement.shadow_version, "score_millionths": score}]


def _millionths(probability: float | None) -> int | None:
    return None if probability is None else round(probability * 1_000_000)
