"""One group of changes as the steps of one transaction, without any input or output.

`group_steps` is a generator: it yields what the database is to do next and is sent the rows it
reads, so that the same order of things serves MySQL over a socket and SQLite in a thread. Every
process takes its locks in one order (guarded rows by table and key, then account stripes, then
audit heads by bucket), so that groups of several processes wait for each other but never in a
ring.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from sikka.domain.audit_chain import hash_of
from sikka.domain.change import Amend, Change
from sikka.domain.errors import Conflict
from sikka.domain.ledger import Direction, LedgerTransaction
from sikka.domain.records import AuditRecord
from sikka.journal import tables
from sikka.journal.mapping import MAPPINGS, Mapping, mapping_of, rows_of
from sikka_core import new_id
from sikka_rows import Table as Rows

STRIPE_BUCKETS = 64


@dataclass(frozen=True, slots=True)
class Lock:
    """Read the named columns of the rows with these keys and keep others from changing them."""

    rows: Rows
    key: str
    columns: tuple[str, ...]
    keys: Sequence[Any]


@dataclass(frozen=True, slots=True)
class Insert:
    """Add rows; `rows` carries every column named by the codec."""

    rows: Rows
    values: Sequence[Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Update:
    """Give each row new values; a value is the key followed by the columns."""

    rows: Rows
    key: str
    columns: tuple[str, ...]
    values: Sequence[Sequence[Any]]


@dataclass(frozen=True, slots=True)
class AddBalances:
    """Add to the debits and credits of account stripes, creating those that are not there."""

    rows: Rows
    values: Sequence[Sequence[Any]]


Step = Lock | Insert | Update | AddBalances
Verdicts = list[Conflict | None]
Steps = Generator[Step, Sequence[Sequence[Any]], Verdicts]

ACCOUNT_ROWS = rows_of(
    tables.ledger_accounts,
    (
        "id", "stripe", "chart", "kind", "owner", "currency", "livemode",
        "debits_minor", "credits_minor",
    ),
)  # fmt: skip
TRANSACTION_ROWS = rows_of(
    tables.ledger_transactions,
    (
        "id", "bucket", "payment_id", "refund_id", "kind", "reverses", "currency", "livemode",
        "created_at",
    ),
)  # fmt: skip
ENTRY_ROWS = rows_of(
    tables.ledger_entries,
    (
        "id", "bucket", "transaction_id", "position", "account_id", "direction", "amount_minor",
        "created_at",
    ),
)  # fmt: skip
_HEAD_COLUMNS = ("bucket", "sequence", "hash")
_HEAD_ROWS = rows_of(tables.audit_heads, _HEAD_COLUMNS)
_AUDIT = MAPPINGS[AuditRecord]
AUDIT_ROWS = rows_of(tables.audit_log, (*_AUDIT.columns, "sequence", "previous_hash", "hash"))


class MissingHead(Exception):
    """The table of audit heads lacks a bucket: the database was not migrated, or tampered with."""


def group_steps(changes: Sequence[Change]) -> Steps:
    """The steps of one transaction for all changes that still hold.

    Returns:
        For every change None when its rows are in the transaction, or the `Conflict` for which
        it was left out.

    Raises:
        MissingHead: when a bucket has no audit head.
        TypeError, ValueError: when a record cannot be stored.
    """
    guarded = yield from _locked(changes)
    verdicts = [_held(change, guarded) for change in changes]
    accepted = [
        change for change, verdict in zip(changes, verdicts, strict=True) if verdict is None
    ]
    if not accepted:
        return verdicts
    yield from _inserts(accepted)
    yield from _updates(guarded)
    postings = [posting for change in accepted for posting in change.postings]
    if postings:
        yield from _postings(postings)
    yield from _audit(accepted)
    return verdicts


class _Guarded:
    """A row that some change of the group amends, as the group leaves it."""

    __slots__ = ("changed", "values")

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values
        self.changed: dict[str, Any] = {}


_Rows = dict[tuple[type, Any], "_Guarded | None"]


def _locked(changes: Sequence[Change]) -> Generator[Step, Sequence[Sequence[Any]], _Rows]:
    """Lock and read every row that a change amends. None stands for a row that is not there."""
    keys: dict[type, set[Any]] = {}
    names: dict[type, dict[str, None]] = {}
    for change in changes:
        for amend in change.amends:
            keys.setdefault(amend.kind, set()).add(amend.id)
            names.setdefault(amend.kind, {}).update(dict.fromkeys(amend.expect))
    guarded: _Rows = {}
    if not keys:
        return guarded
    for kind in keys:
        mapping_of(kind)
    for kind, mapping in MAPPINGS.items():
        if kind not in keys:
            continue
        wanted = (mapping.key, *(name for name in names[kind] if name != mapping.key))
        columns = tuple(mapping.column_of[name] for name in wanted)
        guarded.update(((kind, key), None) for key in keys[kind])
        rows = yield Lock(mapping.rows, mapping.column_of[mapping.key], columns, sorted(keys[kind]))
        for values in mapping.values(rows, wanted):
            row = _Guarded(dict(zip(wanted, values, strict=True)))
            guarded[kind, values[0]] = row
    return guarded


def _held(change: Change, guarded: _Rows) -> Conflict | None:
    """Apply a change to the guarded rows if all that it expects holds; else say what does not."""
    amends = change.amends
    if amends:
        pending: dict[tuple[type, Any], dict[str, Any]] = {}
        for amend in amends:
            place = (amend.kind, amend.id)
            row = guarded[place]
            if row is None:
                return Conflict(message=f"{amend.kind.__name__} {amend.id} is not there")
            ours = pending.setdefault(place, {})
            name = _broken(amend, row.values, ours)
            if name is not None:
                return Conflict(message=f"{amend.kind.__name__} {amend.id}: {name} has changed")
            ours.update(amend.values)
        for place, values in pending.items():
            row = guarded[place]
            if row is not None:
                row.values.update(values)
                row.changed.update(values)
    if guarded:
        _appear(change.inserts, guarded)
    return None


def _broken(amend: Amend, values: dict[str, Any], ours: dict[str, Any]) -> str | None:
    for name, expected in amend.expect.items():
        found = ours[name] if name in ours else values[name]
        if found != expected:
            return name
    return None


def _appear(records: Iterable[Any], guarded: _Rows) -> None:
    """Let later changes of the group amend a row that this one adds."""
    for record in records:
        mapping = mapping_of(type(record))
        place = (mapping.kind, getattr(record, mapping.key))
        if place in guarded and guarded[place] is None:
            values = mapping.values_of(record)
            guarded[place] = _Guarded(dict(zip(mapping.attributes, values, strict=True)))


def _inserts(changes: Sequence[Change]) -> Generator[Step, Any, None]:
    """One insert per table, tables in the order in which they refer to each other."""
    records: defaultdict[type, list[Any]] = defaultdict(list)
    for change in changes:
        for record in change.inserts:
            records[type(record)].append(record)
    records.pop(AuditRecord, None)
    for kind in records:
        mapping_of(kind)
    for kind, mapping in MAPPINGS.items():
        if kind in records:
            yield Insert(mapping.rows, list(map(mapping.values_of, records[kind])))


def _updates(guarded: _Rows) -> Generator[Step, Any, None]:
    """One update per table and set of columns, with the last of each row's values."""
    sets: defaultdict[tuple[type, tuple[str, ...]], list[tuple[Any, ...]]] = defaultdict(list)
    for (kind, key), row in guarded.items():
        if row is not None and row.changed:
            names = tuple(sorted(row.changed))
            sets[kind, names].append((key, *(row.changed[name] for name in names)))
    for (kind, names), values in sets.items():
        mapping: Mapping = MAPPINGS[kind]
        columns = tuple(mapping.column_of[name] for name in names)
        yield Update(mapping.rows, mapping.column_of[mapping.key], columns, values)


def _postings(transactions: Sequence[LedgerTransaction]) -> Generator[Step, Any, None]:
    """The ledger's rows, and each account stripe moved once by the sum of its entries."""
    heads, entries = [], []
    balances: dict[tuple[str, int], list[Any]] = {}
    for each in transactions:
        account = each.postings[0].account
        heads.append(
            (
                each.id, each.bucket, each.payment_id, each.refund_id, each.kind, each.reverses,
                account.currency, account.livemode, each.created_at,
            )
        )  # fmt: skip
        stripe = each.bucket // STRIPE_BUCKETS
        now_ms = int(each.created_at.timestamp() * 1000)
        for position, posting in enumerate(each.postings):
            account, amount = posting.account, posting.amount_minor
            account_id = account.id
            entries.append(
                (
                    new_id("led", each.bucket, now_ms), each.bucket, each.id, position,
                    account_id, posting.direction, amount, each.created_at,
                )
            )  # fmt: skip
            row = balances.get((account_id, stripe))
            if row is None:
                row = balances[account_id, stripe] = [
                    account_id, stripe, account.chart, account.kind, account.owner,
                    account.currency, account.livemode, 0, 0,
                ]  # fmt: skip
            row[7 if posting.direction is Direction.DEBIT else 8] += amount
    yield Insert(TRANSACTION_ROWS, heads)
    yield Insert(ENTRY_ROWS, entries)
    yield AddBalances(ACCOUNT_ROWS, [balances[place] for place in sorted(balances)])


def _audit(changes: Sequence[Change]) -> Generator[Step, Sequence[Sequence[Any]], None]:
    """The lines of the audit trail, each chained to the line before it in its bucket."""
    lines = [
        record for change in changes for record in change.inserts if type(record) is AuditRecord
    ]
    if not lines:
        return
    buckets = sorted({line.bucket for line in lines})
    found = yield Lock(_HEAD_ROWS, "bucket", _HEAD_COLUMNS, buckets)
    heads = {bucket: (sequence, hash_) for bucket, sequence, hash_ in found}
    if len(heads) != len(buckets):
        missing = next(bucket for bucket in buckets if bucket not in heads)
        raise MissingHead(f"audit_heads has no row for bucket {missing}: run the migrations")
    rows = []
    for line in lines:
        sequence, previous = heads[line.bucket]
        sequence += 1
        digest = hash_of(line, sequence, previous)
        heads[line.bucket] = (sequence, digest)
        rows.append((*_AUDIT.values_of(line), sequence, previous, digest))
    yield Insert(AUDIT_ROWS, rows)
    ends = [(bucket, *heads[bucket]) for bucket in buckets]
    yield Update(_HEAD_ROWS, "bucket", _HEAD_COLUMNS[1:], sorted(ends, key=itemgetter(0)))
