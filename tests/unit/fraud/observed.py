"""Payments counted by the core's own memory, and what the rules see of the last one."""

from __future__ import annotations

from collections.abc import Mapping
from math import isnan

from sikka.domain.fraud.assessment import RiskRequest
from sikka.fraud.config import FraudConfig
from sikka.fraud.facts import Facts
from sikka.fraud.rules import Severity, Violation
from sikka.fraud.rules.ruleset import built_in
from sikka.fraud.thresholds import Thresholds
from sikka_core import FEATURE_NAMES, FeatureStore

DEFAULT = FraudConfig()


def facts(
    request: RiskRequest,
    features: Mapping[str, float] | None = None,
    score: float | None = None,
    config: FraudConfig = DEFAULT,
) -> Facts:
    """A payment beside features that are given."""
    return Facts(request, features or {}, score, Thresholds.configured(config))


def observed(*requests: RiskRequest, config: FraudConfig = DEFAULT) -> Facts:
    """The last of the payments, after the core has counted all of them."""
    store = FeatureStore(entities_max=1_000)
    vector = None
    for each in requests:
        device = each.device
        vector = store.observe(
            each.payment_id,
            int(each.at.timestamp() * 1000),
            each.amount_minor,
            user=f"{each.merchant_id}/{each.user_id}",
            instrument=each.instrument,
            device=device.fingerprint,
            ip=device.ip,
            merchant=each.merchant_id,
            latitude=device.latitude,
            longitude=device.longitude,
        )
    assert vector is not None
    named = zip(FEATURE_NAMES, vector.tolist(), strict=True)
    return facts(requests[-1], {n: v for n, v in named if not isnan(v)}, config=config)


def broken(*requests: RiskRequest, config: FraudConfig = DEFAULT) -> dict[str, Violation]:
    """The built-in rules that the last of the payments breaks."""
    seen = observed(*requests, config=config)
    found = (rule.evaluate(seen) for rule in built_in(config))
    return {each.name: each for each in found if each is not None}


def severities(violations: Mapping[str, Violation]) -> dict[str, Severity]:
    return {name: each.severity for name, each in violations.items()}
