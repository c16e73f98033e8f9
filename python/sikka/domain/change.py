"""A change: every row of one step of a payment, all or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any

from sikka.domain.ledger import LedgerTransaction


@dataclass(frozen=True, slots=True)
class Amend:
    """Change one stored record, if it still is what was read.

    Args:
        kind: the record's class (`Payment`, `Refund`, …).
        id: its primary key.
        expect: attributes that must still hold, compared under a lock.
        values: attributes to set; empty only checks (a lease's fencing token).
    """

    kind: type
    id: str
    expect: Mapping[str, Any]
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """What the journal commits at once.

    Args:
        bucket: the shard bucket of every row in it.
        inserts: records (dataclass instances) to write, in an order that respects references.
            The first is the marker that is read back when a commit's answer is lost.
        amends: guarded updates. One that no longer holds makes the whole change a `Conflict`.
        postings: ledger transactions; balances move with them.
    """

    bucket: int
    inserts: tuple[Any, ...]
    amends: tuple[Amend, ...] = ()
    postings: tuple[LedgerTransaction, ...] = field(default=())


def amend(before: Any, after: Any, *, expect: tuple[str, ...] = ()) -> Amend:
    """The difference of two versions of a record, guarded by `expect` attributes of the first.

    Raises:
        ValueError: when they are not two versions of the same record.
    """
    if type(before) is not type(after) or before.id != after.id:
        raise ValueError("amend takes two versions of one record")
    names, values_of = _attributes(type(after))
    values = {
        name: new
        for name, old, new in zip(names, values_of(before), values_of(after), strict=True)
        if new is not old and new != old
    }
    return Amend(type(before), before.id, {name: getattr(before, name) for name in expect}, values)


_Reader = tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]
_READERS: dict[type, _Reader] = {}


def _attributes(kind: type) -> _Reader:
    """The names of a record's attributes, and what reads them all."""
    reader = _READERS.get(kind)
    if reader is None:
        names = tuple(each.name for each in fields(kind))
        reader = _READERS[kind] = (names, attrgetter(*names))
    return reader
