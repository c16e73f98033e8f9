"""A commit whose answer is lost is looked up, and never guessed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, make_url, select, text

from sikka.domain.errors import CommitUnknown, Conflict
from sikka.domain.payment import Stage, Status
from sikka.journal import tables
from sikka.journal.database import Database
from sikka.journal.journal import Limits, SqlJournal
from sikka.journal.store import SqlStore
from tests.integration.journal.made import AT, creation, payment_of, step
from tests.integration.journal.proxy import Cut, Proxy, through

if TYPE_CHECKING:
    from tests.integration.journal.conftest import Heard

DEADLINE_S = 30.0


@pytest.fixture
async def database(mariadb_url: str) -> AsyncIterator[Database]:
    database = Database.open(mariadb_url)
    yield database
    await database.close()


@pytest.fixture
async def proxy(mariadb_url: str) -> AsyncIterator[tuple[Proxy, str]]:
    url = make_url(mariadb_url)
    proxy = Proxy(str(url.host), int(url.port or 0))
    async with proxy.listening() as port:
        yield proxy, through(mariadb_url, port)


@pytest.fixture
async def journal(proxy: tuple[Proxy, str], heard: Heard) -> AsyncIterator[SqlJournal]:
    behind = Database.open(proxy[1])
    journal = SqlJournal(behind, heard, Limits(settle_s=5.0))
    await journal.start()
    yield journal
    await journal.stop()
    await behind.close()


async def count(database: Database, table: Any) -> int:
    rows = await database.rows(select(func.count()).select_from(table))
    return int(rows[0][0])


async def test_a_commit_that_was_done_and_not_answered_is_a_success_and_done_once(
    journal: SqlJournal, proxy: tuple[Proxy, str], database: Database, heard: Heard
) -> None:
    proxy[0].cut = Cut.ANSWER
    changes = [creation() for _ in range(20)]
    await asyncio.wait_for(asyncio.gather(*map(journal.commit, changes)), DEADLINE_S)
    assert proxy[0].cuts == 1
    assert [facts["found"] for facts in heard.of("journal.settled")] == [True]
    assert await count(database, tables.payments) == 20
    assert await count(database, tables.audit_log) == 20
    await journal.commit(creation())


async def test_the_verdicts_of_a_lost_commit_are_told_all_the_same(
    journal: SqlJournal, proxy: tuple[Proxy, str], database: Database
) -> None:
    first = payment_of(created := creation())
    await journal.commit(created)
    second = first.moved(Status.PENDING, Stage.SUBMITTED, AT)
    other = first.moved(Status.FAILED, Stage.DECLINED, AT)
    proxy[0].cut = Cut.ANSWER
    told = await asyncio.wait_for(
        asyncio.gather(
            *map(journal.commit, [step(first, second), step(first, other)]),
            return_exceptions=True,
        ),
        DEADLINE_S,
    )
    assert told[0] is None
    assert isinstance(told[1], Conflict)
    state = await SqlStore(database).upi_state(first.id)
    assert state is not None
    assert state.payment == second


async def test_a_connection_that_ends_before_the_commit_is_tried_again_and_done_once(
    journal: SqlJournal, proxy: tuple[Proxy, str], database: Database, heard: Heard
) -> None:
    proxy[0].cut = Cut.BEFORE
    changes = [creation() for _ in range(20)]
    await asyncio.wait_for(asyncio.gather(*map(journal.commit, changes)), DEADLINE_S)
    assert proxy[0].cuts == 1
    assert [facts["found"] for facts in heard.of("journal.settled")] == [False]
    assert await count(database, tables.payments) == 20


async def test_a_commit_that_is_still_at_work_is_ended_before_it_counts_as_absent(
    journal: SqlJournal, proxy: tuple[Proxy, str], database: Database
) -> None:
    proxy[0].cut = Cut.HANG
    async with database.engine.connect() as holder:
        # In this stage of a backup the server takes commits and does not get on with them.
        for stage in ("START", "FLUSH", "BLOCK_DDL", "BLOCK_COMMIT"):
            await holder.execute(text(f"BACKUP STAGE {stage}"))
        task = asyncio.create_task(journal.commit(creation()))
        await asyncio.wait_for(proxy[0].seen(2), DEADLINE_S)
        # The former session has been ended, and the second commit waits for the lock.
        assert not task.done()
        await holder.execute(text("BACKUP STAGE END"))
    await asyncio.wait_for(task, DEADLINE_S)
    assert await count(database, tables.payments) == 1
    assert await count(database, tables.audit_log) == 1


async def test_a_commit_that_cannot_be_looked_up_is_unknown(
    proxy: tuple[Proxy, str], database: Database, heard: Heard
) -> None:
    behind = Database.open(proxy[1])
    journal = SqlJournal(behind, heard, Limits(settle_s=0.3))
    await journal.start()
    proxy[0].cut = Cut.ANSWER
    proxy[0].is_open = False
    with pytest.raises(CommitUnknown):
        await asyncio.wait_for(journal.commit(creation()), DEADLINE_S)
    proxy[0].is_open = True
    await asyncio.wait_for(journal.commit(creation()), DEADLINE_S)
    await journal.stop()
    await behind.close()
    assert await count(database, tables.payments) == 2
