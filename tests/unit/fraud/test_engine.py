from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from sikka.domain.fraud import Decision, Device, RiskLevel, RiskRequest
from sikka.domain.fraud_policy import FraudListEntry
from sikka.fraud.config import FraudConfig
from sikka.fraud.engine import RuleEngine
from sikka.fraud.features import features_of
from sikka.fraud.profiles import Memory
from sikka_core import bucket_of_id, is_id
from tests.unit.fraud.requests import AT, Now, request

# The vector's names that other parts of the house rely on.
NAMES = {
    "amount", "amount_deviation", "transaction_hour", "day_of_week", "avg_transaction_amount",
    "transaction_frequency_1h", "transaction_frequency_24h", "unique_merchants_24h", "new_device",
    "new_location", "velocity_violation", "suspicious_pattern",
}  # fmt: skip


def engine(config: FraudConfig | None = None) -> RuleEngine:
    return RuleEngine(config or FraudConfig(), Now())


async def test_an_ordinary_payment_is_approved_with_a_complete_assessment() -> None:
    first = request()
    assessment = await engine().assess(first)
    assert assessment.decision is Decision.APPROVE
    assert assessment.risk_level is RiskLevel.VERY_LOW
    assert is_id(assessment.id, "frd")
    assert assessment.payment_id == first.payment_id
    assert assessment.bucket == bucket_of_id(first.payment_id)
    assert assessment.model_version == "rules-1"
    assert set(assessment.features) >= NAMES
    assert (assessment.violations, assessment.reasons) == ((), ())
    assert not assessment.features_stale
    assert assessment.latency_us >= 0
    assert assessment.processed_at == AT
    assert json.loads(json.dumps(assessment.features)) == assessment.features


async def test_the_limit_of_one_upi_transaction_passes_by_default() -> None:
    assert (await engine().assess(request(amount_minor=10_000_000))).decision is Decision.APPROVE


async def test_a_review_and_a_refusal_say_why() -> None:
    rules = engine(FraudConfig(review_amount_minor=500_000, decline_amount_minor=5_000_000))
    review = await rules.assess(request(amount_minor=500_000))
    refusal = await rules.assess(request(amount_minor=5_000_000))
    assert (review.decision, review.violations) == (Decision.REVIEW, ("amount_review",))
    assert (refusal.decision, refusal.violations) == (Decision.DECLINE, ("amount_decline",))
    assert refusal.risk_level is RiskLevel.VERY_HIGH
    assert review.reasons[0] == (
        "The amount reaches INR 5000.00, from which a person looks at payments."
    )


async def test_one_payment_assessed_twice_is_counted_once() -> None:
    rules, first = engine(FraudConfig(user_payments_per_10_min=1)), request()
    twice = [await rules.assess(first), await rules.assess(first)]
    assert [each.decision for each in twice] == [Decision.APPROVE] * 2
    third = await rules.assess(request())
    assert (third.decision, third.features["velocity_violation"]) == (Decision.DECLINE, True)


async def test_lists_that_cannot_be_read_are_no_outage() -> None:
    class Broken:
        async def list_entries(self) -> Sequence[FraudListEntry]:
            raise RuntimeError("away")

    rules = RuleEngine(FraudConfig(blocked_users=("user_7",)), Now(), Broken())
    blocked = await rules.assess(request())
    assert (blocked.decision, blocked.features_stale) == (Decision.DECLINE, True)
    assert (await rules.assess(request(user_id="other"))).decision is Decision.APPROVE
    await rules.close()


async def test_windows_are_warmed_with_what_was_paid_before() -> None:
    class Recent:
        asked: tuple[datetime, int] | None = None

        async def recent(self, since: datetime, limit: int) -> Sequence[RiskRequest]:
            self.asked = (since, limit)
            return [request(-60, device=Device()) for _ in range(3)]

    rules, reader = engine(FraudConfig(user_payments_per_10_min=3)), Recent()
    assert await rules.warm(reader) == 3
    assert reader.asked == (AT - timedelta(days=1), 100_000)
    assert (await rules.assess(request())).decision is Decision.DECLINE


async def test_a_blocked_address_is_known_without_a_payment() -> None:
    rules = engine(FraudConfig(blocked_vpas=("mule@simbank",)))
    assert await rules.is_vpa_blocked("mule@simbank")
    assert not await rules.is_vpa_blocked("asha@simbank")


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001 - the zone follows
def test_hour_and_weekday_are_those_of_india(moment: datetime) -> None:
    local = moment.replace(tzinfo=ZoneInfo("Asia/Kolkata"))
    asked = replace(request(), at=local)
    features = features_of(asked, Memory().read(asked))
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
    rules = engine()
    for after_s, amount, user in stream:
        assessment = await rules.assess(request(after_s, amount_minor=amount, user_id=user))
        assert 0 <= assessment.risk_score_hundredths <= 100
        assert len(assessment.violations) <= len(assessment.reasons)
