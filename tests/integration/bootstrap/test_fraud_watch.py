"""A house teaches its memory what becomes known of payments, and watches its models."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sikka import bootstrap
from sikka.bootstrap import edges
from sikka.bootstrap.fraud import feature_store
from sikka.bootstrap.fraud_watch import monitoring_config
from sikka.domain.change import Change
from sikka.domain.fraud.history import user_of
from sikka.domain.fraud.label import FraudLabel, LabelSource
from sikka.fraud.stores.facts import PaymentFacts
from sikka.fraud.stores.port import FeatureStore
from sikka.journal import migrate
from sikka.ports import Page
from sikka.settings import Settings
from sikka.settings.fraud_monitoring import FraudMonitoring
from sikka.settings.schema import Database, Fraud, Redis, Secrets
from sikka.settings.secret import Secret
from sikka_core import FEATURE_NAMES, new_id
from tests.integration.journal.made import made_assessment, made_payment

MASTER_KEY = Secret(base64.b64encode(bytes(range(32))).decode())


class Heard:
    """What the house has told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, what: str, /, **facts: Any) -> None:
        self.told.append((what, facts))

    def of(self, what: str) -> list[dict[str, Any]]:
        return [facts for name, facts in self.told if name == what]


async def until(is_so: Callable[[], bool], what: str) -> None:
    deadline_s = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < deadline_s, what
        await asyncio.sleep(0.01)


def settings_of(database_url: str, redis_url: str | None = None) -> Settings:
    return Settings(
        database=Database(Secret(database_url)),
        redis=Redis(Secret(redis_url)) if redis_url else None,
        fraud=Fraud(monitoring=FraudMonitoring(interval_s=0.01, livemode=False)),
        secrets=Secrets(MASTER_KEY),
    )


async def paid_and_labelled(house: bootstrap.House) -> FraudLabel:
    now = house.parts.clock.now()
    payment = made_payment(at=now - timedelta(hours=1))
    assessment = replace(made_assessment(payment), processed_at=payment.created_at)
    label = FraudLabel(
        new_id("lbl", payment.bucket, int(now.timestamp() * 1000)), payment.bucket, payment.id,
        payment.merchant_id, True, LabelSource.API, None, now, "key", now, payment.livemode,
    )  # fmt: skip
    await house.journal.commit(Change(payment.bucket, (payment, assessment, label)))
    return label


async def frauds_known_to(store: FeatureStore, label: FraudLabel) -> float:
    facts = PaymentFacts(
        payment_id="next",
        time_ms=int(label.created_at.timestamp() * 1000) + 1_000,
        amount_minor=100,
        currency="INR",
        livemode=False,
        user=user_of(label.merchant_id, "user_7"),
        merchant=label.merchant_id,
    )
    vector = (await store.observe(facts)).vector.tolist()
    features: dict[str, float] = dict(zip(FEATURE_NAMES, vector, strict=True))
    assert features["merchant_risk_24h"] == 1.0
    return features["user_frauds_30d"]


async def test_a_worker_teaches_the_memory_in_redis_and_reports(
    database_url: str, redis_url: str
) -> None:
    await migrate.upgrade(database_url)
    settings, heard = settings_of(database_url, redis_url), Heard()
    async with bootstrap.house(settings, heard) as house, edges.worker(settings, on=house):
        label = await paid_and_labelled(house)
        await until(lambda: bool(heard.of("fraud.labels_fed")), "the label reaches the memory")
        store = replace(settings, features=replace(settings.features, timeout_s=5.0))
        memory = feature_store(store)
        await memory.open()
        assert await frauds_known_to(memory, label) == pytest.approx(1.0, rel=1e-3)
        await memory.close()
        await until(
            lambda: any(each["reports"] for each in heard.of("fraud.monitored")), "a report"
        )
        (report,) = await house.reader.fraud_reports(Page(10))
        assert report.model_version == "rules-1"
        shown = house.metrics.render()[0].decode()
        assert 'sikka_fraud_alert{what="score_drift"} 0.0' in shown
    assert not heard.of("worker.round_failed")


async def test_a_gateway_teaches_its_own_memory(sqlite_url: str) -> None:
    await migrate.upgrade(sqlite_url)
    settings, heard = settings_of(sqlite_url), Heard()
    async with bootstrap.house(settings, heard) as house:
        assert not house.fraud.is_shared
        async with house.fraud.opened():
            label = await paid_and_labelled(house)
            await until(lambda: bool(heard.of("fraud.labels_fed")), "the label is learnt")
            assert await frauds_known_to(house.fraud.store, label) == pytest.approx(1.0, rel=1e-3)


def test_memories_of_processes_raise_no_alarm_when_they_differ() -> None:
    settings = Settings()
    own, shared = (monitoring_config(settings, shared=each) for each in (False, True))
    assert (own.differing_share_max, shared.differing_share_max) == (None, 0.05)
    assert (shared.window_s, shared.recent_s) == (30 * 86_400.0, 86_400.0)
    assert shared.label_delay_s == 30 * 86_400.0
    assert shared.decline_score_hundredths == settings.fraud.decline_score_hundredths
