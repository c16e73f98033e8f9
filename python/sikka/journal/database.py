"""One database: how to reach it for reading and for writing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import URL, Executable, Select, event, make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from sikka.domain.errors import ConfigurationError, Unavailable
from sikka.journal import mysql, sqlite
from sikka.journal.statements import Dialect
from sikka.journal.writer import Hook, Writer

Query = Select[*tuple[Any, ...]]

_DRIVERS: dict[str, Dialect] = {
    "mysql+asyncmy": "mysql",
    "mariadb+asyncmy": "mysql",
    "sqlite+aiosqlite": "sqlite",
}

# How long a connection may take to open, and a read to answer.
_OPTIONS: dict[Dialect, dict[str, Any]] = {
    "mysql": {"connect_timeout": 5, "read_timeout": 30},
    "sqlite": {},
}


_SNAPSHOT: dict[Dialect, tuple[str, ...]] = {
    "mysql": (
        "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
        "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
    ),
    "sqlite": ("BEGIN",),
}


class Snapshot:
    """One moment of the database; see `Database.snapshot`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def rows(self, statement: Query) -> Sequence[Sequence[Any]]:
        """The rows of a query, as the driver has them."""
        return (await self._connection.execute(statement)).fetchall()


class Database:
    """A database behind a pool of connections for reading; `writer` makes one for writing.

    Use `Database.open`; `close()` it in the end.
    """

    def __init__(self, url: URL, dialect: Dialect, engine: AsyncEngine) -> None:
        self.url = url
        self.dialect = dialect
        self.engine = engine

    @classmethod
    def open(cls, url: str, pool_size: int = 10) -> Database:
        """A database at an SQLAlchemy address; nothing is connected yet.

        Args:
            url: `sqlite+aiosqlite:///path`, or `mysql+asyncmy://user:password@host/database`.
            pool_size: how many connections may read at once.

        Raises:
            ConfigurationError: when the address names another driver, or a database in memory.
        """
        parsed = make_url(url)
        dialect = _DRIVERS.get(parsed.drivername)
        if dialect is None:
            raise ConfigurationError(
                message=f"database.url must begin with one of {', '.join(_DRIVERS)}",
                param="database.url",
            )
        if dialect == "sqlite" and parsed.database in (None, "", ":memory:"):
            raise ConfigurationError(message="database.url must name a file", param="database.url")
        # A read is one statement: without a transaction around it, it sees all that is committed
        # and costs one round trip.
        engine = create_async_engine(
            parsed,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=10.0,
            pool_pre_ping=False,
            pool_reset_on_return=None,
            isolation_level="AUTOCOMMIT",
            connect_args=_OPTIONS[dialect],
        )
        session = mysql.SESSION if dialect == "mysql" else sqlite.SESSION

        @event.listens_for(engine.sync_engine, "connect")
        def prepare(connection: Any, _record: Any) -> None:
            cursor = connection.cursor()
            for text in session:
                cursor.execute(text)
            cursor.close()

        return cls(parsed, dialect, engine)

    def writer(self, hook: Hook | None = None) -> Writer:
        """A connection of its own for the journal."""
        if self.dialect == "sqlite":
            return sqlite.SqliteWriter(str(self.url.database), hook)
        _, options = self.engine.dialect.create_connect_args(self.url)
        return mysql.MySqlWriter(options, hook)

    async def rows(
        self, statement: Query, parameters: Mapping[str, Any] | None = None
    ) -> Sequence[Sequence[Any]]:
        """The rows of a query, as the driver has them. A broken connection is replaced once.

        Raises:
            Unavailable: when the database cannot be read.
        """
        for is_last in (False, True):
            try:
                async with self.engine.connect() as connection:
                    result = await connection.execute(statement, parameters)
                    return result.fetchall()
            except DBAPIError as error:
                if is_last or not error.connection_invalidated:
                    raise _away(error) from error
            except (SQLAlchemyError, OSError, TimeoutError) as error:
                raise _away(error) from error
        raise AssertionError("unreachable")

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Snapshot]:
        """Several queries that all see the database at one moment, and hold nobody up.

        Raises:
            Unavailable: when the database cannot be read.
        """
        try:
            async with self.engine.connect() as connection:
                try:
                    for text in _SNAPSHOT[self.dialect]:
                        await connection.exec_driver_sql(text)
                    yield Snapshot(connection)
                    await connection.exec_driver_sql("ROLLBACK")
                except BaseException:
                    # The pool resets nothing: what is in a transaction must not go back to it.
                    await connection.invalidate()
                    raise
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            raise _away(error) from error

    async def execute(
        self, statement: Executable, parameters: Mapping[str, Any] | None = None
    ) -> int:
        """Run one statement that writes, as a transaction of its own; answer how many rows.

        Raises:
            IntegrityError: when a key is taken.
            Unavailable: when the database cannot do it, or its answer is lost.
        """
        try:
            async with self.engine.connect() as connection:
                result = await connection.execute(statement, parameters)
                return result.rowcount
        except IntegrityError:
            raise
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            raise _away(error) from error

    async def close(self) -> None:
        """Close the pool."""
        await self.engine.dispose()


def _away(error: BaseException) -> Unavailable:
    # The driver's own words may hold the values of a statement.
    cause = error.orig if isinstance(error, DBAPIError) else error
    code = cause.args[0] if cause is not None and cause.args else ""
    reason = f"{type(cause).__name__} {code if isinstance(code, int) else ''}".strip()
    return Unavailable(message=f"the database cannot answer: {reason}")
