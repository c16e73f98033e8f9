"""Made-up payments as monitoring reads them, and a stream of payments for the core."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sikka.domain.fraud.assessment import Decision
from sikka.domain.fraud.history import AssessedPayment
from sikka.domain.fraud.label import FraudLabel, LabelSource
from sikka.domain.fraud.monitored import Monitored
from sikka.domain.payment import PaymentMethod, Status
from sikka_core import new_id

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
DELAY = timedelta(days=30)


def monitored(**values: Any) -> Monitored:
    """A live payment of a minute ago that the model approved."""
    at = NOW - timedelta(minutes=1)
    payment = Monitored(
        payment_id=new_id("pay", 7, int(at.timestamp() * 1000)),
        status=Status.SUCCESS,
        created_at=at,
        livemode=True,
        assessed_at=at,
        model_version="m-1",
        decision=Decision.APPROVE,
        risk_score_hundredths=10,
        model_score_millionths=100_000,
        challenger_version=None,
        challenger_score_millionths=None,
        features_stale=False,
        features={},
    )
    return replace(payment, **values)


def label_of(payment_id: str, at: datetime, *, fraud: bool) -> FraudLabel:
    id = new_id("lbl", 7, int(at.timestamp() * 1000))
    return FraudLabel(id, 7, payment_id, "mer_1", fraud, LabelSource.API, None, at, "key", at, True)


def history(count: int, seed: int, days: float = 40.0) -> list[AssessedPayment]:
    """A stream of payments of few entities, so that each has a past, with some labels."""
    chance = random.Random(seed)
    payments = []
    for age_s in sorted((chance.uniform(60, days * 86_400) for _ in range(count)), reverse=True):
        at = NOW - timedelta(seconds=age_s)
        id = new_id("pay", 7, int(at.timestamp() * 1000))
        place = (19_000_000 + chance.randrange(3) * 100_000, 72_800_000)
        labels = []
        if chance.random() < 0.2:
            labelled_at = at + timedelta(seconds=chance.uniform(1, 10 * 86_400))
            if labelled_at < NOW:
                labels = [label_of(id, labelled_at, fraud=chance.random() < 0.5)]
        payments.append(
            AssessedPayment(
                payment_id=id,
                merchant_id=f"mer_{chance.randrange(3)}",
                user_id=f"user_{chance.randrange(6)}",
                amount_minor=chance.randrange(1, 500_000),
                currency="INR",
                payment_method=PaymentMethod.UPI,
                status=chance.choice([Status.SUCCESS, Status.SUCCESS, Status.FAILED]),
                livemode=True,
                created_at=at,
                instrument=chance.choice([None, *(f"vpa_{n}@bank" for n in range(5))]),
                device_fingerprint=chance.choice([None, *(f"d-{n}" for n in range(5))]),
                ip_address=chance.choice([None, *(f"203.0.113.{n}" for n in range(4))]),
                latitude_microdegrees=place[0],
                longitude_microdegrees=place[1],
                decision=Decision.APPROVE,
                labels=labels,
            )
        )
    return payments
