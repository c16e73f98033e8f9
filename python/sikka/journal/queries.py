"""What every query shares: times as parameters, joined records, pages of a list."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, false, or_, select

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
        self.selected: list[Any] = [column for mapping in mappings for column in mapping.selected]

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
    cursor = await page_cursor(database, table.c[at], table.c.id, page)
    query = select(*mapping.selected).where(*where)
    rows = await database.rows(newest_first(query, table.c[at], table.c.id, page, cursor))
    if page.ending_before:
        rows = rows[::-1]
    return mapping.records(rows)


async def page_cursor(
    database: Database, at: ColumnElement[Any], id_: ColumnElement[Any], page: Page
) -> Any:
    """The value of `at` in the row that a page names; None when it names none or no such row."""
    named = page.ending_before or page.starting_after
    if named is None:
        return None
    found = await database.rows(select(at).where(id_ == named))
    if not found:
        return None
    value = found[0][0]
    return value.isoformat(" ", "microseconds") if isinstance(value, datetime) else value


def newest_first(
    query: Query, at: ColumnElement[Any], id_: ColumnElement[Any], page: Page, cursor: Any
) -> Query:
    """Narrow a query to a page. With `ending_before` its rows come oldest first.

    Args:
        cursor: what `page_cursor` found.
    """
    named = page.ending_before or page.starting_after
    if named is not None and cursor is None:
        return query.where(false())
    # The first condition alone says where in the index to begin.
    if page.ending_before:
        query = query.where(at >= cursor, or_(at > cursor, id_ > named))
        return query.order_by(at.asc(), id_.asc()).limit(page.limit + 1)
    if page.starting_after:
        query = query.where(at <= cursor, or_(at < cursor, id_ < named))
    return query.order_by(at.desc(), id_.desc()).limit(page.limit + 1)
