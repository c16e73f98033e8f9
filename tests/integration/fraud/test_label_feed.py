"""Labels reach the memory of features: once, late or early, after a death, and after Redis."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from redis.asyncio import Redis

from sikka.domain.change import Change
from sikka.domain.fraud.label import FraudLabel, LabelSource
from sikka.domain.payment import Payment, Stage, Status
from sikka.fraud.label_cursor import RedisCursor
from sikka.fraud.label_feed import OVERLAP, PAGE, Cursor, LabelFeed, MemoryCursor, Position
from sikka.fraud.stores.facts import LabelFacts, PaymentFacts
from sikka.fraud.stores.memory import MemoryFeatureStore
from sikka.fraud.stores.port import FeaturesUnavailable, Observation
from sikka.journal.database import Database
from sikka.journal.fraud.labels import SqlLabelReads
from sikka.journal.fraud.payment_history import SqlPaymentHistory
from sikka.journal.journal import SqlJournal
from sikka.journal.migrate import upgrade
from sikka_core import new_id
from tests.integration.journal.made import made_assessment, made_payment
from tests.unit.webhooks.world import NOW, HandClock

DELAY = timedelta(days=30)
DAY_S = 86_400.0


@dataclass
class Recording:
    """The memory of this process, what it was told, and how often it will be away."""

    memory: MemoryFeatureStore = field(default_factory=MemoryFeatureStore)
    told: list[LabelFacts] = field(default_factory=list)
    counted: list[str] = field(default_factory=list)
    failures: int = 0
    name: str = "recording"

    async def label(self, facts: LabelFacts) -> bool:
        if self.failures:
            self.failures -= 1
            raise FeaturesUnavailable("gone")
        self.told.append(facts)
        new = await self.memory.label(facts)
        if new:
            self.counted.append(facts.payment_id)
        return new

    async def observe(self, facts: PaymentFacts) -> Observation:
        return await self.memory.observe(facts)

    async def open(self) -> None:
        raise NotImplementedError

    async def is_warm(self) -> bool:
        raise NotImplementedError

    async def warm(self, history: Any) -> int:
        raise NotImplementedError

    async def close(self) -> None:
        raise NotImplementedError


class Scene:
    """A database with payments and labels, and the feed of a memory."""

    def __init__(self, database: Database, journal: SqlJournal) -> None:
        self.clock = HandClock()
        self.database = database
        self.journal = journal
        self.store = Recording()
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.cursor: Cursor = MemoryCursor()

    def observe(self, what: str, /, **facts: Any) -> None:
        self.told.append((what, facts))

    def feed(self, cursor: Cursor | None = None) -> LabelFeed:
        return LabelFeed(
            self.store,
            cursor or self.cursor,
            SqlLabelReads(self.database),
            SqlPaymentHistory(self.database),
            self.clock,
            self.observe,
            DELAY,
        )

    async def pay(self, age_days: float, **values: Any) -> Payment:
        at = self.clock.now() - timedelta(days=age_days)
        paid = {"status": Status.SUCCESS, "stage": Stage.CAPTURED, "updated_at": at, **values}
        payment = made_payment(at=at, **paid)
        assessment = replace(
            made_assessment(payment), instrument="asha@simbank", device_fingerprint="d-1"
        )
        await self.journal.commit(Change(payment.bucket, (payment, assessment)))
        return payment

    async def label(
        self, payment: Payment, age_s: float = 0.0, *, fraud: bool = True
    ) -> FraudLabel:
        at = self.clock.now() - timedelta(seconds=age_s)
        label = FraudLabel(
            new_id("lbl", payment.bucket, int(at.timestamp() * 1000)), payment.bucket, payment.id,
            payment.merchant_id, fraud, LabelSource.API, None, at, "key", at, payment.livemode,
        )  # fmt: skip
        await self.journal.commit(Change(payment.bucket, (label,)))
        return label


@pytest.fixture
async def scene(database_url: str) -> AsyncIterator[Scene]:
    await upgrade(database_url)
    database = Database.open(database_url)
    journal = SqlJournal(database, lambda what, /, **facts: None)
    await journal.start()
    yield Scene(database, journal)
    await journal.stop()
    await database.close()


async def test_a_label_is_fed_once_with_all_who_took_part(scene: Scene) -> None:
    payment = await scene.pay(2)
    label = await scene.label(payment)
    feed = scene.feed()
    assert [await feed.step() for _ in range(3)] == [1, 0, 0]
    (facts,) = scene.store.told
    assert facts == LabelFacts(
        payment_id=payment.id,
        known_ms=int(label.created_at.timestamp() * 1000),
        fraud=True,
        currency="INR",
        livemode=False,
        user=f"{payment.merchant_id}/user_7",
        instrument="asha@simbank",
        device="d-1",
        ip=None,
        merchant=payment.merchant_id,
    )
    assert scene.told == [("fraud.labels_fed", {"labels": 1, "matured": 0})]


async def test_silence_is_fed_when_the_delay_has_passed_and_only_of_what_was_paid(
    scene: Scene,
) -> None:
    feed = scene.feed()
    await feed.step()
    quiet, disputed = await scene.pay(29.5), await scene.pay(29.5)
    await scene.pay(29.5, status=Status.FAILED, stage=Stage.DECLINED)
    await scene.label(disputed)
    await feed.step()
    scene.clock.forward(DAY_S)
    await feed.step()
    assert [(each.payment_id, each.fraud) for each in scene.store.told] == [
        (disputed.id, True),
        (quiet.id, False),
    ]
    assert scene.store.told[1].known_ms == int((quiet.created_at + DELAY).timestamp() * 1000)
    assert await feed.step() == 0


async def test_a_fraud_that_becomes_known_late_is_counted_beside_the_silence(
    scene: Scene,
) -> None:
    feed = scene.feed()
    await feed.step()
    payment = await scene.pay(29.5)
    scene.clock.forward(DAY_S)
    await feed.step()
    label = await scene.label(payment)
    scene.clock.forward(1)
    await scene.label(payment)
    await feed.step()
    assert scene.store.counted == [payment.id, f"{payment.id}/{label.id}"]
    assert [each.fraud for each in scene.store.told] == [False, True]


async def test_a_label_that_was_committed_after_later_ones_is_not_missed(scene: Scene) -> None:
    slow, fast = await scene.pay(2), await scene.pay(1)
    feed = scene.feed()
    await scene.label(fast)
    await feed.step()
    await scene.label(slow, age_s=OVERLAP.total_seconds() - 1)
    await feed.step()
    assert scene.store.counted == [fast.id, slow.id]
    assert len(scene.store.told) == 2


async def test_a_feed_that_died_goes_on_where_it_was_and_counts_nothing_twice(
    scene: Scene,
) -> None:
    payments = [await scene.pay(days, user_id=f"user_{days}") for days in (5, 4, 3, 2)]
    position = Position.at(scene.clock.now() - timedelta(hours=1), DELAY)
    scene.cursor = MemoryCursor(position)
    for payment in payments[:2]:
        await scene.label(payment, age_s=30)
    scene.store.failures = 1
    assert await scene.feed().step() == 0
    assert scene.told == [("fraud.labels_delayed", {})]
    for payment in payments[2:]:
        await scene.label(payment)
    # Each feed stands for a process that knows nothing of the one before it.
    for _ in range(3):
        await scene.feed().step()
    assert sorted(scene.store.counted) == sorted(each.id for each in payments)


async def test_more_labels_than_fit_a_page_arrive_page_by_page(scene: Scene) -> None:
    payment = await scene.pay(2)
    labels = [
        FraudLabel(
            new_id("lbl", payment.bucket, 0), payment.bucket, payment.id, payment.merchant_id,
            number % 2 == 0, LabelSource.API, None, NOW + timedelta(seconds=number), "key",
            NOW - timedelta(seconds=1), payment.livemode,
        )
        for number in range(PAGE + 100)
    ]  # fmt: skip
    await scene.journal.commit(Change(payment.bucket, tuple(labels)))
    feed = scene.feed()
    assert await feed.step() == len(labels)
    assert await feed.step() == 0


async def test_a_clock_that_is_ahead_takes_nothing_with_it(scene: Scene) -> None:
    payment, other = await scene.pay(3), await scene.pay(2)
    feed = scene.feed()
    await scene.label(payment, age_s=-3_600)
    await feed.step()
    await scene.label(other)
    await feed.step()
    assert sorted(scene.store.counted) == sorted([payment.id, other.id])


async def test_a_position_in_redis_is_as_old_as_the_memory_beside_it(
    scene: Scene, redis_url: str
) -> None:
    payment = await scene.pay(2)
    redis = Redis.from_url(redis_url)
    try:
        cursor = RedisCursor(redis, "features:labels")
        assert await cursor.load() is None
        assert await scene.feed(cursor).step() == 0
        beginning = Position.at(scene.clock.now() - OVERLAP, DELAY)
        assert await cursor.load() == beginning
        await scene.label(payment)
        await scene.feed(cursor).step()
        assert await cursor.load() == replace(beginning, labelled=scene.clock.now())
        scene.clock.forward(3_600)
        late = await scene.pay(1)
        await scene.label(late, age_s=1_800)
        await scene.feed(RedisCursor(redis, "features:labels")).step()
        assert scene.store.counted == [payment.id, late.id]
        await redis.flushdb()
        assert await cursor.load() is None
        await redis.set("features:labels", "yesterday")
        assert await cursor.load() is None
    finally:
        await redis.aclose()


async def test_a_redis_that_is_gone_makes_labels_wait(scene: Scene) -> None:
    payment = await scene.pay(2)
    await scene.label(payment)
    # Nobody listens on the port of the TCP multiplexer.
    redis = Redis.from_url("redis://127.0.0.1:1/0")
    try:
        assert await scene.feed(RedisCursor(redis, "features:labels")).step() == 0
    finally:
        await redis.aclose()
    assert scene.told == [("fraud.labels_delayed", {})]
    assert scene.store.told == []
