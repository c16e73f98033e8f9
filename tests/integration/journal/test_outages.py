"""The database goes away and comes back; nothing is lost, doubled or guessed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from sikka.domain.errors import Unavailable
from sikka.journal import migrate, tables
from sikka.journal.database import Database
from sikka.journal.journal import SqlJournal
from sikka.journal.store import SqlStore
from tests.harness.mariadb import MariaDb
from tests.integration.journal.made import creation, payment_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.journal.conftest import Heard

DEADLINE_S = 60.0


@pytest.fixture
def server(server_directory: Path) -> Iterator[MariaDb]:
    server = MariaDb.start(server_directory / "outages")
    yield server
    server.stop()


@pytest.fixture
async def database(server: MariaDb) -> AsyncIterator[Database]:
    url = server.url(server.create_database())
    await migrate.upgrade(url)
    database = Database.open(url)
    yield database
    await database.close()


@pytest.mark.faults
async def test_a_restart_of_the_server_costs_errors_and_no_payment(
    server: MariaDb, database: Database, heard: Heard
) -> None:
    journal, store = SqlJournal(database, heard), SqlStore(database)
    await journal.start()
    before, after = creation(), creation()
    await journal.commit(before)
    await asyncio.to_thread(server.kill)
    lost = [creation() for _ in range(5)]
    told = await asyncio.wait_for(
        asyncio.gather(*map(journal.commit, lost), return_exceptions=True), DEADLINE_S
    )
    assert all(isinstance(each, Unavailable) for each in told)
    with pytest.raises(Unavailable):
        await store.upi_state(payment_of(before).id)
    await asyncio.to_thread(server.restart)
    await asyncio.wait_for(journal.commit(after), DEADLINE_S)
    for change in (before, after):
        state = await store.upi_state(payment_of(change).id)
        assert state is not None
        assert state.payment == payment_of(change)
    rows = await database.rows(select(func.count()).select_from(tables.payments))
    assert rows[0][0] == 2
    await journal.stop()


@pytest.mark.faults
async def test_a_server_that_stands_still_delays_and_loses_nothing(
    server: MariaDb, database: Database, heard: Heard
) -> None:
    journal = SqlJournal(database, heard)
    await journal.start()
    server.pause()
    tasks = [asyncio.create_task(journal.commit(creation())) for _ in range(10)]
    done, _ = await asyncio.wait(tasks, timeout=0.3)
    assert not done
    server.resume()
    await asyncio.wait_for(asyncio.gather(*tasks), DEADLINE_S)
    await journal.stop()


@pytest.mark.faults
async def test_a_frozen_writer_delays_another_and_fails_nobody(
    server: MariaDb, database: Database, heard: Heard
) -> None:
    frozen, working = SqlJournal(database, heard), SqlJournal(database, heard)
    await frozen.start()
    await working.start()
    change = creation(key="order-both")
    async with database.engine.connect() as holder:
        # Somebody stands still in a transaction that holds the audit head of this bucket.
        await holder.exec_driver_sql("START TRANSACTION")
        heads = tables.audit_heads.c
        query = select(heads.sequence).where(heads.bucket == change.bucket).with_for_update()
        await holder.execute(query)
        task = asyncio.create_task(working.commit(change))
        done, _ = await asyncio.wait([task], timeout=0.3)
        assert not done
        await holder.exec_driver_sql("ROLLBACK")
    await asyncio.wait_for(task, DEADLINE_S)
    await frozen.stop()
    await working.stop()
