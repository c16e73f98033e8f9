"""The journal's writer on SQLite: one connection in a thread of its own."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from sikka.journal.changes import Insert, Lock, MissingHead, Step, Steps, Update, Verdicts
from sikka.journal.statements import bulk_update, statements
from sikka.journal.writer import Failure, Hook, WriteFailed, rejected

BUSY_TIMEOUT_S = 5.0
SESSION = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    f"PRAGMA busy_timeout = {int(BUSY_TIMEOUT_S * 1000)}",
)

_DUPLICATE = frozenset({"SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"})

_T = TypeVar("_T")


class SqliteWriter:
    """See `Writer`.

    Args:
        path: the database's file.
        hook: called at the labelled points, in the writer's thread.
    """

    def __init__(self, path: str, hook: Hook | None = None) -> None:
        self._path = path
        self._hook = hook
        self._thread = _thread()
        self._connection: sqlite3.Connection | None = None
        self._table = ""

    async def connect(self) -> None:
        await self._in_thread(self._connect)

    async def write(self, steps: Steps) -> Verdicts:
        return await self._in_thread(lambda: self._write(steps))

    async def has(self, table: str, key: str, value: str) -> bool:
        text = f'SELECT COUNT(*) FROM "{table}" WHERE "{key}" = ?'  # noqa: S608 - names of the schema
        return await self._in_thread(lambda: self._has(text, value))

    async def close(self) -> None:
        await self._in_thread(self._drop)
        self._thread.shutdown()
        self._thread = _thread()

    async def _in_thread(self, work: Callable[[], _T]) -> _T:
        # What the thread has begun it finishes, even when nobody waits any more: a transaction
        # cut short by a cancellation could not be told from one that was committed.
        return await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._thread, work))

    def _connect(self) -> None:
        self._drop()
        try:
            self._connection = sqlite3.connect(
                self._path, timeout=BUSY_TIMEOUT_S, isolation_level=None, cached_statements=512
            )
            for text in SESSION:
                self._connection.execute(text)
        except sqlite3.Error as error:
            self._drop()
            raise WriteFailed(Failure.AWAY, _reason(error)) from error

    def _write(self, steps: Steps) -> Verdicts:
        if self._connection is None:
            self._connect()
        connection = self._connection
        if connection is None:
            raise WriteFailed(Failure.AWAY, "no connection")
        try:
            connection.execute("BEGIN IMMEDIATE")
            verdicts = self._run(connection, steps)
        except BaseException as error:
            self._undo(connection)
            failed = self._failed(error)
            if failed is None:
                raise
            raise failed from error
        if all(verdicts):
            self._undo(connection)
        else:
            self._commit(connection, verdicts)
        return verdicts

    def _run(self, connection: sqlite3.Connection, steps: Steps) -> Verdicts:
        try:
            step = next(steps)
            while True:
                step = steps.send(self._execute(connection, step))
        except StopIteration as end:
            verdicts: Verdicts = end.value
            return verdicts

    def _execute(self, connection: sqlite3.Connection, step: Step) -> Sequence[Sequence[Any]]:
        self._table = step.rows.name
        rows: list[Sequence[Any]] = []
        if isinstance(step, Insert):
            # Binding row after row to one prepared statement is what SQLite does fastest.
            connection.executemany(step.rows.insert(1, "qmark"), step.rows.encode(step.values))
        elif isinstance(step, Update):
            connection.executemany(*bulk_update(step, "sqlite"))
        else:
            for text, parameters in statements(step, "sqlite"):
                cursor = connection.execute(text, parameters)
                if isinstance(step, Lock):
                    rows.extend(cursor.fetchall())
        self._table = ""
        return rows

    def _commit(self, connection: sqlite3.Connection, verdicts: Verdicts) -> None:
        if self._hook:
            self._hook("before_commit")
        try:
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            # An error of the disk leaves open what the file holds; reading it again tells.
            self._drop()
            raise WriteFailed(Failure.COMMIT_LOST, _reason(error), verdicts=verdicts) from error
        if self._hook:
            self._hook("after_commit")

    def _undo(self, connection: sqlite3.Connection) -> None:
        try:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        except sqlite3.Error:
            self._drop()

    def _failed(self, error: BaseException) -> WriteFailed | None:
        """What an error before the commit means to the journal; None for one it cannot judge."""
        if isinstance(error, WriteFailed):
            return error
        if isinstance(error, sqlite3.Error):
            return WriteFailed(_failure(error), _reason(error), self._table)
        if isinstance(error, MissingHead):
            return WriteFailed(Failure.AWAY, str(error), self._table)
        return rejected(error, self._table)

    def _has(self, text: str, value: str) -> bool:
        if self._connection is None:
            raise WriteFailed(Failure.AWAY, "no connection")
        try:
            (count,) = self._connection.execute(text, (value,)).fetchone()
        except sqlite3.Error as error:
            self._drop()
            raise WriteFailed(Failure.AWAY, _reason(error)) from error
        return bool(count)

    def _drop(self) -> None:
        # Closing rolls back what is not committed.
        if self._connection is not None:
            self._connection.close()
        self._connection = None


def _thread() -> ThreadPoolExecutor:
    # It starts with the first work that it is given.
    return ThreadPoolExecutor(1, thread_name_prefix="sikka-journal")


def _name(error: sqlite3.Error) -> str:
    return getattr(error, "sqlite_errorname", None) or type(error).__name__


def _failure(error: sqlite3.Error) -> Failure:
    name = _name(error)
    if name in _DUPLICATE:
        return Failure.DUPLICATE
    if name.startswith(("SQLITE_CONSTRAINT", "SQLITE_TOOBIG", "SQLITE_MISMATCH", "SQLITE_RANGE")):
        return Failure.REJECTED
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return Failure.CONTENDED
    return Failure.AWAY


def _reason(error: sqlite3.Error) -> str:
    return f"SQLite error {_name(error)}"
