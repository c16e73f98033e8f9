from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from sikka.journal.database import Database
from sikka.journal.fraud_policy import SqlFraudPolicy
from sikka.journal.journal import SqlJournal
from sikka.journal.migrate import upgrade
from sikka.journal.numbers import SqlReferenceNumbers
from sikka.journal.reader import SqlReader
from sikka.journal.store import SqlStore
from tests.integration.flows.world import FlowWorld


@pytest.fixture
async def world(sqlite_url: str) -> AsyncIterator[FlowWorld]:
    """The flows on a fresh SQLite file, with a merchant."""
    await upgrade(sqlite_url)
    database = Database.open(sqlite_url)
    journal = SqlJournal(database, lambda what, /, **facts: None)
    await journal.start()
    world = FlowWorld(
        journal,
        SqlStore(database, merchant_age_s=0.0),
        SqlReferenceNumbers(database),
        SqlReader(database),
        SqlFraudPolicy(database),
    )
    await world.register()
    yield world
    await journal.stop()
    await database.close()
