"""The contenders of the bench of rows, on each database: sikka_rows, SQLAlchemy, nobody."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

import asyncmy
from sqlalchemy import CursorResult, create_engine, insert, make_url, select
from sqlalchemy.engine.interfaces import ExecuteStyle
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from benches.payment_rows import (
    PAYMENTS,
    SQL_PAYMENTS,
    as_mapping,
    dumps_text,
    loads,
    metadata,
)

IMV = "SQLAlchemy insertmanyvalues"
EXECUTEMANY = "SQLAlchemy executemany"
DATABASE = "the database alone"
BINARY = "sikka_rows, binary bulk"

Case = Callable[[], Awaitable[Any]]
Row = tuple[Any, ...]

_NAMES = ",".join(f"`{name}`" for name in PAYMENTS.columns)
_SELECT = f"SELECT {_NAMES} FROM payments ORDER BY id"
_T = SQL_PAYMENTS
# RETURNING is what makes SQLAlchemy use insertmanyvalues on MariaDB and on SQLite; without it,
# it calls the driver's executemany.
_INSERT = insert(_T)
_INSERT_RETURNING = _INSERT.returning(_T.c.id)
_SELECT_ALL = select(_T).order_by(_T.c.id)


def _check_insertmanyvalues(result: CursorResult[Any]) -> None:
    if result.context.execute_style is not ExecuteStyle.INSERTMANYVALUES:
        raise RuntimeError("SQLAlchemy did not use insertmanyvalues")


class Side(Protocol):
    """Everybody who writes and reads the same rows on one database."""

    rows: Sequence[Row]

    async def reset(self) -> None:
        """Take back what was written."""
        ...

    async def insertmanyvalues(self, page_size: int) -> None:
        """Let SQLAlchemy insert the rows, `page_size` a statement."""
        ...

    def writers(self, page_size: int) -> dict[str, Case]:
        """Who inserts the rows."""
        ...

    def readers(self) -> dict[str, Case]:
        """Who reads them."""
        ...

    async def stored(self, writer: str) -> list[Row]:
        """The rows that this writer has stored."""
        ...


class MariaDbSide:
    """See `Side`. Both sides write on the same connection, except for the binary protocol.

    asyncmy speaks it on connections that keep prepared statements, which would slow the others.
    """

    def __init__(self, rows: Sequence[Row], connection: AsyncConnection) -> None:
        self.rows = rows
        self._mappings = [as_mapping(row) for row in rows]
        (self._ready,) = PAYMENTS.insert_written(rows)
        self._connection = connection
        self._driver: Any = None
        self._cursor: Any = None
        self._binary: Any = None
        self._binary_cursor: Any = None

    @classmethod
    async def open(cls, url: str, rows: Sequence[Row]) -> MariaDbSide:
        """Connect to an empty database and make the table."""
        engine = create_async_engine(url, json_serializer=dumps_text, json_deserializer=loads)
        async with engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
        side = cls(rows, await engine.connect())
        side._driver = (await side._connection.get_raw_connection()).driver_connection
        side._cursor = side._driver.cursor()
        _, options = engine.dialect.create_connect_args(make_url(url))
        side._binary = await asyncmy.connect(**options, stmt_cache_size=32, autocommit=False)
        side._binary_cursor = side._binary.cursor()
        return side

    async def close(self) -> None:
        """End all connections."""
        await self._connection.close()
        await self._connection.engine.dispose()
        await self._binary.ensure_closed()

    async def reset(self) -> None:
        await self._connection.rollback()
        await self._driver.rollback()
        await self._binary.rollback()

    async def insertmanyvalues(self, page_size: int) -> None:
        options = {"insertmanyvalues_page_size": page_size}
        result = await self._connection.execute(
            _INSERT_RETURNING, self._mappings, execution_options=options
        )
        _check_insertmanyvalues(result)
        result.all()

    def writers(self, page_size: int) -> dict[str, Case]:
        return {
            "sikka_rows, written out": self._write_out,
            "sikka_rows, driver's parameters": self._write_parameters,
            BINARY: self._bind,
            IMV: lambda: self.insertmanyvalues(page_size),
            EXECUTEMANY: lambda: self._connection.execute(_INSERT, self._mappings),
            DATABASE: lambda: self._cursor.execute(self._ready),
        }

    def readers(self) -> dict[str, Case]:
        return {
            "sikka_rows": lambda: self._read(self._cursor),
            "SQLAlchemy": self._read_by_sqlalchemy,
            DATABASE: lambda: self._fetch(self._cursor),
        }

    async def stored(self, writer: str) -> list[Row]:
        return await self._read(self._binary_cursor if writer == BINARY else self._cursor)

    async def _write_out(self) -> None:
        for statement in PAYMENTS.insert_written(self.rows):
            await self._cursor.execute(statement)

    async def _write_parameters(self) -> None:
        text = PAYMENTS.insert(len(self.rows), "format")
        await self._cursor.execute(text, PAYMENTS.insert_parameters(self.rows))

    async def _bind(self) -> None:
        text = PAYMENTS.insert(1, "format")
        await self._binary_cursor.executemany(text, PAYMENTS.encode(self.rows))

    async def _fetch(self, cursor: Any) -> Sequence[Row]:
        await cursor.execute(_SELECT)
        rows: Sequence[Row] = await cursor.fetchall()
        return rows

    async def _read(self, cursor: Any) -> list[Row]:
        return PAYMENTS.decode(await self._fetch(cursor))

    async def _read_by_sqlalchemy(self) -> Sequence[Any]:
        return (await self._connection.execute(_SELECT_ALL)).all()


class SqliteSide:
    """See `Side`. Everybody uses one connection to a database in memory."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = rows
        self._mappings = [as_mapping(row) for row in rows]
        self._ready = PAYMENTS.insert_parameters(rows)
        self._engine = create_engine(
            "sqlite://", json_serializer=dumps_text, json_deserializer=loads
        )
        self._connection = self._engine.connect()
        metadata.create_all(self._connection)
        self._connection.commit()
        self._driver: Any = self._connection.connection.driver_connection

    def close(self) -> None:
        """End the connection."""
        self._connection.close()
        self._engine.dispose()

    async def reset(self) -> None:
        self._connection.rollback()
        self._driver.rollback()

    async def insertmanyvalues(self, page_size: int) -> None:
        options = {"insertmanyvalues_page_size": page_size}
        result = self._connection.execute(
            _INSERT_RETURNING, self._mappings, execution_options=options
        )
        _check_insertmanyvalues(result)
        result.all()

    def writers(self, page_size: int) -> dict[str, Case]:
        return {
            "sikka_rows, one statement": self._write_at_once,
            "sikka_rows, row by row": self._write_row_by_row,
            IMV: lambda: self.insertmanyvalues(page_size),
            EXECUTEMANY: self._executemany,
            DATABASE: self._write_ready,
        }

    def readers(self) -> dict[str, Case]:
        return {
            "sikka_rows": lambda: self.stored(""),
            "SQLAlchemy": self._read_by_sqlalchemy,
            DATABASE: self._fetch,
        }

    async def stored(self, writer: str) -> list[Row]:  # noqa: ARG002 - one connection for all
        return PAYMENTS.decode(await self._fetch())

    async def _write_at_once(self) -> None:
        text = PAYMENTS.insert(len(self.rows), "qmark")
        self._driver.execute(text, PAYMENTS.insert_parameters(self.rows))

    async def _write_row_by_row(self) -> None:
        self._driver.executemany(PAYMENTS.insert(1, "qmark"), PAYMENTS.encode(self.rows))

    async def _executemany(self) -> None:
        self._connection.execute(_INSERT, self._mappings)

    async def _write_ready(self) -> None:
        self._driver.execute(PAYMENTS.insert(len(self.rows), "qmark"), self._ready)

    async def _fetch(self) -> Sequence[Row]:
        rows: Sequence[Row] = self._driver.execute(_SELECT).fetchall()
        return rows

    async def _read_by_sqlalchemy(self) -> Sequence[Any]:
        return self._connection.execute(_SELECT_ALL).all()
