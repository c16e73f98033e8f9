"""A migrated database, and journals on it, once on SQLite and once on MariaDB."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from sikka.journal import migrate
from sikka.journal.database import Database
from sikka.journal.journal import SqlJournal
from sikka.journal.tables import metadata
from tests.harness.mariadb import MariaDb

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


# Between two tests: every row away, and the rows that the migrations make as they make them.
CLEAR = "; ".join(
    (
        "SET FOREIGN_KEY_CHECKS = 0",
        *(f"DELETE FROM {table}" for table in metadata.tables),
        "INSERT INTO audit_heads SELECT seq, 0, REPEAT('0', 64) FROM seq_0_to_4095",
        "INSERT INTO fraud_revisions VALUES ('fraud', 1)",
    )
)


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file to copy."""
    path = tmp_path_factory.mktemp("migrated") / "sikka.db"
    asyncio.run(migrate.upgrade(f"sqlite+aiosqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def migrated_mariadb(mariadb_server: MariaDb) -> str:
    """The name of a migrated database for one test after the other."""
    name = mariadb_server.create_database()
    asyncio.run(migrate.upgrade(mariadb_server.url(name)))
    return name


@pytest.fixture
def sqlite_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    """The address of a fresh, migrated file."""
    path = shutil.copy(migrated_sqlite, tmp_path / "sikka.db")
    return f"sqlite+aiosqlite:///{path}"


@pytest.fixture
def mariadb_url(mariadb_server: MariaDb, migrated_mariadb: str) -> str:
    """The address of a migrated database with nothing in it."""
    mariadb_server.execute(f"USE {migrated_mariadb}; {CLEAR}")
    return mariadb_server.url(migrated_mariadb)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
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
