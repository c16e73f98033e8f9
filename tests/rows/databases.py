"""One table of every kind on a real SQLite and a real MariaDB, spoken to by their own drivers."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import TYPE_CHECKING, Any, Literal, Protocol

import asyncmy
from sqlalchemy import make_url

from sikka_rows import Table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

COLUMNS = (
    ("id", "text"),
    ("count", "int"),
    ("live", "bool"),
    ("amount", "money"),
    ("created_at", "time"),
    ("metadata", "json"),
    ("seal", "bytes"),
    ("key", "text"),
)

# The key is ASCII and the text column has a collation that is not the connection's, as in
# schemas that keep ids small and compare them byte by byte.
MARIADB_DDL = """
CREATE TABLE things (
    id CHAR(30) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    count BIGINT, live BOOLEAN, amount DECIMAL(15, 2), created_at DATETIME(6), metadata JSON,
    seal VARBINARY(200), `key` VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
) ENGINE=InnoDB
"""
SQLITE_DDL = """
CREATE TABLE things (
    id VARCHAR(30) NOT NULL PRIMARY KEY, count BIGINT, live BOOLEAN, amount NUMERIC(15, 2),
    created_at DATETIME, metadata JSON, seal BLOB, "key" VARCHAR(200)
)
"""


def things() -> Table:
    return Table("things", COLUMNS)


class Database(Protocol):
    """What the round trips ask of a database; both sides use the driver's plain cursor."""

    style: Literal["format", "qmark"]
    dialect: Literal["mysql", "sqlite"]

    def run(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]: ...

    def run_many(self, statement: str, rows: Sequence[Sequence[Any]]) -> None: ...


class Sqlite:
    style: Literal["format", "qmark"] = "qmark"
    dialect: Literal["mysql", "sqlite"] = "sqlite"

    def __init__(self, path: Path) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None)
        self.connection.execute(SQLITE_DDL)

    def run(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self.connection.execute(statement, parameters).fetchall()

    def run_many(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        self.connection.executemany(statement, rows)

    def close(self) -> None:
        self.connection.close()


class MariaDbSession:
    style: Literal["format", "qmark"] = "format"
    dialect: Literal["mysql", "sqlite"] = "mysql"

    def __init__(self, url: str, *, binds: bool = False) -> None:
        """A session; with `binds` one whose driver binds values in MariaDB's binary protocol."""
        where = make_url(url)
        self.url = url
        self._runner = asyncio.Runner()
        self._connection = self._runner.run(
            asyncmy.connect(
                host=where.host,
                port=where.port,
                user=where.username,
                db=where.database,
                charset="utf8mb4",
                autocommit=True,
                stmt_cache_size=8 if binds else 0,
            )
        )

    def make_things(self) -> None:
        """Create the table of every kind."""
        self.run(MARIADB_DDL)

    def set_up(self, *, sql_mode: str = "", names: str = "utf8mb4") -> None:
        """Give the session another sql_mode and other character sets."""
        self.run(f"SET SESSION sql_mode = '{sql_mode}'")
        self.run(f"SET NAMES {names}")

    def run(self, statement: str | bytes, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self._runner.run(self._run(statement, parameters))

    def run_many(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        self._runner.run(self._run_many(statement, rows))

    def close(self) -> None:
        self._connection.close()
        self._runner.close()

    async def _run(
        self, statement: str | bytes, parameters: Sequence[Any]
    ) -> list[tuple[Any, ...]]:
        async with self._connection.cursor() as cursor:
            await cursor.execute(statement, parameters or None)
            return list(await cursor.fetchall()) if cursor.description else []

    async def _run_many(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        async with self._connection.cursor() as cursor:
            await cursor.executemany(statement, rows)
