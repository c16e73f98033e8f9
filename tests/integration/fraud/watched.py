"""A database with payments that were assessed by a memory of features, for whoever watches."""

from __future__ import annotations

import itertools
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from sikka.domain.change import Amend, Change
from sikka.domain.fraud.history import user_of
from sikka.domain.fraud.label import FraudLabel, LabelSource
from sikka.domain.fraud.model import FraudModel, ModelState
from sikka.domain.fraud.report import FraudReport
from sikka.domain.payment import Payment, Stage, Status
from sikka.fraud.label_feed import LabelFeed, MemoryCursor, Position
from sikka.fraud.monitoring.config import MonitoringConfig
from sikka.fraud.monitoring.monitor import Monitor
from sikka.fraud.stores.facts import PaymentFacts
from sikka.fraud.stores.memory import MemoryFeatureStore
from sikka.journal.database import Database
from sikka.journal.fraud.labels import SqlLabelReads
from sikka.journal.fraud.monitoring import SqlMonitoringReads
from sikka.journal.fraud.payment_history import SqlPaymentHistory
from sikka.journal.journal import SqlJournal
from sikka.journal.leases import SqlLeases
from sikka.journal.mapping import MAPPINGS
from sikka.journal.migrate import upgrade
from sikka.ports import Lease
from sikka.worker.territory import fence_of
from sikka_core import FEATURE_NAMES, new_id
from tests.integration.journal.made import made_assessment, made_payment
from tests.unit.webhooks.world import HandClock

DELAY = timedelta(days=30)
CONFIG = MonitoringConfig(payments_min=10, frauds_min=2)
VERSION = "m-1"


class Watched:
    """Payments that are made one after the other, each assessed with what was known."""

    def __init__(self, database: Database, journal: SqlJournal, lease: Lease) -> None:
        self.clock = HandClock()
        self.database = database
        self.journal = journal
        self.lease = lease
        self.store = MemoryFeatureStore()
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.chance = random.Random(7)
        self._numbers = itertools.count(1)
        self.feed = LabelFeed(
            self.store,
            MemoryCursor(Position.at(self.clock.now(), DELAY)),
            SqlLabelReads(database),
            SqlPaymentHistory(database),
            self.clock,
            self.observe,
            DELAY,
        )

    def observe(self, what: str, /, **facts: Any) -> None:
        self.told.append((what, facts))

    def heard(self, what: str) -> list[dict[str, Any]]:
        return [facts for name, facts in self.told if name == what]

    def guard(self, bucket: int) -> Amend:
        assert bucket == 0
        return fence_of(self.lease)

    def monitor(self, **values: Any) -> Monitor:
        return Monitor(
            SqlMonitoringReads(self.database),
            SqlPaymentHistory(self.database),
            self.journal,
            self.clock,
            self.observe,
            replace(CONFIG, **values),
        )

    async def pay(self, *, change: dict[str, Any] | None = None, **values: Any) -> Payment:
        """One live payment now; `change` is laid over what its memory served."""
        await self.feed.step()
        now = self.clock.now()
        chance = self.chance
        assessed = {
            key: values.pop(key)
            for key in ("decision", "model_version", "features_stale", "model_score_millionths")
            if key in values
        }
        payment = made_payment(
            key=f"order-{next(self._numbers)}",
            at=now,
            **{
                "user_id": f"user_{chance.randrange(4)}",
                "amount_minor": chance.randrange(100, 900_000),
                "livemode": True,
                "status": Status.SUCCESS,
                "stage": Stage.CAPTURED,
                **values,
            },
        )
        instrument, device = f"vpa_{chance.randrange(3)}@bank", f"d-{chance.randrange(3)}"
        seen = await self.store.observe(
            PaymentFacts(
                payment_id=payment.id,
                time_ms=int(now.timestamp() * 1000),
                amount_minor=payment.amount_minor,
                currency=payment.currency,
                livemode=payment.livemode,
                user=user_of(payment.merchant_id, payment.user_id),
                instrument=instrument,
                device=device,
                merchant=payment.merchant_id,
            )
        )
        vector = dict(zip(FEATURE_NAMES, seen.vector.tolist(), strict=True))
        features = {name: value for name, value in vector.items() if value == value}  # noqa: PLR0124
        assessment = replace(
            made_assessment(payment),
            **{
                "model_version": VERSION,
                "model_score_millionths": 100_000,
                "features": {**features, **(change or {})},
                "instrument": instrument,
                "device_fingerprint": device,
                "processed_at": now,
                **assessed,
            },
        )
        await self.journal.commit(Change(payment.bucket, (payment, assessment)))
        return payment

    async def label(self, payment: Payment, *, fraud: bool) -> None:
        now = self.clock.now()
        label = FraudLabel(
            new_id("lbl", payment.bucket, int(now.timestamp() * 1000)), payment.bucket, payment.id,
            payment.merchant_id, fraud, LabelSource.API, None, now, "key", now, payment.livemode,
        )  # fmt: skip
        await self.journal.commit(Change(payment.bucket, (label,)))

    async def register(self, document: dict[str, Any], **values: Any) -> FraudModel:
        now = self.clock.now()
        model = FraudModel(
            id=new_id("mdl", 0, int(now.timestamp() * 1000)),
            bucket=0,
            version=VERSION,
            checksum="a" * 64,
            schema_version=1,
            training_data_hash="b" * 64,
            document=document,
            state=ModelState.CHAMPION,
            share_percent=0,
            created_by="key",
            created_at=now,
            updated_at=now,
            promoted_by="key",
            promoted_at=now,
            revision=1,
        )
        model = replace(model, **values)
        await self.journal.commit(Change(0, (model,)))
        return model

    async def reports(self) -> list[FraudReport]:
        mapping = MAPPINGS[FraudReport]
        return mapping.records(await self.database.rows(select(*mapping.selected)))


@asynccontextmanager
async def watched_on(url: str) -> AsyncIterator[Watched]:
    await upgrade(url)
    database = Database.open(url)
    journal = SqlJournal(database, lambda what, /, **facts: None)
    await journal.start()
    clock = HandClock()
    leases = SqlLeases(database)
    (lease,) = await leases.acquire(["partition/00"], "test", clock.now(), 10**9, 1)
    yield Watched(database, journal, lease)
    await journal.stop()
    await database.close()
