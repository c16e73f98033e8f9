"""Assessed payments come back as they were assessed, in order, with what is known of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from sikka.domain.change import Change
from sikka.domain.fraud.assessment import Decision
from sikka.domain.fraud.history import AssessedPayment
from sikka.domain.fraud.label import FraudLabel, LabelSource
from sikka.domain.payment import PaymentMethod, Status
from sikka.journal.fraud.payment_history import SqlPaymentHistory
from sikka_core import new_id
from tests.integration.journal.made import AT, MERCHANT_ID, made_assessment, made_payment

if TYPE_CHECKING:
    from sikka.domain.payment import Payment
    from sikka.journal.database import Database
    from sikka.journal.journal import SqlJournal


async def paid(journal: SqlJournal, after_s: float, **entities: object) -> Payment:
    payment = made_payment(at=AT + timedelta(seconds=after_s))
    assessment = replace(made_assessment(payment), **entities)
    await journal.commit(Change(payment.bucket, (payment, assessment)))
    return payment


async def labelled(journal: SqlJournal, payment: Payment, fraud: bool, known_s: float) -> None:
    label = FraudLabel(
        id=new_id("lbl", payment.bucket, int(AT.timestamp() * 1000)),
        bucket=payment.bucket,
        payment_id=payment.id,
        merchant_id=payment.merchant_id,
        fraud=fraud,
        source=LabelSource.API,
        reason=None,
        known_at=AT + timedelta(seconds=known_s),
        created_by="key_1",
        created_at=AT,
        livemode=False,
    )
    await journal.commit(Change(payment.bucket, (label,)))


async def test_a_payment_comes_with_all_that_its_features_were_computed_from(
    journal: SqlJournal, database: Database
) -> None:
    payment = await paid(
        journal,
        1,
        instrument="asha@simbank",
        device_fingerprint="d-81c2",
        ip_address="203.0.113.9",
        latitude_microdegrees=19_070_000,
        longitude_microdegrees=-72_870_001,
        decision=Decision.REVIEW,
    )
    history = SqlPaymentHistory(database)
    assert await history.latest(AT, 10) == [
        AssessedPayment(
            payment_id=payment.id,
            merchant_id=MERCHANT_ID,
            user_id="user_7",
            amount_minor=129_900,
            currency="INR",
            payment_method=PaymentMethod.UPI,
            status=Status.PENDING,
            livemode=False,
            created_at=payment.created_at,
            instrument="asha@simbank",
            device_fingerprint="d-81c2",
            ip_address="203.0.113.9",
            latitude_microdegrees=19_070_000,
            longitude_microdegrees=-72_870_001,
            decision=Decision.REVIEW,
        )
    ]


async def test_payments_come_in_chunks_in_order_and_each_once(
    journal: SqlJournal, database: Database
) -> None:
    ids = [(await paid(journal, after_s)).id for after_s in (50, 10, 40, 20, 30, 0)]
    history = SqlPaymentHistory(database)
    chunks = [
        [each.payment_id for each in chunk]
        async for chunk in history.chunks(
            AT + timedelta(seconds=10), AT + timedelta(seconds=50), rows=3
        )
    ]
    assert chunks == [[ids[1], ids[3], ids[4]], [ids[2]]]
    newest = await history.latest(AT, 2)
    assert [each.payment_id for each in newest] == [ids[2], ids[0]]
    assert [chunk async for chunk in history.chunks(AT + timedelta(days=1), AT)] == []


async def test_the_label_that_became_known_last_counts(
    journal: SqlJournal, database: Database
) -> None:
    payment, other = await paid(journal, 0), await paid(journal, 1)
    await labelled(journal, payment, False, 200)
    await labelled(journal, payment, True, 100)
    first, second = await SqlPaymentHistory(database).latest(AT, 10)
    assert (first.fraud, len(first.labels)) == (False, 2)
    assert (second.payment_id, second.fraud, second.labels) == (other.id, None, ())
    assert await SqlPaymentHistory(database).of([payment.id, new_id("pay", 7, 0)]) == [first]
