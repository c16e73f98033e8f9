"""The journal's writer on MySQL and MariaDB: one connection of asyncmy."""

from __future__ import annotations

import asyncio
import contextlib
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import asyncmy
from asyncmy import errors

from sikka.journal.changes import (
    AddBalances,
    Insert,
    Lock,
    MissingHead,
    Step,
    Steps,
    Update,
    Verdicts,
)
from sikka.journal.statements import ADD, bulk_insert, bulk_update, statements
from sikka.journal.writer import Failure, Hook, WriteFailed, rejected
from sikka_rows import written

# How long a statement waits for a row that another transaction holds.
LOCK_WAIT_S = 5
# How long the server lets a transaction of a frozen process hold its locks.
IDLE_TRANSACTION_S = 30
# How long an answer may take before the connection counts as lost.
ANSWER_TIMEOUT_S = 30
CONNECT_TIMEOUT_S = 10
# Up to how many rows a statement travels together with others.
FEW_ROWS = 32
# Inserts differ in which of their columns hold anything.
STATEMENTS_KEPT = 128

SESSION = (
    "SET NAMES utf8mb4 COLLATE utf8mb4_bin",
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
    "SET SESSION time_zone = '+00:00'",
    "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE'",
)
_WRITER_SESSION = (*SESSION, f"SET SESSION innodb_lock_wait_timeout = {LOCK_WAIT_S}")
_MARIADB_SESSION = (f"SET SESSION idle_write_transaction_timeout = {IDLE_TRANSACTION_S}",)

# Codes of the server's manual, "Server Error Message Reference".
_DUPLICATE = frozenset({1062, 1169, 1586})
_CONTENDED = frozenset({1205, 1213, 1020, 3572})
# Constraint and value errors: null, range, length, foreign key, CHECK, JSON, charset.
_REJECTED = frozenset(
    {1048, 1054, 1136, 1146, 1216, 1217, 1263, 1264, 1265, 1292, 1364, 1366, 1406, 1411, 1451,
     1452, 1690, 3140, 3819, 4025, 1153, 1301}
)  # fmt: skip


# What a connection raises when it breaks: the driver's own errors, and those of the transport.
_LOST = (errors.MySQLError, OSError, EOFError, TimeoutError, RuntimeError)


class MySqlWriter:
    """See `Writer`.

    A user-level lock named after the writer belongs to its connection. The server gives it free
    when that connection's session has ended, its transaction committed or rolled back; so who
    holds the lock knows that no former session can commit any more.

    Args:
        options: what `asyncmy.connect` takes to reach the database.
        hook: called at the labelled points.
    """

    def __init__(self, options: Mapping[str, Any], hook: Hook | None = None) -> None:
        self._options = dict(options)
        self._hook = hook
        self._name = f"sikka-journal-{uuid.uuid4().hex}"
        self._connection: Any = None
        self._cursor: Any = None
        self._table = ""
        self._binds_many = False

    async def connect(self) -> None:
        self._drop()
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await self._open()
        except _LOST as error:
            self._drop()
            raise WriteFailed(Failure.AWAY, _reason(error)) from error
        except BaseException:
            self._drop()
            raise

    async def _open(self) -> None:
        self._connection = await asyncmy.connect(
            **self._options,
            autocommit=False,
            read_timeout=ANSWER_TIMEOUT_S,
            stmt_cache_size=STATEMENTS_KEPT,
        )
        self._cursor = self._connection.cursor()
        session: tuple[str, ...] = _WRITER_SESSION
        # MariaDB binds many rows to one prepared statement; MySQL gets one long text instead.
        self._binds_many = "MariaDB" in self._connection.get_server_info()
        if self._binds_many:
            session += _MARIADB_SESSION
        for text in session:
            await self._cursor.execute(text)
        holder = await self._value("SELECT IS_USED_LOCK(%s)", self._name)
        if holder is not None:
            # It may be gone by the time we ask for its end.
            with contextlib.suppress(errors.OperationalError):
                await self._cursor.execute(f"KILL {int(holder)}")
        if await self._value("SELECT GET_LOCK(%s, %s)", self._name, CONNECT_TIMEOUT_S) != 1:
            raise TimeoutError("a former session of this writer does not end")
        await self._connection.rollback()

    async def write(self, steps: Steps) -> Verdicts:
        if self._connection is None:
            await self.connect()
        try:
            verdicts = await self._run(steps)
        except BaseException as error:
            await self._undo(error)
            failed = self._failed(error)
            if failed is None:
                raise
            raise failed from error
        if all(verdicts):
            await self._undo(None)
            return verdicts
        await self._commit(verdicts)
        return verdicts

    async def _run(self, steps: Steps) -> Verdicts:
        """Run the steps in as few round trips as their answers allow.

        Between two round trips the event loop serves requests, so a small group waits for them
        far longer than for the server: its statements travel together, up to the next one whose
        rows decide what follows. Many rows travel better by themselves, bound in binary form.
        """
        together: list[Step] = []
        try:
            step = next(steps)
            while True:
                rows: Sequence[Sequence[Any]] = ()
                if isinstance(step, Lock):
                    rows = await self._send([*together, step])
                    together = []
                elif self._binds_many and len(step.values) > FEW_ROWS:
                    await self._send(together)
                    together = []
                    await self._bind(step)
                else:
                    together.append(step)
                step = steps.send(rows)
        except StopIteration as end:
            await self._send(together)
            verdicts: Verdicts = end.value
            return verdicts

    async def _bind(self, step: Insert | AddBalances | Update) -> None:
        self._table = step.rows.name
        text, values = bulk_update(step, "mysql") if isinstance(step, Update) else bulk_insert(step)
        await self._cursor.executemany(text, values)
        self._table = ""

    async def _send(self, steps: Sequence[Step]) -> Sequence[Sequence[Any]]:
        """Send the statements of all steps at once; answer the rows that they read."""
        cursor = self._cursor
        tables, texts = [], []
        for step in steps:
            self._table = step.rows.name
            # Written out: to prepare a text that is used once costs more than it saves.
            for text in _written(step, self._binds_many):
                tables.append(step.rows.name)
                texts.append(text)
        rows: list[Sequence[Any]] = []
        for position, table in enumerate(tables):
            self._table = table
            if position == 0:
                await cursor.execute(b";".join(texts))
            else:
                await cursor.nextset()
            if cursor.description is not None:
                rows.extend(await cursor.fetchall())
        self._table = ""
        return rows

    async def _commit(self, verdicts: Verdicts) -> None:
        if self._hook:
            self._hook("before_commit")
        try:
            await self._connection.commit()
        except _LOST as error:
            self._drop()
            raise WriteFailed(Failure.COMMIT_LOST, _reason(error), verdicts=verdicts) from error
        except BaseException:
            self._drop()
            raise
        if self._hook:
            self._hook("after_commit")

    async def _undo(self, error: BaseException | None) -> None:
        """Roll back, or drop the connection when its state is not certain."""
        if isinstance(error, asyncio.CancelledError) or self._connection is None:
            self._drop()
            return
        try:
            await self._connection.rollback()
        except BaseException as second:
            self._drop()
            if not isinstance(second, _LOST):
                raise

    def _failed(self, error: BaseException) -> WriteFailed | None:
        """What an error before the commit means to the journal; None for one it cannot judge."""
        if isinstance(error, WriteFailed):
            return error
        table = self._table
        if isinstance(error, errors.MySQLError):
            return WriteFailed(_failure(_code(error)), _reason(error), table)
        if isinstance(error, MissingHead):
            return WriteFailed(Failure.AWAY, str(error), table)
        if isinstance(error, _LOST):
            return WriteFailed(Failure.AWAY, _reason(error), table)
        return rejected(error, table)

    async def has(self, table: str, key: str, value: str) -> bool:
        try:
            text = f"SELECT COUNT(*) FROM `{table}` WHERE `{key}` = %s"  # noqa: S608 - names of the schema
            found = await self._value(text, value)
            await self._connection.rollback()
        except _LOST as error:
            self._drop()
            raise WriteFailed(Failure.AWAY, _reason(error)) from error
        return bool(found)

    async def close(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(*_LOST):
                await self._connection.ensure_closed()
        self._drop()

    async def _value(self, text: str, *parameters: Any) -> Any:
        await self._cursor.execute(text, parameters)
        (row,) = await self._cursor.fetchall()
        return row[0]

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = self._cursor = None


def _written(step: Step, one_by_one: bool) -> Iterator[bytes]:
    """The statements of a step, their values written out.

    Few rows are updated one by one: to join them with a list of new values, the server would
    build a table first.
    """
    if isinstance(step, Insert):
        yield from step.rows.insert_written(step.values)
    elif isinstance(step, AddBalances):
        yield from step.rows.insert_written(step.values, ADD["mysql"])
    elif isinstance(step, Update) and one_by_one:
        text, rows = bulk_update(step, "mysql")
        for row in rows:
            yield written(text, row)
    else:
        for text, parameters in statements(step, "mysql"):
            yield written(text, parameters)


def _code(error: errors.MySQLError) -> int:
    code = error.args[0] if error.args else 0
    return code if isinstance(code, int) else 0


def _failure(code: int) -> Failure:
    if code in _DUPLICATE:
        return Failure.DUPLICATE
    if code in _REJECTED:
        return Failure.REJECTED
    return Failure.CONTENDED if code in _CONTENDED else Failure.AWAY


def _reason(error: BaseException) -> str:
    """The kind of error without the values that the server repeats in its message."""
    if isinstance(error, errors.MySQLError):
        message = str(error.args[1]) if len(error.args) > 1 else ""
        named = re.search(r"for key '([A-Za-z0-9_.]+)'|CONSTRAINT `([A-Za-z0-9_.]+)`", message)
        suffix = f" on {named[1] or named[2]}" if named else ""
        return f"MySQL error {_code(error)}{suffix}"
    return type(error).__name__
