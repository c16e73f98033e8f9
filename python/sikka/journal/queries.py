"""What every query shares: times as parameters, joined records, pages of a list."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_, select

from sikka.journal.database import Database, Query
from sikka.journal.mapping import Mapping
from sikka.ports import Page


def moment(at: datetime) -> str:
    """A time as either database compares it."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


class Joined:
    """Rows of a query that carry several records side by side; the last may be absent."""

    def __init__(self, *mappings: Mapping) -> None:
        self._mappings = mappings
        self.selected = [column for mapping in mappings for column in mapping.selected]

    def records(self, rows: Sequence[Sequence[Any]]) -> list[tuple[Any, ...]]:
        """One tuple per row: a record per mapping, None where an outer join found nothing."""
        parts = []
        start = 0
        for mapping in self._mappings:
            end = start + len(mapping.columns)
            parts.append(_present(mapping, [tuple(row)[start:end] for row in rows]))
            start = end
        return list(zip(*parts, strict=True))


def _present(mapping: Mapping, rows: Sequence[Sequence[Any]]) -> list[Any]:
    found = iter(mapping.records([row for row in rows if row[0] is not None]))
    return [None if row[0] is None else next(found) for row in rows]


async def one(database: Database, mapping: Mapping, where: ColumnElement[bool]) -> Any | None:
    """The record that fits, or None."""
    records = mapping.records(await database.rows(select(*mapping.selected).where(where)))
    return records[0] if records else None


async def newest(
    database: Database,
    mapping: Mapping,
    page: Page,
    *where: ColumnElement[bool],
    at: str = "created_at",
) -> list[Any]:
    """A page of a table's records, newest first by time and id; one more than the limit.

    Args:
        at: the column of the time.
    """
    table = mapping.table
    query = select(*mapping.selected).where(*where)
    rows = await database.rows(await paged(database, query, table.c[at], table.c.id, page))
    if page.ending_before:
        rows = rows[::-1]
    return mapping.records(rows)


async def paged(
    database: Database,
    query: Query,
    at: ColumnElement[Any],
    id_: ColumnElement[Any],
    page: Page,
) -> Query:
    """Narrow a query to a page. With `ending_before` its rows come oldest first."""
    cursor = page.ending_before or page.starting_after
    if cursor:
        found = await database.rows(select(at).where(id_ == cursor).limit(1))
        if not found:
            return query.where(false())
        # The time in text, since a row of the driver may hold it as a datetime.
        time = found[0][0]
        time = time if isinstance(time, str) else time.isoformat(" ", "microseconds")
        if page.ending_before:
            query = query.where(at >= time, or_(at > time, and_(at == time, id_ > cursor)))
        else:
            query = query.where(at <= time, or_(at < time, and_(at == time, id_ < cursor)))
    if page.ending_before:
        query = query.order_by(at.asc(), id_.asc())
    else:
        query = query.order_by(at.desc(), id_.desc())
    return query.limit(page.limit + 1)
