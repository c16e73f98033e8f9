"""What the flows read is what was committed, in the order that they rely on."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from sikka.domain.change import Change, amend
from sikka.domain.payment import Payment, Stage, Status, UpiTransaction
from sikka.domain.records import IdempotencyRecord
from sikka.domain.refund import Refund, RefundOrigin, RefundStatus
from sikka.journal.store import SqlStore
from tests.integration.journal.made import (
    AT,
    MERCHANT_ID,
    creation,
    made_audit,
    made_id,
    made_merchant,
    made_payment,
    made_upi,
    payment_of,
    step,
)

if TYPE_CHECKING:
    from typing import Any

    from sikka.journal.database import Database
    from sikka.journal.journal import SqlJournal

ALL = range(4096)


@pytest.fixture
def store(database: Database) -> SqlStore:
    return SqlStore(database)


def made_refund(payment: Payment, **values: Any) -> Refund:
    id_ = made_id("rfd", payment.bucket)
    refund = Refund(
        id=id_,
        bucket=payment.bucket,
        payment_id=payment.id,
        merchant_id=payment.merchant_id,
        amount_minor=100,
        currency="INR",
        status=RefundStatus.PENDING,
        origin=RefundOrigin.MERCHANT,
        reason="too cold",
        metadata={"ticket": "7"},
        npci_txn_id=f"SKA{id_}",
        msg_id=None,
        rrn=None,
        response_code=None,
        failure_code=None,
        outcome=None,
        needs_attention=False,
        checks_made=0,
        next_check_at=AT + timedelta(seconds=90),
        livemode=False,
        created_at=AT,
        updated_at=AT,
    )
    return replace(refund, **values)


async def add(journal: SqlJournal, payment: Payment, **upi: Any) -> Payment:
    change = creation(payment)
    inserts = tuple(
        made_upi(payment, **upi) if isinstance(each, UpiTransaction) else each
        for each in change.inserts
    )
    await journal.commit(replace(change, inserts=inserts))
    return payment


async def test_a_payment_is_read_with_its_upi_side_and_its_assessment(
    journal: SqlJournal, store: SqlStore
) -> None:
    change = creation()
    await journal.commit(change)
    state = await store.upi_state(payment_of(change).id)
    assert state is not None
    assert state.payment in change.inserts
    assert state.upi in change.inserts
    assert state.assessment in change.inserts
    assert await store.assessment(state.payment.id) == state.assessment
    assert await store.upi_state("pay_nobody") is None
    assert await store.assessment("pay_nobody") is None


async def test_every_read_sees_what_was_acknowledged_before_it(
    journal: SqlJournal, store: SqlStore
) -> None:
    async def live() -> None:
        payment = payment_of(change := creation())
        await journal.commit(change)
        stages = (Stage.SUBMITTED, Stage.NEEDS_ATTENTION, Stage.DEEMED)
        for stage in stages:
            after = payment.moved(Status.PENDING, stage, AT)
            await journal.commit(step(payment, after))
            state = await store.upi_state(payment.id)
            assert state is not None
            assert state.payment == after
            payment = after

    await asyncio.wait_for(asyncio.gather(*(live() for _ in range(20))), 60)


async def test_a_key_is_found_by_merchant_mode_and_its_very_text(
    journal: SqlJournal, store: SqlStore
) -> None:
    changes = [creation(key=key) for key in ("order-A", "order-a", "order-a.", "ऑर्डर")]
    await asyncio.gather(*map(journal.commit, changes))
    keys = [each for change in changes for each in change.inserts]
    keys = [each for each in keys if isinstance(each, IdempotencyRecord)]
    found = await asyncio.gather(
        *(store.idempotency(MERCHANT_ID, False, key.idempotency_key) for key in keys)
    )
    assert found == keys
    assert await store.idempotency(MERCHANT_ID, True, "order-A") is None
    assert await store.idempotency("mer_other", False, "order-A") is None
    assert await store.idempotency(MERCHANT_ID, False, "ORDER-A") is None


async def test_the_refunds_of_a_payment_come_oldest_first(
    journal: SqlJournal, store: SqlStore
) -> None:
    payment = payment_of(change := creation())
    await journal.commit(change)
    refunds = [
        made_refund(payment, created_at=AT + timedelta(seconds=second)) for second in (3, 1, 2)
    ]
    await journal.commit(Change(payment.bucket, (made_audit(payment, "x"), *refunds)))
    assert await store.refunds_of(payment.id) == [refunds[1], refunds[2], refunds[0]]
    assert await store.refund(refunds[0].id) == refunds[0]
    assert await store.refund("rfd_nobody") is None
    assert await store.refunds_of("pay_nobody") == []


async def test_due_checks_come_longest_due_first_and_within_their_buckets(
    journal: SqlJournal, store: SqlStore
) -> None:
    def due(second: int) -> dict[str, Any]:
        return {"next_check_at": AT + timedelta(seconds=second)}

    first = await add(journal, made_payment(), **due(10))
    second = await add(journal, made_payment(), **due(20))
    await add(journal, made_payment(), **due(31))
    await add(journal, made_payment(), next_check_at=None)
    ended = await add(journal, made_payment(), **due(5))
    declined = ended.moved(Status.FAILED, Stage.DECLINED, AT)
    await journal.commit(step(ended, declined))
    now = AT + timedelta(seconds=30)

    async def found(buckets: range, limit: int) -> list[Payment]:
        return [each.payment for each in await store.due_payment_checks(now, buckets, limit)]

    assert await found(ALL, 10) == [first, second]
    assert await found(ALL, 1) == [first]
    assert await found(range(first.bucket, first.bucket + 1), 10) == [first]
    assert first not in await found(range(first.bucket + 1, 4096), 10)
    assert first not in await found(range(first.bucket), 10)


async def test_due_refund_checks_are_those_of_open_refunds(
    journal: SqlJournal, store: SqlStore
) -> None:
    payment = payment_of(change := creation())
    await journal.commit(change)
    later = made_refund(payment, next_check_at=AT + timedelta(seconds=20))
    sooner = made_refund(payment, next_check_at=AT + timedelta(seconds=10))
    over = made_refund(payment, status=RefundStatus.SUCCESS)
    rows = (made_audit(payment, "x"), later, sooner, over)
    await journal.commit(Change(payment.bucket, rows))
    found = await store.due_refund_checks(AT + timedelta(hours=1), ALL, 10)
    assert found == [sooner, later]
    assert await store.due_refund_checks(AT, ALL, 10) == []


async def test_overdue_are_those_that_nobody_asks_about(
    journal: SqlJournal, store: SqlStore
) -> None:
    now = AT + timedelta(minutes=11)
    held = await add(journal, made_payment(stage=Stage.IN_REVIEW))
    shown = await add(journal, made_payment(stage=Stage.ACTION_REQUIRED), next_check_at=None)
    await add(journal, made_payment(stage=Stage.ACTION_REQUIRED))
    await add(journal, made_payment(stage=Stage.CREATED))
    await add(journal, made_payment(stage=Stage.IN_REVIEW, expires_at=now + timedelta(1)))
    declined = made_payment(status=Status.FAILED, stage=Stage.DECLINED)
    await add(journal, declined)
    found = [each.payment for each in await store.overdue(now, ALL, 10)]
    assert sorted(found, key=lambda each: each.id) == sorted(
        [held, shown], key=lambda each: each.id
    )
    assert await store.overdue(AT, ALL, 10) == []


async def test_a_merchant_is_believed_for_a_while(journal: SqlJournal, database: Database) -> None:
    merchant = made_merchant()
    await journal.commit(Change(1, (merchant,)))
    patient, asking = SqlStore(database, 3600.0), SqlStore(database, 0.0)
    assert await patient.merchant(merchant.id) == merchant
    closed = replace(merchant, active=False, fee_fixed_minor=250)
    await journal.commit(Change(1, (), (amend(merchant, closed),)))
    assert await patient.merchant(merchant.id) == merchant
    assert await asking.merchant(merchant.id) == closed
    assert await asking.merchant("mer_nobody") is None
