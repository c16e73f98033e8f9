"""Reference numbers, reserved in blocks so that handing one out costs no query."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, timedelta, timezone

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from sikka.domain.errors import Unavailable
from sikka.journal.database import Database
from sikka.journal.tables import sequences
from sikka_core import rrn

INDIA = timezone(timedelta(hours=5, minutes=30))

# An RRN has eight digits for the number within the day.
NUMBERS_PER_DAY = 10**8

_ATTEMPTS = 100


class SqlReferenceNumbers:
    """See `ReferenceNumbers`. A number that a process reserved and did not use is never used.

    Args:
        database: where the blocks are reserved.
        block_size: how many numbers one query reserves.
    """

    def __init__(self, database: Database, block_size: int = 1000) -> None:
        if block_size < 1:
            raise ValueError("block_size must be at least 1")
        self._database = database
        self._block_size = block_size
        self._lock = asyncio.Lock()
        self._day = date.min
        self._next = 0
        self._end = 0

    async def next_rrn(self, at: datetime) -> str:
        day = at.astimezone(INDIA).date()
        while self._day != day or self._next == self._end:
            async with self._lock:
                # Another task may have reserved a block while this one waited.
                if self._day != day or self._next == self._end:
                    start = await self._reserve(day)
                    self._day, self._next, self._end = day, start, start + self._block_size
        number = self._next
        self._next += 1
        return rrn(day.year, day.timetuple().tm_yday, number)

    async def _reserve(self, day: date) -> int:
        """The first number of a block that is ours alone."""
        name = f"rrn/{day.isoformat()}"
        query = select(sequences.c.next_value).where(sequences.c.name == name)
        for _ in range(_ATTEMPTS):
            rows = await self._database.rows(query)
            start = rows[0][0] if rows else 0
            if start + self._block_size > NUMBERS_PER_DAY:
                raise Unavailable(message="the reference numbers of this day are used up")
            if rows:
                changed = await self._database.execute(
                    update(sequences)
                    .where(sequences.c.name == name, sequences.c.next_value == start)
                    .values(next_value=start + self._block_size)
                )
                if changed == 1:
                    return int(start)
            else:
                try:
                    await self._database.execute(
                        insert(sequences).values(name=name, next_value=self._block_size)
                    )
                except IntegrityError:
                    continue
                return 0
        raise Unavailable(message="no block of reference numbers could be reserved")
