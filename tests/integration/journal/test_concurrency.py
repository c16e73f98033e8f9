"""Several journals on one database wait for each other, and never in a ring."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from sikka.domain.change import Change
from sikka.domain.errors import Conflict
from sikka.domain.payment import Stage, Status
from sikka.journal import tables
from sikka.journal.audit import verify_audit
from sikka.journal.journal import Limits
from sikka.journal.reader import SqlReader
from tests.integration.journal.made import AT, creation, payment_of, step, success

if TYPE_CHECKING:
    from sikka.journal.database import Database
    from tests.integration.journal.conftest import Heard, OpenJournal

DEADLINE_S = 60.0
JOURNALS = 3


async def test_journals_that_book_on_the_same_accounts_all_succeed(
    open_journal: OpenJournal, database: Database, heard: Heard
) -> None:
    journals = [await open_journal(limits=Limits(group_changes=16)) for _ in range(JOURNALS)]
    created = [creation() for _ in range(60 * JOURNALS)]

    async def live(place: int, change: Change) -> None:
        await journals[place % JOURNALS].commit(change)
        await journals[(place + 1) % JOURNALS].commit(success(payment_of(change)))

    lives = [live(place, change) for place, change in enumerate(created)]
    await asyncio.wait_for(asyncio.gather(*lives), DEADLINE_S)
    rows = await database.rows(
        select(func.count()).where(tables.payments.c.status == Status.SUCCESS)
    )
    assert rows[0][0] == len(created)
    assert heard.of("journal.failed") == []
    balances = await SqlReader(database).trial_balance(livemode=False)
    assert sum(each.debits_minor for each in balances) == 129_900 * len(created)
    assert sum(each.credits_minor for each in balances) == 129_900 * len(created)
    report = await verify_audit(database)
    assert report.holds
    assert report.lines == 2 * len(created)


async def test_of_journals_that_race_for_one_version_one_wins(
    open_journal: OpenJournal, database: Database
) -> None:
    journals = [await open_journal() for _ in range(JOURNALS)]
    payments = []
    for _ in range(20):
        change = creation()
        await journals[0].commit(change)
        payments.append(payment_of(change))
    races = [
        journal.commit(step(payment, payment.moved(Status.PENDING, Stage.SUBMITTED, AT)))
        for payment in payments
        for journal in journals
    ]
    told = await asyncio.wait_for(asyncio.gather(*races, return_exceptions=True), DEADLINE_S)
    for place in range(len(payments)):
        race = told[place * JOURNALS : (place + 1) * JOURNALS]
        assert [type(each) for each in race if each] == [Conflict] * (JOURNALS - 1)
    rows = await database.rows(select(func.count()).select_from(tables.outbox_events))
    assert rows[0][0] == 2 * len(payments)
