"""What the engine makes of memory, models, rules and lists."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sikka.domain.fraud.assessment import Decision, Device, FraudAssessment, RiskLevel
from sikka.domain.fraud.model import FraudModel, ModelState
from sikka.domain.fraud.policy import FraudRule, FraudThresholds, PolicyRows, RuleState
from sikka.fraud.config import FraudConfig, StalePolicy
from sikka.fraud.engine import Engine
from sikka.fraud.policy import PolicyCache
from sikka.fraud.stores.facts import PaymentFacts
from sikka.fraud.stores.memory import MemoryFeatureStore
from sikka.fraud.stores.port import FeaturesUnavailable, Observation
from sikka_core import FEATURE_NAMES, bucket_of_id, is_id
from tests.unit.fraud.models.made import row, stump
from tests.unit.fraud.requests import AT, HERE, Now, request


class Tables:
    """What the tables hold, read once."""

    def __init__(self, models: Sequence[tuple[FraudModel, bytes]] = (), **rows: Any) -> None:
        self._rows = PolicyRows(2, models=[model for model, _ in models], **rows)
        self._files = {model.id: content for model, content in models}

    async def policy_since(self, revision: int) -> PolicyRows:
        return self._rows if revision == 0 else PolicyRows(2)

    async def model_file(self, id: str) -> bytes:
        return self._files[id]


class Away(MemoryFeatureStore):
    """A memory that does not answer."""

    async def observe(self, facts: PaymentFacts) -> Observation:
        raise FeaturesUnavailable("no answer within 5 ms")


class Heard(list[tuple[str, dict[str, Any]]]):
    def __call__(self, what: str, /, **facts: Any) -> None:
        self.append((what, facts))


async def engine(
    config: FraudConfig | None = None,
    tables: Tables | None = None,
    store: MemoryFeatureStore | None = None,
    heard: Heard | None = None,
) -> Engine:
    config, heard = config or FraudConfig(), heard if heard is not None else Heard()
    policy = PolicyCache(config, tables, heard)
    await policy.refresh()
    memory = store or MemoryFeatureStore(1_000)
    await memory.warm(nothing())
    return Engine(config, Now(), memory, policy, heard)


async def nothing() -> Any:
    for never in ():
        yield never


async def assess(
    fraud: Engine | None = None, after_s: float = 0.0, **values: Any
) -> FraudAssessment:
    return await (fraud or await engine()).assess(request(after_s, **values))


async def test_an_ordinary_payment_is_approved_with_a_complete_assessment() -> None:
    first = request()
    assessment = await (await engine()).assess(first)
    assert assessment.decision is Decision.APPROVE
    assert assessment.risk_level is RiskLevel.VERY_LOW
    assert is_id(assessment.id, "frd")
    assert assessment.payment_id == first.payment_id
    assert assessment.bucket == bucket_of_id(first.payment_id)
    assert assessment.model_version == "rules-2"
    assert (assessment.violations, assessment.reasons) == ((), ())
    assert not assessment.features_stale
    assert assessment.latency_us >= 0
    assert assessment.processed_at == AT
    assert (assessment.model_score_millionths, assessment.shadow) == (None, None)


async def test_the_features_are_those_of_the_schema_that_are_known() -> None:
    fraud = await engine()
    await assess(fraud)
    features = (await assess(fraud, 60)).features
    assert set(features) < set(FEATURE_NAMES)
    assert features["user_count_10m"] == 2.0
    assert features["user_gap_s"] == 60.0
    assert "merchant_risk_7d" not in features
    assert json.loads(json.dumps(features)) == features


async def test_what_the_features_were_computed_from_is_kept() -> None:
    kept = await assess()
    assert (kept.instrument, kept.device_fingerprint) == ("asha@simbank", "device-1")
    assert kept.ip_address == "203.0.113.9"
    assert (kept.latitude_microdegrees, kept.longitude_microdegrees) == (19_070_000, 72_870_000)
    bare = await assess(instrument=None, device=Device())
    assert (bare.instrument, bare.device_fingerprint, bare.ip_address) == (None, None, None)
    assert (bare.latitude_microdegrees, bare.longitude_microdegrees) == (None, None)


async def test_the_limit_of_one_upi_transaction_passes_by_default() -> None:
    assert (await assess(amount_minor=10_000_000)).decision is Decision.APPROVE


async def test_a_review_and_a_refusal_say_why() -> None:
    fraud = await engine(FraudConfig(review_amount_minor=500_000, decline_amount_minor=5_000_000))
    review = await assess(fraud, amount_minor=500_000)
    refusal = await assess(fraud, amount_minor=5_000_000)
    assert (review.decision, review.violations) == (Decision.REVIEW, ("amount_review",))
    assert (refusal.decision, refusal.violations) == (Decision.DECLINE, ("amount_decline",))
    assert refusal.risk_level is RiskLevel.VERY_HIGH
    assert review.reasons[0] == (
        "The amount reaches INR 5000.00, from which a person looks at payments."
    )


async def test_one_payment_assessed_twice_is_counted_once() -> None:
    fraud, first = await engine(FraudConfig(user_payments_per_10_min=1)), request()
    twice = [await fraud.assess(first), await fraud.assess(first)]
    assert [each.decision for each in twice] == [Decision.APPROVE] * 2
    retried = await fraud.assess(request(attempt=first.attempt))
    assert retried.decision is Decision.APPROVE
    third = await assess(fraud)
    assert third.decision is Decision.DECLINE


async def test_a_customer_is_known_at_one_merchant_and_a_device_at_all() -> None:
    fraud = await engine()
    await assess(fraud, merchant_id="mer_1")
    there = (await assess(fraud, merchant_id="mer_2", instrument="other@simbank")).features
    assert (there["user_count_10m"], there["device_count_10m"]) == (1.0, 2.0)


async def test_test_payments_and_live_ones_never_meet() -> None:
    fraud = await engine()
    await assess(fraud, livemode=False)
    assert (await assess(fraud, livemode=True)).features["device_count_10m"] == 1.0


async def test_a_blocked_address_is_known_without_a_payment() -> None:
    fraud = await engine(FraudConfig(blocked_vpas=("mule@simbank",)))
    assert await fraud.is_vpa_blocked("mule@simbank")
    assert not await fraud.is_vpa_blocked("asha@simbank")


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001 - the zone follows
async def test_hour_and_weekday_are_those_of_india(moment: datetime) -> None:
    local = moment.replace(tzinfo=ZoneInfo("Asia/Kolkata"))
    features = (await (await engine()).assess(replace(request(), at=local))).features
    assert features["transaction_hour"] == local.hour
    assert features["day_of_week"] == local.weekday()


@given(
    st.lists(
        st.tuples(st.floats(0, 100_000), st.integers(1, 10**13), st.sampled_from("abc")),
        max_size=20,
    )
)
async def test_any_stream_gets_an_answer_in_its_ranges(
    stream: list[tuple[float, int, str]],
) -> None:
    fraud = await engine()
    for after_s, amount, user in stream:
        assessment = await assess(fraud, after_s, amount_minor=amount, user_id=user)
        assert 0 <= assessment.risk_score_hundredths <= 100
        assert len(assessment.violations) <= len(assessment.reasons)


def champion(version: str = "upi-1", **values: Any) -> tuple[FraudModel, bytes]:
    return row(version, ModelState.CHAMPION, **values)


async def test_the_champion_scores_and_its_version_is_kept() -> None:
    fraud = await engine(tables=Tables([champion()]))
    small = await assess(fraud, amount_minor=50_000)
    large = await assess(fraud, amount_minor=200_000)
    assert (small.model_version, large.model_version) == ("upi-1", "upi-1")
    assert small.model_score_millionths == 268_941
    assert large.model_score_millionths == 731_059
    assert (small.risk_score_hundredths, large.risk_score_hundredths) == (26, 73)
    assert (small.decision, large.decision) == (Decision.APPROVE, Decision.REVIEW)
    assert small.revision == large.revision == 2


async def test_a_score_against_a_payment_is_told_in_words_and_one_for_it_is_not() -> None:
    fraud = await engine(tables=Tables([champion()]))
    assert (await assess(fraud, amount_minor=50_000)).reasons == ()
    reasons = (await assess(fraud, amount_minor=200_000)).reasons
    assert reasons[0] == "The score 0.73 reaches 0.40, from which a person looks at payments."
    assert reasons[1].startswith("The amount is INR 2000.00")


async def test_challenger_and_shadow_are_asked_beside_the_champion() -> None:
    models = [
        champion(),
        row("upi-2", ModelState.CHALLENGER, model=stump(bound=1.0)),
        row("upi-3", ModelState.SHADOW, model=stump(bound=1e9)),
    ]
    seen = await assess(await engine(tables=Tables(models)), amount_minor=50_000)
    assert (seen.model_version, seen.model_score_millionths) == ("upi-1", 268_941)
    assert (seen.challenger_version, seen.challenger_score_millionths) == ("upi-2", 731_059)
    assert seen.shadow == [{"model": "upi-3", "score_millionths": 268_941}]
    assert seen.decision is Decision.APPROVE


async def test_a_challenger_decides_its_share_and_both_scores_are_kept() -> None:
    models = [
        champion(),
        row("upi-2", ModelState.CHALLENGER, model=stump(bound=1.0), share_percent=100),
    ]
    seen = await assess(await engine(tables=Tables(models)), amount_minor=50_000)
    assert (seen.model_version, seen.decision) == ("upi-2", Decision.REVIEW)
    assert (seen.challenger_version, seen.challenger_score_millionths) == ("upi-1", 268_941)


async def test_a_merchants_own_thresholds_decide_for_it_alone() -> None:
    own = FraudThresholds("mer_1", 10, 20, None, None, "key_1", AT, 2)
    fraud = await engine(tables=Tables([champion()], thresholds=[own]))
    decisions = [
        (await assess(fraud, merchant_id=each, amount_minor=50_000)).decision
        for each in ("mer_1", "mer_2")
    ]
    assert decisions == [Decision.DECLINE, Decision.APPROVE]


def rule(state: RuleState, decision: Decision) -> FraudRule:
    return FraudRule(
        "rul_1", 7, None, "scored", 1, state, "score > 0.5 and amount > 100000", decision,
        "Large and suspicious.", None, "key_1", AT, AT, 2,
    )  # fmt: skip


async def test_a_rule_may_ask_for_the_score() -> None:
    rules = [rule(RuleState.LIVE, Decision.DECLINE)]
    fraud = await engine(tables=Tables([champion()], rules=rules))
    assert (await assess(fraud, amount_minor=50_000)).decision is Decision.APPROVE
    refused = await assess(fraud, amount_minor=200_000)
    assert (refused.decision, refused.violations) == (Decision.DECLINE, ("scored",))


async def test_a_rule_in_shadow_decides_nothing_and_its_word_is_kept() -> None:
    rules = [rule(RuleState.SHADOW, Decision.DECLINE)]
    fraud = await engine(tables=Tables([champion()], rules=rules))
    seen = await assess(fraud, amount_minor=200_000)
    assert seen.decision is Decision.REVIEW
    assert seen.shadow == [{"rule": "scored", "id": "rul_1", "decision": "DECLINE"}]


@pytest.mark.parametrize(
    ("policy", "decision"),
    [
        (StalePolicy.RULES_ONLY, Decision.APPROVE),
        (StalePolicy.REVIEW, Decision.REVIEW),
        (StalePolicy.DECLINE, Decision.DECLINE),
    ],
)
async def test_without_memory_the_configured_policy_decides(
    policy: StalePolicy, decision: Decision
) -> None:
    heard = Heard()
    fraud = await engine(FraudConfig(stale_policy=policy), Tables([champion()]), Away(1_000), heard)
    seen = await assess(fraud, amount_minor=200_000)
    assert (seen.decision, seen.features_stale) == (decision, True)
    # A vector without memory is that of a stranger: no model was trained on such.
    assert (seen.model_version, seen.model_score_millionths) == ("rules-2", None)
    assert seen.features["amount"] == 200_000.0
    assert "user_gap_s" not in seen.features
    assert seen.reasons[-1] == "What is remembered of the customer could not be read in time."
    unavailable = {"store": "memory", "error": "no answer within 5 ms"}
    assert ("fraud.features_unavailable", unavailable) in heard


async def test_without_memory_rules_and_lists_still_count() -> None:
    config = FraudConfig(decline_amount_minor=100_000, blocked_devices=("device-2",))
    fraud = await engine(config, store=Away(1_000))
    assert (await assess(fraud)).decision is Decision.DECLINE
    blocked = replace(HERE, fingerprint="device-2")
    assert (await assess(fraud, amount_minor=1, device=blocked)).decision is Decision.DECLINE


async def test_a_memory_that_has_lost_its_history_counts_as_none() -> None:
    config = FraudConfig(stale_policy=StalePolicy.REVIEW)
    store = MemoryFeatureStore(1_000)
    policy = PolicyCache(config, Tables([champion()]), Heard())
    await policy.refresh()
    fraud = Engine(config, Now(), store, policy, Heard())
    cold = await assess(fraud)
    assert (cold.decision, cold.features_stale) == (Decision.REVIEW, True)
    await store.warm(nothing())
    warm = await assess(fraud, 1)
    assert (warm.features_stale, warm.model_version) == (False, "upi-1")
    # What came meanwhile was counted.
    assert warm.features["user_count_10m"] == 2.0


async def test_a_policy_that_cannot_be_read_is_no_outage() -> None:
    class Broken(Tables):
        async def policy_since(self, revision: int) -> PolicyRows:
            raise RuntimeError("away")

    fraud = await engine(FraudConfig(blocked_users=("user_7",)), Broken())
    blocked = await assess(fraud)
    assert (blocked.decision, blocked.features_stale) == (Decision.DECLINE, True)
    assert (await assess(fraud, user_id="other")).decision is Decision.APPROVE
