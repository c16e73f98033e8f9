"""What labels and monitoring read is served by indexes, on either database."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from sikka.domain.change import Change
from sikka.domain.fraud.label import FraudLabel, LabelSource
from sikka.journal.fraud.labels import SqlLabelReads
from sikka.journal.fraud.monitoring import SqlMonitoringReads
from sikka.journal.fraud.payment_history import SqlPaymentHistory
from sikka.journal.reader import SqlReader
from sikka.ports import Page
from tests.integration.journal.made import (
    AT,
    MERCHANT_ID,
    made_assessment,
    made_id,
    made_payment,
    made_upi,
)
from tests.integration.journal.test_explain import plans

if TYPE_CHECKING:
    from sikka.journal.database import Database
    from sikka.journal.journal import SqlJournal

PAGE = Page(limit=10)
LATE = AT + timedelta(seconds=390)
UNTIL = AT + timedelta(seconds=60)
ID = "pay_01KE7ZT9S30000000000000001"

# What belongs to models is few by nature: their tables are read whole where that is cheaper.
QUERIES: dict[str, Any] = {
    "named": lambda d: SqlLabelReads(d).named(["000000000007", "SKA7"]),
    "labels_after": lambda d: SqlLabelReads(d).labels_after(LATE, "lbl_1", 10),
    "assessed_between": lambda d: SqlMonitoringReads(d).assessed_between(
        AT, UNTIL, 10, features=True
    ),
    "labelled_since": lambda d: SqlMonitoringReads(d).labelled_since(LATE, 10),
    "assessed": lambda d: SqlMonitoringReads(d).assessed([ID]),
    "reports": lambda d: SqlMonitoringReads(d).reports(["m-1"]),
    "after": lambda d: SqlPaymentHistory(d).after(ID, UNTIL, 10),
    "of": lambda d: SqlPaymentHistory(d).of([ID]),
    "of_user": lambda d: SqlPaymentHistory(d).of_user(MERCHANT_ID, "user_7", UNTIL, 10),
    "begins_at": lambda d: SqlPaymentHistory(d).begins_at(),
    "latest": lambda d: SqlPaymentHistory(d).latest(AT, 10),
    "fraud_labels": lambda d: SqlReader(d).fraud_labels(MERCHANT_ID, False, PAGE),
    "fraud_labels_of_payment": lambda d: SqlReader(d).fraud_labels(
        MERCHANT_ID, False, PAGE, payment_id=ID
    ),
    "fraud_reports": lambda d: SqlReader(d).fraud_reports(PAGE),
}


def change(number: int) -> Change:
    """A payment that others know by its own numbers, with a label."""
    at = AT + timedelta(seconds=number)
    payment = made_payment(at=at, user_id=f"user_{number % 50}", external_txn_id=f"SKA{number}")
    upi = made_upi(payment, rrn=f"{number:012}")
    known_at = at + timedelta(seconds=1)
    label = FraudLabel(
        made_id("lbl", payment.bucket), payment.bucket, payment.id, payment.merchant_id, True,
        LabelSource.API, None, known_at, "key", known_at, False,
    )  # fmt: skip
    assessment = replace(made_assessment(payment), processed_at=at)
    return Change(payment.bucket, (payment, upi, assessment, label))


@pytest.fixture
async def labelled(journal: SqlJournal, database: Database) -> Database:
    """Enough payments and labels that an optimiser has something to choose from."""
    await asyncio.gather(*(journal.commit(change(number)) for number in range(400)))
    for table in ("payments", "upi_transactions", "fraud_assessments", "fraud_labels"):
        async with database.engine.connect() as connection:
            verb = "ANALYZE TABLE" if database.dialect == "mysql" else "ANALYZE"
            (await connection.exec_driver_sql(f"{verb} {table}")).close()
    return database


async def test_every_read_of_labels_and_monitoring_has_an_index(labelled: Database) -> None:
    scans = {
        name: await plans(labelled, lambda *_, ask=ask: ask(labelled))
        for name, ask in QUERIES.items()
    }
    assert {name: found for name, found in scans.items() if found} == {}
