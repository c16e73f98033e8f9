"""Verifies the audit trail: every bucket's chain, line by line, up to its recorded end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from sikka.domain.audit_chain import GENESIS_HASH, hash_of
from sikka.domain.records import AuditRecord
from sikka.journal.changes import AUDIT_ROWS
from sikka.journal.database import Database
from sikka.journal.mapping import raw
from sikka.journal.tables import audit_heads, audit_log

LINES_AT_ONCE = 1000
BREAKS_MAX = 1000

_LINE = tuple[AuditRecord, int, str, str]


@dataclass(frozen=True, slots=True)
class Break:
    """Where a chain does not hold: `sequence` is the place of the line at fault."""

    bucket: int
    sequence: int
    text: str


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What verifying the audit trail found. At most `BREAKS_MAX` breaks are named."""

    lines: int
    buckets: int
    breaks: tuple[Break, ...]

    @property
    def holds(self) -> bool:
        """Whether nothing was changed, removed, added or moved."""
        return not self.breaks


async def verify_audit(database: Database) -> AuditReport:
    """Read every line of the audit trail and check its chain. Memory is bounded.

    Each bucket is compared with the end that was recorded before its lines are read, so that
    what is written meanwhile does not matter.

    Raises:
        Unavailable: when the database cannot be read.
    """
    heads = await _heads(database)
    lines = 0
    breaks: list[Break] = []
    for bucket, (end, end_hash) in heads.items():
        if end and len(breaks) < BREAKS_MAX:
            seen, found = await _verify_bucket(database, bucket, end, end_hash)
            lines += seen
            breaks += found
    breaks += await _strangers(database)
    return AuditReport(lines, len(heads), tuple(breaks[:BREAKS_MAX]))


async def _verify_bucket(
    database: Database, bucket: int, end: int, end_hash: str
) -> tuple[int, list[Break]]:
    """How many lines were read up to the chain's end, and where the chain breaks."""
    expected, previous, seen = 1, GENESIS_HASH, 0
    breaks: list[Break] = []
    async for record, sequence, previous_hash, hash_ in _lines(database, bucket, end):
        seen += 1
        if sequence != expected:
            breaks.append(Break(bucket, expected, f"lines before {sequence} are missing"))
        elif previous_hash != previous:
            breaks.append(Break(bucket, sequence, "does not follow the line before it"))
        if hash_of(record, sequence, previous_hash) != hash_:
            breaks.append(Break(bucket, sequence, f"{record.id} was changed"))
        expected, previous = sequence + 1, hash_
    if expected != end + 1:
        breaks.append(Break(bucket, expected, f"the last lines up to {end} are missing"))
    elif previous != end_hash:
        breaks.append(Break(bucket, end, "the last line is not the one that was written last"))
    return seen, breaks


async def _lines(database: Database, bucket: int, end: int) -> AsyncIterator[_LINE]:
    last = 0
    columns = raw(audit_log, AUDIT_ROWS.columns)
    while last < end:
        query = (
            select(*columns)
            .where(
                audit_log.c.bucket == bucket,
                audit_log.c.sequence > last,
                audit_log.c.sequence <= end,
            )
            .order_by(audit_log.c.sequence)
            .limit(LINES_AT_ONCE)
        )
        rows = AUDIT_ROWS.decode(await database.rows(query))
        for row in rows:
            yield _line(row)
        if not rows:
            return
        last = rows[-1][-3]


def _line(row: Sequence[Any]) -> _LINE:
    *values, sequence, previous_hash, hash_ = row
    return AuditRecord(*values), sequence, previous_hash, hash_


async def _heads(database: Database) -> dict[int, tuple[int, str]]:
    query = select(audit_heads.c.bucket, audit_heads.c.sequence, audit_heads.c.hash)
    rows = await database.rows(query.order_by(audit_heads.c.bucket))
    return {bucket: (sequence, hash_) for bucket, sequence, hash_ in rows}


async def _strangers(database: Database) -> list[Break]:
    """Lines beyond the recorded end of their chain, or in a bucket that has none."""
    last = select(audit_log.c.bucket, func.max(audit_log.c.sequence)).group_by(audit_log.c.bucket)
    rows = await database.rows(last)
    # Read after the lines: what the journal wrote meanwhile is within these ends.
    heads = await _heads(database)
    breaks = []
    for bucket, sequence in rows:
        end, _ = heads.get(bucket, (0, ""))
        if sequence > end:
            breaks.append(Break(bucket, sequence, f"was added after the chain's end {end}"))
    return breaks
