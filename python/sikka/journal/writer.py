"""What the journal needs of a database to write a group: one connection, one transaction."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Protocol

from sikka.journal.changes import Steps, Verdicts

Hook = Callable[[str], None]
"""Called at the labelled points `before_commit` and `after_commit`; for tests of faults."""


class Failure(Enum):
    """Why a group was not written, in the words the journal acts on."""

    DUPLICATE = "a unique key is taken"
    REJECTED = "a value or reference is refused"
    CONTENDED = "another transaction is in the way; the group may be tried again"
    AWAY = "the database cannot be reached or cannot write"
    COMMIT_LOST = "the commit was sent and not answered"


class WriteFailed(Exception):
    """A group was not written, or nobody knows.

    Args:
        failure: what it means.
        reason: the database's code and the table at fault, free of values.
        table: the table whose statement was refused; empty when none was.
        verdicts: what the transaction held, for `COMMIT_LOST`.
    """

    def __init__(
        self, failure: Failure, reason: str, table: str = "", verdicts: Verdicts | None = None
    ) -> None:
        super().__init__(f"{failure.value}: {reason}")
        self.failure = failure
        self.reason = reason
        self.table = table
        self.verdicts = verdicts or []


def rejected(error: BaseException, table: str) -> WriteFailed | None:
    """A change that cannot even be put into statements; None for what is no error of a change."""
    if isinstance(error, (TypeError, ValueError)):
        # The codec names table and column, and never the value.
        return WriteFailed(Failure.REJECTED, str(error), table)
    if isinstance(error, (LookupError, AttributeError, ArithmeticError)):
        return WriteFailed(Failure.REJECTED, f"{type(error).__name__} in a change", table)
    return None


class Writer(Protocol):
    """One connection that writes, and the transaction on it."""

    async def connect(self) -> None:
        """Open the connection, replacing what was there; one attempt.

        When it returns, no former connection of this writer can commit any more.

        Raises:
            WriteFailed: `AWAY`.
        """
        ...

    async def write(self, steps: Steps) -> Verdicts:
        """Run the steps as one transaction and commit it, connecting first when needed.

        Nothing is committed when no change of the group is accepted.

        Raises:
            WriteFailed: whatever went wrong; nothing is written unless it says `COMMIT_LOST`.
        """
        ...

    async def has(self, table: str, key: str, value: str) -> bool:
        """Whether a committed row exists, read on the present connection.

        Raises:
            WriteFailed: `AWAY`.
        """
        ...

    async def close(self) -> None:
        """Close the connection."""
        ...
