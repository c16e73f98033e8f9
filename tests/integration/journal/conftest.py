"""A migrated database, and journals on it, once on SQLite and once on MariaDB."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from sikka.journal import migrate
from sikka.journal.database import Database
from sikka.journal.journal import SqlJournal

OpenJournal = Callable[..., Awaitable[SqlJournal]]


class Heard:
    """An observer that remembers."""

    def __init__(self) -> None:
        self.facts: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, what: str, /, **facts: Any) -> None:
        self.facts.append((what, facts))

    def of(self, what: str) -> list[dict[str, Any]]:
        return [facts for name, facts in self.facts if name == what]


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    await migrate.upgrade(database_url)
    database = Database.open(database_url)
    yield database
    await database.close()


@pytest.fixture
async def open_journal(database: Database, heard: Heard) -> AsyncIterator[OpenJournal]:
    """Starts journals, stopped in the end; takes what `SqlJournal` takes by keyword."""
    async with AsyncExitStack() as stack:

        async def open_(on: Database = database, **options: Any) -> SqlJournal:
            journal = SqlJournal(on, heard, **options)
            await journal.start()
            stack.push_async_callback(journal.stop)
            return journal

        yield open_


@pytest.fixture
async def journal(open_journal: OpenJournal) -> SqlJournal:
    return await open_journal()
