"""The doctor finds what is wrong, names it, and finds nothing where nothing is wrong."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import delete, text, update

from sikka.domain.payment import Payment, Stage, Status
from sikka.domain.review import review_of
from sikka.journal import tables
from sikka.journal.invariants import check_invariants
from sikka.journal.leases import SqlLeases
from tests.integration.journal.made import (
    AT,
    creation,
    made_assessment,
    made_payment,
    payment_of,
    step,
    success,
)

if TYPE_CHECKING:
    from sikka.journal.database import Database
    from sikka.journal.journal import SqlJournal

NOW = AT + timedelta(minutes=1)


@pytest.fixture
async def payments(journal: SqlJournal) -> list[Payment]:
    """A dozen payments: some paid, some failed, some open."""
    changes = [creation() for _ in range(12)]
    await asyncio.gather(*map(journal.commit, changes))
    payments = [payment_of(change) for change in changes]
    for payment in payments[:5]:
        await journal.commit(success(payment))
    for payment in payments[5:8]:
        await journal.commit(step(payment, payment.moved(Status.FAILED, Stage.DECLINED, AT)))
    return payments


async def found(database: Database, now: Any = NOW) -> list[tuple[int, str]]:
    return [(each.invariant, each.text) for each in await check_invariants(database, now)]


async def test_a_healthy_database_has_no_findings(
    database: Database, payments: list[Payment]
) -> None:
    assert payments
    assert await found(database) == []


async def test_findings_do_not_come_of_a_gateway_at_work(
    database: Database, journal: SqlJournal, payments: list[Payment]
) -> None:
    done = asyncio.Event()

    async def work() -> None:
        while not done.is_set():
            change = creation()
            await journal.commit(change)
            await journal.commit(success(payment_of(change)))

    worker = asyncio.create_task(work())
    for _ in range(3):
        assert await found(database) == []
    done.set()
    await asyncio.wait_for(worker, 30)


@pytest.mark.parametrize(
    ("invariant", "statement", "words"),
    [
        (1, "DELETE FROM upi_transactions WHERE payment_id=:id", "0 UPI transactions"),
        (1, "DELETE FROM fraud_assessments WHERE payment_id=:id", "0 fraud assessments"),
        (2, "UPDATE ledger_accounts SET debits_minor=debits_minor+1", "its entries make"),
        (3, "UPDATE payments SET refunded_amount='1.00' WHERE id=:id", "refunds add up to 0"),
        (3, "UPDATE payments SET captured_amount='2.00' WHERE id=:id", "200 is captured"),
        (4, "UPDATE idempotency_keys SET status='completed'", "no answer to replay"),
        (4, "UPDATE idempotency_keys SET object_id=:id", "came of 12 idempotency keys"),
        (5, "UPDATE payments SET version=9 WHERE id=:id", "at version 9 after 2"),
        (5, "UPDATE payments SET stage='deemed' WHERE id=:id", "was recorded as"),
        (6, "DELETE FROM outbox_events WHERE payment_id=:id AND sequence=1", "has events [2]"),
        (8, "UPDATE audit_log SET action='x' WHERE payment_id=:id", "was changed"),
    ],
)
async def test_what_was_broken_behind_the_journals_back_is_found(
    database: Database, payments: list[Payment], invariant: int, statement: str, words: str
) -> None:
    await database.execute(text(statement), {"id": payments[0].id})
    findings = await found(database)
    assert any(number == invariant and words in told for number, told in findings), findings


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("DELETE FROM reviews", "is held and its review is not there"),
        ("UPDATE reviews SET status='declined'", "is held and its review is declined"),
        (
            "UPDATE payments SET stage='cancelled', status='FAILED' WHERE id=:id",
            "is FAILED/cancelled and its review still waits",
        ),
    ],
)
async def test_a_review_and_its_payment_that_disagree_are_found(
    database: Database, journal: SqlJournal, statement: str, words: str
) -> None:
    held = made_payment(stage=Stage.IN_REVIEW)
    change = creation(held)
    review = review_of(held, made_assessment(held), None)
    await journal.commit(replace(change, inserts=(*change.inserts, review)))
    assert await found(database) == []
    late = await found(database, AT + timedelta(days=1))
    assert (10, f"{held.id} waits for the end of its review") in late
    await database.execute(text(statement), {"id": held.id})
    findings = await found(database)
    assert (5, f"{held.id}: {words}") in findings, findings


async def test_a_transaction_that_does_not_balance_is_found(
    database: Database, payments: list[Payment]
) -> None:
    entries = tables.ledger_entries
    one = await database.rows(tables.ledger_entries.select().limit(1))
    await database.execute(delete(entries).where(entries.c.id == one[0][0]))
    findings = await found(database)
    assert payments
    assert any(number == 2 and "differ from credits" in told for number, told in findings)


async def test_an_illegal_path_is_found(
    database: Database, journal: SqlJournal, payments: list[Payment]
) -> None:
    failed = payments[5].moved(Status.FAILED, Stage.DECLINED, AT)
    risen = replace(failed, status=Status.PENDING, stage=Stage.SUBMITTED, version=3)
    await journal.commit(step(failed, risen))
    told = f"{failed.id}: went from FAILED/declined to PENDING/submitted"
    assert (5, told) in await found(database)


async def test_work_that_lies_about_is_found_and_only_after_a_while(
    database: Database, payments: list[Payment]
) -> None:
    await SqlLeases(database).acquire(["relay/1"], "gone", AT, 30, 1)
    assert await found(database) == []
    findings = await found(database, AT + timedelta(hours=1))
    later = {told for number, told in findings if number == 10}
    assert "relay/1 is held by somebody who is gone" in later
    assert f"{payments[11].id} waits to be asked about" in later
    assert sum("relayed" in told for told in later) == 20
    (lease,) = await SqlLeases(database).acquire(["relay/1"], "new", AT + timedelta(1), 30, 1)
    await SqlLeases(database).release(lease)
    await database.execute(update(tables.outbox_events).values(relayed=1))
    await database.execute(update(tables.upi_transactions).values(next_check_at=None))
    assert await found(database, AT + timedelta(days=9)) == []
