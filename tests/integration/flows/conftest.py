from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from sikka.journal.database import Database
from sikka.journal.fraud_policy import SqlFraudPolicy
from sikka.journal.journal import SqlJournal
from sikka.journal.migrate import upgrade
from sikka.journal.numbers import SqlReferenceNumbers
from sikka.journal.reader import SqlReader
from sikka.journal.store import SqlStore
from tests.integration.flows.world import FlowWorld


@asynccontextmanager
async def world_on(url: str) -> AsyncIterator[FlowWorld]:
    """The flows on a fresh database, with a merchant."""
    await upgrade(url)
    database = Database.open(url)
    journal = SqlJournal(database, lambda what, /, **facts: None)
    await journal.start()
    world = FlowWorld(
        journal,
        SqlStore(database, merchant_age_s=0.0),
        SqlReferenceNumbers(database),
        SqlReader(database),
        SqlFraudPolicy(database),
    )
    world.database = database
    await world.register()
    yield world
    await journal.stop()
    await database.close()


@pytest.fixture
async def world(sqlite_url: str) -> AsyncIterator[FlowWorld]:
    """The flows on a fresh SQLite file."""
    async with world_on(sqlite_url) as world:
        yield world


@pytest.fixture
async def either(database_url: str) -> AsyncIterator[FlowWorld]:
    """The flows once on SQLite and once on MariaDB."""
    async with world_on(database_url) as world:
        yield world
