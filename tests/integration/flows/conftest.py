from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

import pytest

from sikka.journal.database import Database
from sikka.journal.fraud.policy import SqlFraudPolicy
from sikka.journal.invariants import check_invariants
from sikka.journal.journal import SqlJournal
from sikka.journal.migrate import upgrade
from sikka.journal.numbers import SqlReferenceNumbers
from sikka.journal.reader import SqlReader
from sikka.journal.review_reads import SqlReviews
from sikka.journal.store import SqlStore
from tests.integration.flows.world import FlowWorld


@asynccontextmanager
async def world_on(url: str) -> AsyncIterator[FlowWorld]:
    """The flows on a fresh database, with a merchant."""
    await upgrade(url)
    async with AsyncExitStack() as stack:
        database = Database.open(url)
        stack.push_async_callback(database.close)
        journal = SqlJournal(database, lambda what, /, **facts: None)
        await journal.start()
        stack.push_async_callback(journal.stop)
        world = FlowWorld(
            database,
            journal,
            SqlStore(database, merchant_age_s=0.0),
            SqlReviews(database),
            SqlReferenceNumbers(database),
            SqlReader(database),
            SqlFraudPolicy(database),
        )
        await world.register()
        yield world


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


@pytest.fixture
async def proved(database_url: str) -> AsyncIterator[FlowWorld]:
    """The flows on either database; afterwards no invariant is broken."""
    async with world_on(database_url) as world:
        yield world
        # Nobody works on the backlog here.
        backlog = timedelta(days=365)
        assert await check_invariants(world.database, world.clock.now(), backlog) == []


@pytest.fixture
async def rival(proved: FlowWorld) -> AsyncIterator[FlowWorld]:
    """The same house once more, as another process would have it: a journal of its own."""
    journal = SqlJournal(proved.database, lambda what, /, **facts: None)
    await journal.start()
    yield proved.beside(journal)
    await journal.stop()
