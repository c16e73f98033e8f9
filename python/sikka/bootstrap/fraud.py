"""The fraud engine with its memory and what decides in it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass, fields
from datetime import timedelta

from sikka.background import end
from sikka.domain.errors import Unavailable
from sikka.fraud.config import FraudConfig
from sikka.fraud.engine import Engine
from sikka.fraud.label_feed import (
    OVERLAP,
    Cursor,
    LabelFeed,
    MemoryCursor,
    Position,
    feed_for_ever,
)
from sikka.fraud.policy import PolicyCache
from sikka.fraud.round_trips import RoundTrips
from sikka.fraud.stores.memory import MemoryFeatureStore
from sikka.fraud.stores.port import FeatureStore, FeaturesUnavailable
from sikka.fraud.stores.redis import RedisFeatureStore
from sikka.fraud.warmth import history_of
from sikka.journal.database import Database
from sikka.journal.fraud.labels import SqlLabelReads
from sikka.journal.fraud.payment_history import SqlPaymentHistory
from sikka.journal.fraud.reads import SqlFraudReads
from sikka.journal.payees import SqlPayees
from sikka.ports import Clock, Observer
from sikka.settings import Settings

log = logging.getLogger(__name__)

# What the key is for under which ids stand in the names of keys in Redis.
FEATURE_KEYS = "feature-keys"
# How often it is looked at whether the memory has lost its history.
WARM_AGAIN_S = 1.0


@dataclass(frozen=True, slots=True)
class FraudRoom:
    """What `house` builds and `opened` brings to life."""

    engine: Engine
    store: FeatureStore
    policy: PolicyCache
    round_trips: RoundTrips
    history: SqlPaymentHistory
    labels: SqlLabelReads
    clock: Clock
    observe: Observer
    label_delay: timedelta
    warm_days: int
    warm_payments_max: int

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Read what decides and fill the memory; while it is open, keep both so.

        A memory that is away, and a database that cannot be read, are no failure.
        """
        async with AsyncExitStack() as stack:
            await self.store.open()
            stack.push_async_callback(self.store.close)
            await self.round_trips.open()
            stack.push_async_callback(self.round_trips.close)
            await self.policy.open()
            stack.push_async_callback(self.policy.close)
            opened_at = self.clock.now()
            await self._warm()
            task = asyncio.create_task(self._keep_warm(), name="feature memory")
            stack.push_async_callback(end, task)
            if not self.is_shared:
                # What is learnt while the memory is filled is learnt by whoever feeds it.
                position = Position.at(opened_at - OVERLAP, self.label_delay)
                feed = self.feed(self.store, MemoryCursor(position))
                task = asyncio.create_task(feed_for_ever(feed), name="labels")
                stack.push_async_callback(end, task)
            yield

    @property
    def is_shared(self) -> bool:
        """Whether all processes have one memory, and not each its own."""
        return isinstance(self.store, RedisFeatureStore)

    def feed(self, store: FeatureStore, cursor: Cursor) -> LabelFeed:
        """What teaches a memory what becomes known of payments."""
        return LabelFeed(
            store,
            cursor,
            self.labels,
            self.history,
            self.clock,
            self.observe,
            self.label_delay,
        )

    async def _keep_warm(self) -> None:
        while True:
            await asyncio.sleep(WARM_AGAIN_S)
            await self._warm()

    async def _warm(self) -> None:
        """Fill the memory from the database if it lacks its history."""
        try:
            if await self.store.is_warm():
                return
            now = self.clock.now()
            since = now - timedelta(days=self.warm_days)
            history = history_of(
                self.history, self.labels, since, now, self.warm_payments_max, self.label_delay
            )
            counted = await self.store.warm(history)
        except (FeaturesUnavailable, Unavailable) as error:
            log.warning("the memory of features lacks its history: %s", error)
        else:
            if counted:
                log.info("the memory of features was filled with %d payments and labels", counted)


def fraud_room(
    settings: Settings, database: Database, clock: Clock, observe: Observer
) -> FraudRoom:
    """Put the engine together; nothing is opened.

    Raises:
        ConfigurationError: the memory is in Redis and no master key is set.
    """
    config = _config(settings)
    store = feature_store(settings)
    round_trips = RoundTrips(SqlPayees(database), observe)
    policy = PolicyCache(config, SqlFraudReads(database), observe, round_trips=round_trips)
    return FraudRoom(
        engine=Engine(config, clock, store, policy, observe),
        store=store,
        policy=policy,
        round_trips=round_trips,
        history=SqlPaymentHistory(database),
        labels=SqlLabelReads(database),
        clock=clock,
        observe=observe,
        label_delay=timedelta(days=settings.fraud.label_delay_days),
        warm_days=settings.features.warm_days,
        warm_payments_max=settings.features.warm_payments_max,
    )


def _config(settings: Settings) -> FraudConfig:
    known = {each.name for each in fields(FraudConfig)}
    given = asdict(settings.fraud)
    return FraudConfig(**{name: value for name, value in given.items() if name in known})


def feature_store(settings: Settings) -> FeatureStore:
    """The memory of features that the settings name; it is not opened.

    Raises:
        ConfigurationError: it is in Redis and no master key is set.
    """
    features, redis = settings.features, settings.redis
    if redis is None or features.store == "memory":
        return MemoryFeatureStore(features.entities_max)
    return RedisFeatureStore(
        redis.url.reveal(), settings.secrets.derived(FEATURE_KEYS), timeout_s=features.timeout_s
    )
