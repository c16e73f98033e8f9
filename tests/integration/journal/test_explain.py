"""Every query that is offered is served by an index, on either database."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event

from sikka.domain.fraud.assessment import RiskLevel
from sikka.domain.payment import PaymentMethod, Stage, Status
from sikka.domain.records import EventType
from sikka.domain.review import (
    QueueOrder,
    QueueState,
    Reviewer,
    ReviewNote,
    ReviewStatus,
    review_of,
)
from sikka.journal.outbox import SqlHousekeeping, SqlOutbox
from sikka.journal.reader import SqlReader
from sikka.journal.review_reads import SqlReviews
from sikka.journal.store import SqlStore
from sikka.ports import Page, QueueFilter
from tests.integration.journal.made import (
    AT,
    MERCHANT_ID,
    creation,
    made_assessment,
    made_id,
    made_payment,
    payment_of,
    success,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from sikka.domain.change import Change
    from sikka.domain.payment import Payment
    from sikka.journal.database import Database
    from sikka.journal.journal import SqlJournal

PAGE = Page(limit=10)
NOW = AT + timedelta(days=1)
SOME = range(256)
ID = "pay_01KE7ZT9S30000000000000001"
ACCOUNT = f"merchant_payable/{MERCHANT_ID}/INR/test"

QUERIES: dict[str, Any] = {
    "upi_state": lambda s, r, o, h: s.upi_state(ID),
    "refund": lambda s, r, o, h: s.refund(ID),
    "refunds_of": lambda s, r, o, h: s.refunds_of(ID),
    "assessment": lambda s, r, o, h: s.assessment(ID),
    "merchant_of_store": lambda s, r, o, h: s.merchant(MERCHANT_ID),
    "idempotency": lambda s, r, o, h: s.idempotency(MERCHANT_ID, False, "order-1"),
    "due_payment_checks": lambda s, r, o, h: s.due_payment_checks(AT, SOME, 10),
    "due_refund_checks": lambda s, r, o, h: s.due_refund_checks(AT, SOME, 10),
    "overdue": lambda s, r, o, h: s.overdue(AT, SOME, 10),
    "payments": lambda s, r, o, h: r.payments(MERCHANT_ID, False, PAGE),
    "payments_after": lambda s, r, o, h: r.payments(
        MERCHANT_ID, False, Page(10, starting_after=ID)
    ),
    "payments_by_status": lambda s, r, o, h: r.payments(
        MERCHANT_ID, False, PAGE, status=Status.FAILED
    ),
    "payments_by_method": lambda s, r, o, h: r.payments(
        MERCHANT_ID, False, PAGE, method=PaymentMethod.UPI
    ),
    "payments_by_time": lambda s, r, o, h: r.payments(
        MERCHANT_ID, False, PAGE, created_gte=AT, created_lte=NOW
    ),
    "payments_by_user": lambda s, r, o, h: r.payments(MERCHANT_ID, False, PAGE, user_id="user_7"),
    "upi_of": lambda s, r, o, h: r.upi_of([ID]),
    "assessments_of": lambda s, r, o, h: r.assessments_of([ID]),
    "refunds": lambda s, r, o, h: r.refunds(MERCHANT_ID, False, PAGE),
    "refunds_by_payment": lambda s, r, o, h: r.refunds(MERCHANT_ID, False, PAGE, payment_id=ID),
    "events": lambda s, r, o, h: r.events(MERCHANT_ID, False, PAGE),
    "events_by_type": lambda s, r, o, h: r.events(
        MERCHANT_ID, False, PAGE, type=EventType.PAYMENT_CREATED
    ),
    "events_by_payment": lambda s, r, o, h: r.events(MERCHANT_ID, False, PAGE, payment_id=ID),
    "event": lambda s, r, o, h: r.event(ID),
    "deliveries_by_event": lambda s, r, o, h: r.deliveries(PAGE, event_id=ID),
    "deliveries_by_endpoint": lambda s, r, o, h: r.deliveries(PAGE, endpoint_id=ID),
    "attempts": lambda s, r, o, h: r.attempts(ID),
    "merchants": lambda s, r, o, h: r.merchants(PAGE),
    "merchant": lambda s, r, o, h: r.merchant(MERCHANT_ID),
    "api_key_by_hash": lambda s, r, o, h: r.api_key_by_hash("a" * 64),
    "api_keys": lambda s, r, o, h: r.api_keys(MERCHANT_ID, PAGE),
    "endpoints": lambda s, r, o, h: r.endpoints(MERCHANT_ID, False, PAGE),
    "endpoint": lambda s, r, o, h: r.endpoint(ID),
    "ledger_accounts": lambda s, r, o, h: r.ledger_accounts(None, False, PAGE),
    "ledger_accounts_by_owner": lambda s, r, o, h: r.ledger_accounts(MERCHANT_ID, False, PAGE),
    "ledger_transactions": lambda s, r, o, h: r.ledger_transactions(False, PAGE),
    "ledger_transactions_by_payment": lambda s, r, o, h: r.ledger_transactions(
        False, PAGE, payment_id=ID
    ),
    "ledger_transactions_by_account": lambda s, r, o, h: r.ledger_transactions(
        False, PAGE, account_id=ACCOUNT
    ),
    "ledger_transactions_by_owner": lambda s, r, o, h: r.ledger_transactions(
        False, PAGE, owner=MERCHANT_ID
    ),
    "trial_balance": lambda s, r, o, h: r.trial_balance(False),
    "audit_by_bucket": lambda s, r, o, h: r.audit(PAGE, bucket=7),
    "audit_by_payment": lambda s, r, o, h: r.audit(PAGE, payment_id=ID),
    "audit_by_merchant": lambda s, r, o, h: r.audit(PAGE, merchant_id=MERCHANT_ID),
    "unrelayed": lambda s, r, o, h: o.unrelayed(SOME, 10),
    "due_deliveries": lambda s, r, o, h: o.due_deliveries(AT, SOME, 10, []),
    "subscribed": lambda s, r, o, h: o.subscribed([MERCHANT_ID]),
    "delivered_since": lambda s, r, o, h: o.delivered_since(ID, AT),
    "delete_idempotency_keys": lambda s, r, o, h: h.delete_idempotency_keys(AT, SOME, 10),
    "delete_replies": lambda s, r, o, h: h.delete_replies(AT, 10),
}

READERS = (SqlStore, SqlReader, SqlOutbox, SqlHousekeeping)
NUMBERS = itertools.count()
REVIEW_QUERIES: dict[str, Callable[[SqlReviews], Awaitable[Any]]] = {
    "case": lambda reviews: reviews.case(ID),
    "notes": lambda reviews: reviews.notes([ID]),
    **{
        f"{state} {order} {page}": partial(
            SqlReviews.queue,
            merchant_id=MERCHANT_ID,
            livemode=False,
            page=page,
            wanted=QueueFilter(NOW, Reviewer("key_1", "asha"), state, order, RiskLevel.HIGH),
        )
        for state in QueueState
        for order in QueueOrder
        for page in (PAGE, Page(10, starting_after=ID), Page(10, ending_before=ID))
    },
}


@pytest.fixture
async def filled(journal: SqlJournal, database: Database) -> Database:
    """Enough rows that an optimiser has something to choose from."""
    changes = [
        creation(
            user_id=f"user_{number % 50}",
            merchant_id=MERCHANT_ID if number % 10 else f"mer_{number:026}",
            at=AT + timedelta(seconds=number),
        )
        for number in range(500)
    ]
    changes += [held(replace(made_payment(), id=ID)), *(held(made_payment()) for _ in range(200))]
    await asyncio.gather(*map(journal.commit, changes))
    await asyncio.gather(*(journal.commit(success(payment_of(each))) for each in changes[:400]))
    for table in (
        "payments", "upi_transactions", "outbox_events", "audit_log", "ledger_accounts", "reviews",
    ):  # fmt: skip
        async with database.engine.connect() as connection:
            verb = "ANALYZE TABLE" if database.dialect == "mysql" else "ANALYZE"
            (await connection.exec_driver_sql(f"{verb} {table}")).close()
    return database


def held(payment: Payment) -> Change:
    """A payment that was held; few of them still wait."""
    payment = replace(payment, stage=Stage.IN_REVIEW)
    review = review_of(payment, made_assessment(payment), None)
    if next(NUMBERS) % 20:
        review = review.ended(ReviewStatus.DECLINED, None, AT)
    change = creation(payment)
    note = ReviewNote(made_id("rvn", 7), payment.bucket, payment.id, "key_1", None, "note", AT)
    return replace(change, inserts=(*change.inserts, review, note))


async def plans(
    database: Database, ask: Callable[..., Awaitable[Any]], readers: Sequence[Any] = READERS
) -> list[str]:
    """What the database says about every statement that a query sends: its scans, in words."""
    sent: list[tuple[str, Any]] = []

    def hear(_c: Any, _u: Any, statement: str, parameters: Any, _x: Any, _m: bool) -> None:
        sent.append((statement, parameters))

    engine = database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", hear)
    await ask(*(reader(database) for reader in readers))
    event.remove(engine, "before_cursor_execute", hear)
    assert sent
    found = []
    prefix = "EXPLAIN" if database.dialect == "mysql" else "EXPLAIN QUERY PLAN"
    async with database.engine.connect() as connection:
        for statement, parameters in sent:
            result = await connection.exec_driver_sql(f"{prefix} {statement}", parameters)
            found += [dict(row) for row in result.mappings().all()]
    return [text for row in found if (text := _scan(row))]


def _scan(row: dict[str, Any]) -> str | None:
    """The step of a plan, if it reads a whole table and not an index."""
    if "detail" in row:
        detail = str(row["detail"])
        is_scan = detail.startswith("SCAN") and "USING" not in detail
        return detail if is_scan and "LIST SUBQUERY" not in detail else None
    table = str(row["table"])
    is_scan = row["type"] == "ALL" and not table.startswith("<")
    return f"{table}: {row['type']} {row['Extra']}" if is_scan else None


async def test_every_query_that_is_offered_has_an_index(filled: Database) -> None:
    scans = {name: await plans(filled, ask) for name, ask in QUERIES.items()}
    assert {name: found for name, found in scans.items() if found} == {}


async def test_every_query_about_reviews_has_an_index(filled: Database) -> None:
    scans = {name: await plans(filled, ask, [SqlReviews]) for name, ask in REVIEW_QUERIES.items()}
    assert {name: found for name, found in scans.items() if found} == {}
