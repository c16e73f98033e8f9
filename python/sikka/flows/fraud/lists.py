"""Values on the allow, block and review lists: put there, one or many at a time, and taken off.

A value stands on a list of a merchant (or of all merchants) once. Whoever puts it there again
changes its reason and when it expires.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sikka.domain.change import Amend, amend
from sikka.domain.errors import InvalidRequest, NotFound
from sikka.domain.fraud.lists import normal_value
from sikka.domain.fraud.policy import FraudListEntry, ListField, ListKind
from sikka.domain.fraud.views import FraudListBulkView, list_entry_view
from sikka.domain.views import encode
from sikka.flows.fraud.policy import PolicyStep, Revision, revise
from sikka.flows.parts import Answer, Caller, Parts

ENTRIES_MAX = 10_000


@dataclass(frozen=True, slots=True)
class EntryOrder:
    """A value for a list; the fields are those of `FraudListEntry`."""

    kind: ListKind
    field: ListField
    value: str
    reason: str | None = None
    expires_at: datetime | None = None


_Place = tuple[ListKind, ListField, str]


async def add_entry(
    parts: Parts, merchant_id: str | None, order: EntryOrder, caller: Caller
) -> Answer:
    """Put a value on a list, or change what is said of it there.

    Args:
        merchant_id: to whose payments it applies; None for all merchants.

    Returns:
        201 with the entry, or 200 when it was there already.

    Raises:
        InvalidRequest: the value breaks the rule of its field, or the entry has expired already.
        NotFound: there is no such merchant. In all cases nothing was changed.
        IdempotencyMismatch, Conflict: as `sikka.flows.fraud.policy.revise`.
    """
    (wanted,) = _checked(parts, [order], ("",))
    await _check_merchant(parts, merchant_id)

    async def build(revision: Revision) -> PolicyStep | Answer:
        before = (await _present(parts, merchant_id, [wanted])).get(_place(wanted))
        entry = _entry(wanted, before, merchant_id, revision, caller)
        answer = Answer(200 if before else 201, encode(list_entry_view(entry)))
        if before is not None and before == replace(entry, revision=before.revision):
            return answer
        metadata = {"entry_id": entry.id, "kind": entry.kind, "field": entry.field}
        said = {"reason": entry.reason, "expires_at": _text(entry.expires_at)}
        if before is None:
            return PolicyStep(
                "fraud_list.added", "on", merchant_id, {**metadata, **said}, answer, (entry,)
            )
        was = {"from_reason": before.reason, "from_expires_at": _text(before.expires_at)}
        return PolicyStep(
            "fraud_list.changed",
            "on",
            merchant_id,
            {**metadata, **said, **was},
            answer,
            amends=(amend(before, entry),),
        )

    return await revise(parts, caller, build)


async def add_entries(
    parts: Parts, merchant_id: str | None, orders: Sequence[EntryOrder], caller: Caller
) -> Answer:
    """Put many values on lists at once, all or none.

    The rows carry the revision that the audit record names, and the caller as `created_by`.

    Args:
        orders: at most ENTRIES_MAX, each value once for a list.

    Returns:
        201 with how many were added, changed, and there already.

    Raises:
        InvalidRequest: as `add_entry`, or a value stands there twice; names which.
        NotFound, IdempotencyMismatch, Conflict: as `add_entry`.
    """
    wanted = _checked(parts, orders, [f"entries[{place}]." for place in range(len(orders))])
    await _check_merchant(parts, merchant_id)

    async def build(revision: Revision) -> PolicyStep | Answer:
        present = await _present(parts, merchant_id, wanted)
        inserts: list[FraudListEntry] = []
        amends: list[Amend] = []
        for each in wanted:
            before = present.get(_place(each))
            entry = _entry(each, before, merchant_id, revision, caller)
            if before is None:
                inserts.append(entry)
            elif before != replace(entry, revision=before.revision):
                amends.append(amend(before, entry))
        counts = {"added": len(inserts), "changed": len(amends)}
        unchanged = len(wanted) - len(inserts) - len(amends)
        view = FraudListBulkView("fraud_list_bulk", unchanged=unchanged, **counts)
        answer = Answer(201, encode(view))
        if not inserts and not amends:
            return answer
        return PolicyStep(
            "fraud_list.bulk_added",
            "on",
            merchant_id,
            {**counts, "unchanged": unchanged},
            answer,
            tuple(inserts),
            tuple(amends),
        )

    return await revise(parts, caller, build)


async def remove_entry(parts: Parts, entry_id: str, caller: Caller) -> Answer:
    """Take a value off its list. One that was taken off already stays as it is.

    Returns:
        200 with the entry.

    Raises:
        NotFound: there is no such entry.
        IdempotencyMismatch, Conflict: as `sikka.flows.fraud.policy.revise`.
    """

    async def build(revision: Revision) -> PolicyStep | Answer:
        before = await parts.fraud_policy.list_entry(entry_id)
        if before is None:
            raise NotFound
        if before.removed_at is not None:
            return Answer(200, encode(list_entry_view(before)))
        after = replace(before, removed_at=revision.at, revision=revision.number)
        return PolicyStep(
            "fraud_list.removed",
            "off",
            before.merchant_id,
            {
                "entry_id": before.id,
                "kind": before.kind,
                "field": before.field,
                "from_reason": before.reason,
                "from_expires_at": _text(before.expires_at),
            },
            Answer(200, encode(list_entry_view(after))),
            amends=(amend(before, after),),
        )

    return await revise(parts, caller, build)


def _checked(parts: Parts, orders: Sequence[EntryOrder], places: Sequence[str]) -> list[EntryOrder]:
    """The orders with their values in normal form."""
    now = parts.clock.now()
    seen: set[_Place] = set()
    checked = []
    for order, place in zip(orders, places, strict=True):
        value = normal_value(order.field, order.value, f"{place}value")
        if order.expires_at is not None and order.expires_at <= now:
            param = f"{place}expires_at"
            raise InvalidRequest(message=f"{param} must lie in the future", param=param)
        each = replace(order, value=value)
        if _place(each) in seen:
            param = f"{place}value"
            raise InvalidRequest(message=f"{param} stands there twice for one list", param=param)
        seen.add(_place(each))
        checked.append(each)
    return checked


async def _check_merchant(parts: Parts, merchant_id: str | None) -> None:
    if merchant_id is not None and await parts.store.merchant(merchant_id) is None:
        raise NotFound(param="merchant_id")


async def _present(
    parts: Parts, merchant_id: str | None, orders: Sequence[EntryOrder]
) -> Mapping[_Place, FraudListEntry]:
    """What is on the lists already of what is to be there."""
    values: dict[ListField, list[str]] = {}
    for order in orders:
        values.setdefault(order.field, []).append(order.value)
    present: dict[_Place, FraudListEntry] = {}
    for field, wanted in values.items():
        unique = list(dict.fromkeys(wanted))
        for entry in await parts.fraud_policy.entries_of(merchant_id, field, unique):
            present[entry.kind, entry.field, entry.value] = entry
    return present


def _place(order: EntryOrder) -> _Place:
    return (order.kind, order.field, order.value)


def _entry(
    order: EntryOrder,
    before: FraudListEntry | None,
    merchant_id: str | None,
    revision: Revision,
    caller: Caller,
) -> FraudListEntry:
    if before is not None:
        return replace(
            before,
            reason=order.reason,
            expires_at=order.expires_at,
            revision=revision.number,
        )
    return FraudListEntry(
        id=revision.id("lst"),
        bucket=revision.bucket,
        merchant_id=merchant_id,
        kind=order.kind,
        field=order.field,
        value=order.value,
        reason=order.reason,
        created_by=caller.actor.user_id,
        created_at=revision.at,
        expires_at=order.expires_at,
        removed_at=None,
        revision=revision.number,
    )


def _text(at: datetime | None) -> Any:
    return None if at is None else at.isoformat()
