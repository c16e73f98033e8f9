"""What the journal promises: all or nothing, each change for itself, on either database."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from sikka.domain.change import Amend, Change
from sikka.domain.errors import Conflict, Duplicate, Rejected, Unavailable
from sikka.domain.fraud.assessment import FraudAssessment
from sikka.domain.payment import Payment, Stage, Status, UpiTransaction
from sikka.domain.records import AuditRecord, Event, IdempotencyRecord
from sikka.journal import tables
from sikka.journal.database import Database
from sikka.journal.journal import Limits, SqlJournal
from sikka.journal.mapping import MAPPINGS
from sikka.journal.queries import one
from sikka.ports import Lease
from tests.integration.journal.made import AT, creation, made_audit, payment_of, step

if TYPE_CHECKING:
    from tests.integration.journal.conftest import Heard, OpenJournal

DEADLINE_S = 20.0


async def count(database: Database, table: Any) -> int:
    rows = await database.rows(select(func.count()).select_from(table))
    return int(rows[0][0])


async def stored(database: Database, record: Any) -> Any:
    mapping = MAPPINGS[type(record)]
    return await one(database, mapping, mapping.table.c.id == record.id)


async def outcomes(journal: SqlJournal, changes: list[Change]) -> list[BaseException | None]:
    """Commit at the same moment; what each change was told."""
    async with asyncio.timeout(DEADLINE_S):
        return list(await asyncio.gather(*map(journal.commit, changes), return_exceptions=True))


async def test_what_is_committed_is_read_back_as_it_was(
    journal: SqlJournal, database: Database
) -> None:
    change = creation()
    await journal.commit(change)
    kinds = [Payment, UpiTransaction, FraudAssessment, Event, IdempotencyRecord, AuditRecord]
    assert sorted(type(each).__name__ for each in change.inserts) == sorted(
        kind.__name__ for kind in kinds
    )
    for record in change.inserts:
        assert await stored(database, record) == record


async def test_what_is_committed_is_there_for_whoever_opens_the_database_later(
    journal: SqlJournal, database_url: str
) -> None:
    change = creation()
    await journal.commit(change)
    later = Database.open(database_url)
    assert await stored(later, payment_of(change)) == payment_of(change)
    await later.close()


async def test_a_stale_version_is_a_conflict_and_writes_nothing(
    journal: SqlJournal, database: Database
) -> None:
    first = payment_of(change := creation())
    await journal.commit(change)
    second = first.moved(Status.PENDING, Stage.SUBMITTED, AT)
    await journal.commit(step(first, second))
    late = step(first, first.moved(Status.FAILED, Stage.DECLINED, AT))
    with pytest.raises(Conflict, match="version"):
        await journal.commit(late)
    assert await stored(database, first) == second
    assert await count(database, tables.outbox_events) == 2
    assert await count(database, tables.audit_log) == 2


async def test_a_change_of_a_row_that_is_not_there_is_a_conflict(
    journal: SqlJournal, database: Database
) -> None:
    payment = payment_of(creation())
    with pytest.raises(Conflict):
        await journal.commit(step(payment, payment.moved(Status.PENDING, Stage.SUBMITTED, AT)))
    assert await count(database, tables.audit_log) == 0


async def test_of_two_changes_of_one_version_in_one_group_exactly_one_is_written(
    journal: SqlJournal, database: Database
) -> None:
    payment = payment_of(change := creation())
    await journal.commit(change)
    paid = step(payment, payment.moved(Status.PENDING, Stage.SUBMITTED, AT))
    failed = step(payment, payment.moved(Status.FAILED, Stage.DECLINED, AT))
    neighbour = creation()
    told = await outcomes(journal, [paid, failed, neighbour])
    assert told[0] is None
    assert isinstance(told[1], Conflict)
    assert told[2] is None
    assert (await stored(database, payment)).stage is Stage.SUBMITTED
    assert await count(database, tables.outbox_events) == 3


async def test_changes_of_one_row_in_one_group_see_each_other_in_order(
    journal: SqlJournal, database: Database, heard: Heard
) -> None:
    first = payment_of(created := creation())
    second = first.moved(Status.PENDING, Stage.SUBMITTED, AT)
    third = second.moved(Status.PENDING, Stage.NEEDS_ATTENTION, AT)
    fourth = third.moved(Status.FAILED, Stage.DECLINED, AT, failure_code="payment_declined")
    changes = [created, step(first, second), step(second, third), step(third, fourth)]
    assert await outcomes(journal, changes) == [None] * 4
    assert await stored(database, first) == fourth
    assert [facts["changes"] for facts in heard.of("journal.group")] == [4]


async def test_two_amends_of_one_row_in_one_change_add_up(
    journal: SqlJournal, database: Database
) -> None:
    payment = payment_of(created := creation())
    await journal.commit(created)
    amends = (
        Amend(Payment, payment.id, {"version": 1}, {"version": 2, "description": "x"}),
        Amend(Payment, payment.id, {"version": 2}, {"failure_code": "y"}),
    )
    await journal.commit(Change(payment.bucket, (made_audit(payment, "two"),), amends))
    expected = replace(payment, version=2, description="x", failure_code="y")
    assert await stored(database, payment) == expected


async def test_a_duplicate_in_the_middle_of_a_group_fails_alone(
    journal: SqlJournal, database: Database
) -> None:
    taken = creation()
    await journal.commit(taken)
    changes = [creation() for _ in range(100)]
    key = next(each for each in taken.inserts if isinstance(each, IdempotencyRecord))
    spoiled = tuple(
        replace(each, idempotency_key=key.idempotency_key)
        if isinstance(each, IdempotencyRecord)
        else each
        for each in changes[50].inserts
    )
    changes[50] = replace(changes[50], inserts=spoiled)
    told = await outcomes(journal, changes)
    duplicate = told.pop(50)
    assert isinstance(duplicate, Duplicate)
    assert duplicate.constraint == "idempotency_keys"
    assert told == [None] * 99
    assert await count(database, tables.payments) == 100
    assert await count(database, tables.audit_log) == 100
    assert await stored(database, payment_of(changes[50])) is None


async def test_of_two_equal_keys_in_one_group_the_first_wins(journal: SqlJournal) -> None:
    payment = payment_of(first := creation(key="order-twice"))
    second = creation(key="order-twice")
    assert payment.bucket == second.bucket
    told = await outcomes(journal, [creation(), first, second, creation()])
    assert told[0] is told[1] is told[3] is None
    assert isinstance(told[2], Duplicate)


async def test_a_merchants_reference_is_unique_to_the_merchant_alone(
    journal: SqlJournal,
) -> None:
    other = "mer_01KE7ZT9S30000000000000002"
    await journal.commit(creation(external_txn_id="INV-1"))
    await journal.commit(creation(external_txn_id="INV-1", merchant_id=other))
    with pytest.raises(Duplicate) as caught:
        await journal.commit(creation(external_txn_id="INV-1"))
    assert caught.value.constraint == "payments"


@pytest.mark.parametrize(
    "values",
    [
        {"captured_minor": 100, "refunded_minor": 200},
        {"captured_minor": 200_000},
        {"amount_minor": 12.5},
        {"created_at": "yesterday"},
        {"description": "half \ud83d"},
        {"description": "x" * 65_536},
        {"user_id": "u" * 65},
        {"failure_code": "é"},
        {"status": "MAYBE"},
        {"user_id": None},
        {"payment_method": None},
    ],
    ids="-".join,
)
async def test_a_value_that_the_schema_refuses_is_rejected_alone(
    journal: SqlJournal, database: Database, values: dict[str, Any]
) -> None:
    wrong = creation()
    broken = replace(payment_of(wrong), **values)
    inserts = tuple(broken if isinstance(each, Payment) else each for each in wrong.inserts)
    told = await outcomes(journal, [creation(), replace(wrong, inserts=inserts), creation()])
    assert told[0] is told[2] is None
    assert isinstance(told[1], Rejected)
    assert "payments" in str(told[1])
    assert await count(database, tables.payments) == 2
    assert await count(database, tables.outbox_events) == 2


async def test_an_orphan_is_rejected(journal: SqlJournal, database: Database) -> None:
    change = creation()
    orphans = tuple(each for each in change.inserts if not isinstance(each, Payment))
    with pytest.raises(Rejected):
        await journal.commit(replace(change, inserts=orphans))
    assert await count(database, tables.upi_transactions) == 0


async def test_what_no_table_holds_is_rejected_alone(journal: SqlJournal) -> None:
    change = creation()
    strange = replace(change, inserts=(*change.inserts, object()))
    unknown = Change(1, (), (Amend(Payment, "pay_1", {"colour": "red"}, {}),))
    told = await outcomes(journal, [creation(), strange, unknown, creation()])
    assert told[0] is told[3] is None
    assert isinstance(told[1], Rejected)
    assert isinstance(told[2], Rejected)


async def test_an_error_never_repeats_a_value(journal: SqlJournal) -> None:
    change = creation(external_txn_id="SECRET-1")
    await journal.commit(change)
    with pytest.raises(Duplicate) as caught:
        await journal.commit(creation(external_txn_id="SECRET-1"))
    assert "SECRET-1" not in f"{caught.value} {caught.value.__cause__}"


async def test_a_lost_lease_fences_the_write_off(journal: SqlJournal, database: Database) -> None:
    lease = Lease("relay/1", "worker-1", 1, AT)
    await journal.commit(Change(1, (lease,)))
    payment = payment_of(created := creation())
    await journal.commit(created)
    held = Amend(Lease, "relay/1", {"token": 1, "holder": "worker-1"}, {})
    second = payment.moved(Status.PENDING, Stage.SUBMITTED, AT)
    await journal.commit(step(payment, second, held))
    await journal.commit(Change(1, (), (Amend(Lease, "relay/1", {"token": 1}, {"token": 2}),)))
    third = second.moved(Status.FAILED, Stage.DECLINED, AT)
    with pytest.raises(Conflict, match="Lease"):
        await journal.commit(step(second, third, held))
    assert await stored(database, payment) == second


async def test_a_lone_change_is_written_at_once_and_the_waiting_ones_together(
    open_journal: OpenJournal, heard: Heard
) -> None:
    loop, entered = asyncio.get_running_loop(), asyncio.Event()

    def hold(point: str) -> None:
        if point == "before_commit":
            loop.call_soon_threadsafe(entered.set)

    journal = await open_journal(hook=hold)
    first = asyncio.create_task(journal.commit(creation()))
    await asyncio.wait_for(entered.wait(), DEADLINE_S)
    rest = [asyncio.create_task(journal.commit(creation())) for _ in range(40)]
    await asyncio.wait_for(asyncio.gather(first, *rest), DEADLINE_S)
    groups = [facts["changes"] for facts in heard.of("journal.group")]
    assert groups[0] == 1
    assert sum(groups) == 41
    assert len(groups) <= 3


async def test_a_group_is_bounded_by_number_and_by_bytes(
    open_journal: OpenJournal, heard: Heard
) -> None:
    journal = await open_journal(limits=Limits(group_changes=8, group_bytes=20_000))
    assert await outcomes(journal, [creation() for _ in range(20)]) == [None] * 20
    groups = [facts["changes"] for facts in heard.of("journal.group")]
    assert sum(groups) == 20
    # Six rows of about half a KiB each make some six changes of twenty thousand bytes.
    assert max(groups) <= 6


async def test_a_full_queue_refuses_at_once_and_forgets_nobody(
    open_journal: OpenJournal, database: Database
) -> None:
    journal = await open_journal(limits=Limits(queue_changes=5))
    told = await outcomes(journal, [creation() for _ in range(12)])
    refused = [each for each in told if each is not None]
    assert len(refused) == 7
    assert all(isinstance(each, Unavailable) for each in refused)
    assert await count(database, tables.payments) == 5


async def test_stopping_writes_what_waits_and_refuses_what_comes_after(
    open_journal: OpenJournal, database: Database
) -> None:
    journal = await open_journal(limits=Limits(group_changes=4))
    waiting = [asyncio.create_task(journal.commit(creation())) for _ in range(30)]
    await asyncio.sleep(0)
    await asyncio.wait_for(journal.stop(), DEADLINE_S)
    await asyncio.gather(*waiting)
    assert await count(database, tables.payments) == 30
    with pytest.raises(Unavailable, match="stopped"):
        await journal.commit(creation())


async def test_a_journal_that_was_never_started_takes_nothing(
    database: Database, heard: Heard
) -> None:
    with pytest.raises(Unavailable):
        await SqlJournal(database, heard).commit(creation())


async def test_a_cancelled_caller_harms_nobody_and_leaves_nothing_half(
    journal: SqlJournal, database: Database
) -> None:
    changes = [creation() for _ in range(30)]
    tasks = [asyncio.create_task(journal.commit(change)) for change in changes]
    await asyncio.sleep(0)
    for task in tasks[::3]:
        task.cancel()
    told = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), DEADLINE_S)
    for place, (change, outcome) in enumerate(zip(changes, told, strict=True)):
        is_there = [await stored(database, record) is not None for record in change.inserts]
        assert len(set(is_there)) == 1
        if place % 3:
            assert outcome is None
            assert is_there[0]
        else:
            assert isinstance(outcome, asyncio.CancelledError)
