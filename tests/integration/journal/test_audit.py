"""The audit trail is a chain: whatever is done to it behind the journal's back is found."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import delete, insert, select, update

from sikka.domain.audit_chain import hash_of
from sikka.domain.change import Change
from sikka.domain.errors import Unavailable
from sikka.domain.records import AuditRecord
from sikka.journal.audit import verify_audit
from sikka.journal.tables import audit_heads, audit_log
from tests.integration.journal.made import creation, made_audit, payment_of

if TYPE_CHECKING:
    from sikka.journal.database import Database
    from sikka.journal.journal import SqlJournal

LINES = 5


@pytest.fixture
async def lines(journal: SqlJournal) -> list[AuditRecord]:
    """Five lines in one bucket, among those of others."""
    payment = payment_of(creation())
    lines = [made_audit(payment, f"action-{number}") for number in range(LINES)]
    others = [journal.commit(creation()) for _ in range(20)]
    await asyncio.gather(*others)
    await asyncio.gather(*(journal.commit(Change(payment.bucket, (line,))) for line in lines))
    return lines


async def breaks(database: Database) -> list[tuple[int, str]]:
    report = await verify_audit(database)
    assert report.holds is not bool(report.breaks)
    return [(each.sequence, each.text) for each in report.breaks]


def line(lines: list[AuditRecord], number: int) -> Any:
    return audit_log.c.id == lines[number - 1].id


async def test_an_untouched_trail_holds(database: Database, lines: list[AuditRecord]) -> None:
    report = await verify_audit(database)
    assert report.holds
    assert report.lines == LINES + 20
    assert report.buckets == 4096


@pytest.mark.parametrize("column", ["action", "user_id", "metadata", "timestamp", "payment_id"])
async def test_a_changed_line_is_found(
    database: Database, lines: list[AuditRecord], column: str
) -> None:
    value = {"metadata": '{"amount":1}', "timestamp": "2026-01-05 12:30:15.123457"}
    changed = update(audit_log).where(line(lines, 3))
    changed = changed.values({column: value.get(column, "somebody")})
    await database.execute(changed)
    assert await breaks(database) == [(3, f"{lines[2].id} was changed")]


async def test_a_removed_line_is_found(database: Database, lines: list[AuditRecord]) -> None:
    await database.execute(delete(audit_log).where(line(lines, 2)))
    assert await breaks(database) == [(2, "lines before 3 are missing")]


async def test_a_removed_end_is_found(database: Database, lines: list[AuditRecord]) -> None:
    await database.execute(delete(audit_log).where(line(lines, LINES)))
    assert await breaks(database) == [(LINES, f"the last lines up to {LINES} are missing")]


async def test_a_line_added_at_the_end_is_found(
    database: Database, lines: list[AuditRecord]
) -> None:
    names = [column.name for column in audit_log.c if column.name not in ("id", "sequence")]
    copied = select(*(audit_log.c[name] for name in names)).where(line(lines, LINES))
    row = (await database.rows(copied))[0]
    values = {**dict(zip(names, row, strict=True)), "id": "aud_more", "sequence": LINES + 1}
    await database.execute(insert(audit_log).values(values))
    assert await breaks(database) == [(LINES + 1, f"was added after the chain's end {LINES}")]


async def test_two_lines_that_change_places_are_found(
    database: Database, lines: list[AuditRecord]
) -> None:
    for number, place in ((2, 99), (3, 2), (2, 3)):
        moved = update(audit_log).where(line(lines, number)).values(sequence=place)
        await database.execute(moved)
    found = await breaks(database)
    assert {place for place, _ in found} == {2, 3, 4}
    assert (2, f"{lines[2].id} was changed") in found


async def test_a_changed_line_with_a_recomputed_hash_is_found(
    database: Database, lines: list[AuditRecord]
) -> None:
    query = select(audit_log.c.previous_hash).where(line(lines, 3))
    previous = (await database.rows(query))[0][0]
    forged = replace(lines[2], action="nothing")
    values = {"action": "nothing", "hash": hash_of(forged, 3, previous)}
    await database.execute(update(audit_log).where(line(lines, 3)).values(values))
    assert await breaks(database) == [(4, "does not follow the line before it")]


async def test_a_moved_end_is_found(database: Database, lines: list[AuditRecord]) -> None:
    moved = update(audit_heads).where(audit_heads.c.bucket == lines[0].bucket)
    await database.execute(moved.values(hash="f" * 64))
    text = "the last line is not the one that was written last"
    assert await breaks(database) == [(LINES, text)]


async def test_a_missing_end_is_found_and_stops_the_journal_from_writing_there(
    database: Database, journal: SqlJournal, lines: list[AuditRecord]
) -> None:
    bucket = lines[0].bucket
    await database.execute(delete(audit_heads).where(audit_heads.c.bucket == bucket))
    assert await breaks(database) == [(LINES, "was added after the chain's end 0")]
    with pytest.raises(Unavailable, match="run the migrations"):
        await journal.commit(Change(bucket, (replace(lines[0], id="aud_next"),)))
