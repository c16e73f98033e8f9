"""Group commit: changes that wait at the same moment share one transaction."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from sikka.domain.change import Change
from sikka.domain.errors import (
    CommitUnknown,
    Conflict,
    Duplicate,
    JournalError,
    Rejected,
    Unavailable,
)
from sikka.domain.records import Event, IdempotencyRecord
from sikka.journal.changes import group_steps
from sikka.journal.database import Database
from sikka.journal.mapping import mapping_of
from sikka.journal.writer import Failure, Hook, WriteFailed, Writer
from sikka.ports import Observer

_SETTLE_INTERVAL_S = 0.05


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of the journal.

    Args:
        group_changes: the most changes of one transaction.
        group_bytes: the most bytes of one transaction, roughly.
        queue_changes: the most changes that wait; more are refused at once.
        attempts: how often a group is tried when other transactions are in its way.
        settle_s: how long a lost commit is looked up before it is called unknown.
    """

    group_changes: int = 256
    group_bytes: int = 4 * 1024 * 1024
    queue_changes: int = 10_000
    attempts: int = 8
    settle_s: float = 30.0


class _Waiting:
    """A change, and the future of whoever waits for it."""

    __slots__ = ("change", "done", "size")

    def __init__(self, change: Change, done: asyncio.Future[None]) -> None:
        self.change = change
        self.done = done
        self.size = _size(change)


class SqlJournal:
    """The `Journal` on a database; one writer task that takes what is waiting.

    Args:
        database: where to write.
        observe: hears `journal.group` (changes, duration_s, queued) after every group,
            `journal.failed` (failure, changes) for a group that was not written, and
            `journal.settled` (found, changes) when a lost commit was looked up.
        limits: bounds.
        hook: called at labelled points of every transaction; for tests of faults.
    """

    def __init__(
        self,
        database: Database,
        observe: Observer,
        limits: Limits | None = None,
        hook: Hook | None = None,
    ) -> None:
        self._writer: Writer = database.writer(hook)
        self._observe = observe
        self._limits = limits or Limits()
        self._waiting: deque[_Waiting] = deque()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._stopping = False

    @property
    def is_running(self) -> bool:
        """Whether changes are taken: it was started, and is neither stopping nor broken."""
        return self._task is not None and not self._task.done() and not self._stopping

    async def start(self) -> None:
        """Connect and begin to write.

        Raises:
            Unavailable: when the database cannot be reached.
        """
        try:
            await self._writer.connect()
        except WriteFailed as error:
            raise _error(error) from error
        self._stopping = False
        self._task = asyncio.create_task(self._run(), name="journal")

    async def stop(self) -> None:
        """Write what is waiting, refuse what comes after, and close the connection."""
        self._stopping = True
        self._wake.set()
        if self._task is not None:
            task, self._task = self._task, None
            await task
            await self._writer.close()

    async def commit(self, change: Change) -> None:
        if self._task is None or self._stopping:
            raise Unavailable(message="the journal is stopped")
        if len(self._waiting) >= self._limits.queue_changes:
            raise Unavailable(message="too many changes are waiting to be written")
        waiting = _Waiting(change, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._wake.set()
        await waiting.done

    async def _run(self) -> None:
        group: list[_Waiting] = []
        try:
            while True:
                group = self._take()
                if group:
                    await self._write(group)
                elif self._stopping:
                    return
                else:
                    self._wake.clear()
                    await self._wake.wait()
        except BaseException:
            # A bug or the end of the loop: nobody may wait for ever, and nobody is told more
            # than is known. What was in the transaction may or may not be written.
            self._stopping = True
            _answer(group, [CommitUnknown(message="the journal ended while writing")] * len(group))
            rest = list(self._waiting)
            self._waiting.clear()
            _answer(rest, [Unavailable(message="the journal has ended")] * len(rest))
            raise

    def _take(self) -> list[_Waiting]:
        """The next group: what waits, in order, without what nobody waits for any more."""
        group: list[_Waiting] = []
        size = 0
        while self._waiting and len(group) < self._limits.group_changes:
            first = self._waiting[0]
            if first.done.done():
                self._waiting.popleft()
                continue
            if group and size + first.size > self._limits.group_bytes:
                break
            size += first.size
            group.append(self._waiting.popleft())
        return group

    async def _write(self, group: Sequence[_Waiting]) -> None:
        """Write a group and answer everybody in it; split it while some change spoils it."""
        try:
            verdicts = await self._written([each.change for each in group])
        except WriteFailed as error:
            if error.failure in (Failure.DUPLICATE, Failure.REJECTED) and len(group) > 1:
                middle = len(group) // 2
                await self._write(group[:middle])
                await self._write(group[middle:])
                return
            self._observe("journal.failed", failure=error.failure.name, changes=len(group))
            _answer(group, [_error(error) for _ in group])
        else:
            _answer(group, verdicts)

    async def _written(self, changes: Sequence[Change]) -> Sequence[Conflict | None]:
        """Write a group as one transaction, again where that is safe and may help."""
        reconnected = False
        attempt = 1
        while True:
            started_s = time.perf_counter()
            try:
                verdicts = await self._writer.write(group_steps(changes))
            except WriteFailed as error:
                if error.failure is Failure.CONTENDED and attempt < self._limits.attempts:
                    attempt += 1
                    continue
                if error.failure is Failure.COMMIT_LOST and await self._found(changes, error):
                    return error.verdicts
                # Here the group is not written, and no former connection can write it.
                if error.failure not in (Failure.AWAY, Failure.COMMIT_LOST) or reconnected:
                    raise
                reconnected = True
                await self._writer.connect()
            else:
                duration_s = time.perf_counter() - started_s
                self._observe(
                    "journal.group",
                    changes=len(changes),
                    duration_s=duration_s,
                    queued=len(self._waiting),
                )
                return verdicts

    async def _found(self, changes: Sequence[Change], lost: WriteFailed) -> bool:
        """Whether a group whose commit was not answered is in the database.

        Raises:
            WriteFailed: `lost` again, when that cannot be found out in time.
        """
        marker = _marker(changes, lost.verdicts)
        if marker is None:
            raise lost
        deadline_s = time.monotonic() + self._limits.settle_s
        while True:
            try:
                # Once connected, the former session has ended: what is absent stays absent.
                await self._writer.connect()
                found = await self._writer.has(*marker)
            except WriteFailed as error:
                if time.monotonic() >= deadline_s:
                    raise lost from error
                await asyncio.sleep(_SETTLE_INTERVAL_S)
            else:
                self._observe("journal.settled", found=found, changes=len(changes))
                return found


def _marker(
    changes: Sequence[Change], verdicts: Sequence[Conflict | None]
) -> tuple[str, str, str] | None:
    """Table, column and key of a row that is there exactly when the group was committed."""
    for change, verdict in zip(changes, verdicts, strict=True):
        if verdict is None and change.inserts:
            record = change.inserts[0]
            mapping = mapping_of(type(record))
            key = mapping.column_of[mapping.key]
            return str(mapping.table.name), key, getattr(record, mapping.key)
    return None


def _answer(group: Sequence[_Waiting], verdicts: Sequence[JournalError | None]) -> None:
    for each, verdict in zip(group, verdicts, strict=True):
        if each.done.done():
            continue
        if verdict is None:
            each.done.set_result(None)
        else:
            each.done.set_exception(verdict)


def _error(failed: WriteFailed) -> JournalError:
    """What a caller is told; a fresh one for each, since exceptions carry their own traceback."""
    error: JournalError
    match failed.failure:
        case Failure.DUPLICATE:
            error = Duplicate(failed.reason, failed.table)
        case Failure.REJECTED:
            error = Rejected(message=f"{failed.table}: {failed.reason}")
        case Failure.COMMIT_LOST:
            error = CommitUnknown(message=failed.reason)
        case _:
            error = Unavailable(message=str(failed))
    error.__cause__ = failed
    return error


# What a record weighs beside its long texts, roughly.
_RECORD_BYTES = 512


def _size(change: Change) -> int:
    """About how many bytes a change makes on the wire."""
    size = _RECORD_BYTES * (len(change.inserts) + len(change.amends) + 2 * len(change.postings))
    for record in change.inserts:
        if isinstance(record, Event):
            size += len(record.body)
        elif isinstance(record, IdempotencyRecord) and record.response_body:
            size += len(record.response_body)
    for amend in change.amends:
        size += sum(len(value) for value in amend.values.values() if isinstance(value, str))
    return size
