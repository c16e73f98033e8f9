from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from sikka.domain.change import Change
from sikka.domain.fraud.assessment import Decision, FraudAssessment
from sikka.domain.fraud.label import FraudLabel, LabelSource
from sikka.domain.fraud.rule_report import PastPayment, ReportRange
from sikka.domain.payment import Payment
from sikka.journal.database import Database
from sikka.journal.fraud.rule_history import SqlRuleHistory
from sikka.journal.journal import SqlJournal
from tests.integration.journal.made import AT, MERCHANT_ID, creation, made_id, payment_of

OTHER_ID = "mer_01KE7ZT9S30000000000000002"
OVER = ReportRange(None, False, AT, AT + timedelta(days=1), 1_000)


def assessed(change: Change, **values: Any) -> Change:
    rows = tuple(
        replace(each, **values) if isinstance(each, FraudAssessment) else each
        for each in change.inserts
    )
    return replace(change, inserts=rows)


def label(payment: Payment, fraud: bool, known_at: datetime) -> Change:
    row = FraudLabel(
        id=made_id("lbl", payment.bucket),
        bucket=payment.bucket,
        payment_id=payment.id,
        merchant_id=payment.merchant_id,
        fraud=fraud,
        source=LabelSource.API,
        reason=None,
        known_at=known_at,
        created_by="key_1",
        created_at=known_at,
        livemode=payment.livemode,
    )
    return Change(payment.bucket, (row,))


async def read(database: Database, over: ReportRange, rows: int = 3) -> list[PastPayment]:
    return [
        payment async for chunk in SqlRuleHistory(database).chunks(over, rows) for payment in chunk
    ]


@pytest.fixture
async def payments(journal: SqlJournal) -> list[Payment]:
    """Twelve payments a second apart, every third of another merchant."""
    changes = [
        creation(
            at=AT + timedelta(seconds=number),
            merchant_id=MERCHANT_ID if number % 3 else OTHER_ID,
        )
        for number in range(12)
    ]
    changes.append(creation(at=AT + timedelta(seconds=3), livemode=True))
    await asyncio.gather(*map(journal.commit, changes))
    return [payment_of(each) for each in changes]


@pytest.mark.parametrize("merchant_id", [None, MERCHANT_ID, OTHER_ID])
async def test_payments_come_the_latest_first_without_gaps_or_repeats(
    payments: list[Payment], database: Database, merchant_id: str | None
) -> None:
    expected = [
        each.id
        for each in reversed(payments[:12])
        if merchant_id is None or each.merchant_id == merchant_id
    ]
    for rows in (1, 2, 3, 100):
        found = await read(database, replace(OVER, merchant_id=merchant_id), rows)
        assert [each.request.payment_id for each in found] == expected


@pytest.mark.parametrize("merchant_id", [None, MERCHANT_ID])
async def test_a_range_has_its_ends_and_its_bound_of_rows(
    payments: list[Payment], database: Database, merchant_id: str | None
) -> None:
    over = replace(OVER, merchant_id=merchant_id)
    some = replace(over, since=AT + timedelta(seconds=4), until=AT + timedelta(seconds=8))
    wanted = [
        each.id
        for each in payments[7:3:-1]
        if merchant_id is None or each.merchant_id == merchant_id
    ]
    assert [each.request.payment_id for each in await read(database, some)] == wanted
    assert len(await read(database, replace(over, rows_max=5))) == 5
    assert await read(database, replace(over, since=AT + timedelta(hours=1))) == []


async def test_payments_of_the_other_mode_are_another_history(
    payments: list[Payment], database: Database
) -> None:
    found = await read(database, replace(OVER, livemode=True))
    assert [each.request.payment_id for each in found] == [payments[-1].id]


async def test_a_payment_is_what_its_assessment_saw(
    journal: SqlJournal, database: Database
) -> None:
    change = assessed(
        creation(at=AT),
        features={"amount": 129_900.0, "user_count_10m": 2.0},
        model_score_millionths=123_456,
        shadow=[{"rule": "large", "id": "rul_1", "decision": "REVIEW"}],
        decision=Decision.REVIEW,
        instrument="asha@simbank",
        device_fingerprint="d-1",
        ip_address="203.0.113.9",
        latitude_microdegrees=19_070_000,
        longitude_microdegrees=-72_870_000,
    )
    await journal.commit(change)
    (past,) = await read(database, OVER)
    payment, request = payment_of(change), past.request
    assert (request.payment_id, request.at) == (payment.id, payment.created_at)
    assert (request.instrument, request.device.fingerprint) == ("asha@simbank", "d-1")
    assert (request.device.latitude, request.device.longitude) == (19.07, -72.87)
    assert (request.amount_minor, request.currency, request.method) == (129_900, "INR", "UPI")
    assert past.features == {"amount": 129_900.0, "user_count_10m": 2.0}
    assert (past.score, past.decision, past.fraud) == (0.123456, Decision.REVIEW, None)
    assert past.shadow == [{"rule": "large", "id": "rul_1", "decision": "REVIEW"}]


async def test_of_several_labels_the_last_that_became_known_counts(
    payments: list[Payment], journal: SqlJournal, database: Database
) -> None:
    first, second = payments[0], payments[1]
    await journal.commit(label(first, True, AT + timedelta(days=2)))
    await journal.commit(label(first, False, AT + timedelta(days=1)))
    await journal.commit(label(second, False, AT + timedelta(days=1)))
    found = {each.request.payment_id: each.fraud for each in await read(database, OVER)}
    assert (found[first.id], found[second.id]) == (True, False)
    assert set(found.values()) == {True, False, None}
