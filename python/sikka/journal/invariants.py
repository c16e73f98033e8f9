"""What must hold, whatever failed: checked from the data alone, in bounded memory.

Payments are read a few hundred at a time, each batch with all that belongs to it in one snapshot,
so that a gateway at work is never mistaken for one that is wrong.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from sikka.domain.delivery import DeliveryStatus
from sikka.domain.ledger import Direction
from sikka.domain.payment import Payment, Status, UpiTransaction
from sikka.domain.records import IdempotencyRecord, IdempotencyStatus
from sikka.domain.refund import Refund
from sikka.domain.review import Review, ReviewStatus
from sikka.journal import tables
from sikka.journal.audit import verify_audit
from sikka.journal.case import AuditLine, Booking, Case, Entry, Finding
from sikka.journal.database import Database, Query, Snapshot
from sikka.journal.mapping import MAPPINGS
from sikka.journal.queries import moment

PAYMENTS_AT_ONCE = 200
FINDINGS_MAX = 1000

# How long after its time due work may lie before somebody should have done it.
BACKLOG = timedelta(minutes=15)


async def check_invariants(
    database: Database, now: datetime, backlog: timedelta = BACKLOG
) -> list[Finding]:
    """Check every invariant that the data can tell; at most `FINDINGS_MAX` findings.

    Raises:
        Unavailable: when the database cannot be read.
    """
    found: list[Finding] = []
    for check in (
        _payments(database),
        _balances(database),
        _keys(database),
        _deliveries(database),
        _audit(database),
        _backlog(database, moment(now - backlog)),
    ):
        async for finding in check:
            found.append(finding)
            if len(found) == FINDINGS_MAX:
                return found
    return found


async def _payments(database: Database) -> AsyncIterator[Finding]:
    """Invariants 1, 2, 3, 5, 6 and 9, payment by payment."""
    mapping, last = MAPPINGS[Payment], ""
    while True:
        async with database.snapshot() as snapshot:
            query = (
                select(*mapping.selected)
                .where(tables.payments.c.id > last)
                .order_by(tables.payments.c.id)
                .limit(PAYMENTS_AT_ONCE)
            )
            payments: list[Payment] = mapping.records(await snapshot.rows(query))
            if not payments:
                return
            cases = {payment.id: Case(payment) for payment in payments}
            await _fill(snapshot, cases)
        for case in cases.values():
            for finding in case.findings():
                yield finding
        last = payments[-1].id


async def _fill(snapshot: Snapshot, cases: dict[str, Case]) -> None:
    ids = list(cases)
    for upi in await _records(snapshot, UpiTransaction, ids):
        cases[upi.payment_id].upi.append(upi)
    for refund in await _records(snapshot, Refund, ids):
        cases[refund.payment_id].refunds.append(refund)
    for review in await _records(snapshot, Review, ids):
        cases[review.payment_id].review = review
    assessments = tables.fraud_assessments.c
    for (id_,) in await snapshot.rows(
        select(assessments.payment_id).where(assessments.payment_id.in_(ids))
    ):
        cases[id_].assessments += 1
    events = tables.outbox_events.c
    for id_, sequence in await snapshot.rows(
        select(events.payment_id, events.sequence)
        .where(events.payment_id.in_(ids))
        .order_by(events.payment_id, events.sequence)
    ):
        cases[id_].event_sequences.append(sequence)
    lines = tables.audit_log.c
    for id_, action, status in await snapshot.rows(
        select(lines.payment_id, lines.action, lines.status)
        .where(lines.payment_id.in_(ids))
        .order_by(lines.payment_id, lines.sequence)
    ):
        cases[id_].audit.append(AuditLine(action, status))
    await _fill_bookings(snapshot, cases)


async def _records(snapshot: Snapshot, kind: type, ids: Sequence[str]) -> list[Any]:
    mapping = MAPPINGS[kind]
    query = select(*mapping.selected).where(mapping.table.c.payment_id.in_(ids))
    return mapping.records(await snapshot.rows(query))


async def _fill_bookings(snapshot: Snapshot, cases: dict[str, Case]) -> None:
    transactions, entries = tables.ledger_transactions.c, tables.ledger_entries.c
    query = select(
        transactions.payment_id,
        transactions.id,
        transactions.kind,
        transactions.currency,
        transactions.refund_id,
    ).where(transactions.payment_id.in_(list(cases)))
    bookings: dict[str, Booking] = {}
    for payment_id, id_, kind, currency, refund_id in await snapshot.rows(query):
        bookings[id_] = Booking(id_, kind, currency, refund_id)
        cases[payment_id].bookings.append(bookings[id_])
    found = select(entries.transaction_id, entries.direction, entries.amount_minor).where(
        entries.transaction_id.in_(list(bookings))
    )
    for id_, direction, amount_minor in await snapshot.rows(found):
        bookings[id_].entries.append(Entry(direction, amount_minor))


async def _balances(database: Database) -> AsyncIterator[Finding]:
    """Invariant 2 in total: what every account says, and what its entries add up to."""
    entries, accounts = tables.ledger_entries.c, tables.ledger_accounts.c
    sums: defaultdict[tuple[str, str], int] = defaultdict(int)
    said: defaultdict[tuple[str, str], int] = defaultdict(int)
    added = select(entries.account_id, entries.direction, func.sum(entries.amount_minor)).group_by(
        entries.account_id, entries.direction
    )
    kept = select(
        accounts.id, func.sum(accounts.debits_minor), func.sum(accounts.credits_minor)
    ).group_by(accounts.id)
    async with database.snapshot() as snapshot:
        for account, direction, amount in await snapshot.rows(added):
            sums[account, direction] = int(amount)
        for account, debits, credits in await snapshot.rows(kept):
            said[account, Direction.DEBIT] = int(debits)
            said[account, Direction.CREDIT] = int(credits)
    for place in sorted(sums.keys() | said.keys()):
        if sums[place] != said[place]:
            account, direction = place
            yield Finding(
                2, f"{account}: {direction} is {said[place]}, its entries make {sums[place]}"
            )
    totals: defaultdict[str, int] = defaultdict(int)
    for (account, direction), amount in said.items():
        # An account's id ends with its currency and mode.
        books = "/".join(account.rsplit("/", 2)[1:])
        totals[books] += amount if direction == Direction.DEBIT else -amount
    for books, difference in totals.items():
        if difference:
            yield Finding(2, f"{books}: debits exceed credits by {difference}")


async def _keys(database: Database) -> AsyncIterator[Finding]:
    """Invariant 4: a completed key has an answer, and no two keys have the same effect."""
    keys = tables.idempotency_keys.c
    mapping = MAPPINGS[IdempotencyRecord]
    unanswered = select(*mapping.selected).where(
        keys.status == IdempotencyStatus.COMPLETED,
        (keys.response_status.is_(None)) | (keys.response_body.is_(None)),
    )
    for record in mapping.records(await database.rows(unanswered.limit(FINDINGS_MAX))):
        yield Finding(4, f"{record.id} is completed and has no answer to replay")
    shared = (
        select(keys.object_id, func.count())
        .where(keys.object_id.is_not(None))
        .group_by(keys.object_id, keys.route)
        .having(func.count() > 1)
        .limit(FINDINGS_MAX)
    )
    for object_id, count in await database.rows(shared):
        yield Finding(4, f"{object_id} came of {count} idempotency keys")


async def _deliveries(database: Database) -> AsyncIterator[Finding]:
    """Invariant 6: what was relayed and delivered to an endpoint, in order per payment."""
    first, second = tables.webhook_deliveries, tables.webhook_deliveries.alias("second")
    overtaken = (
        select(first.c.id, second.c.id)
        .select_from(
            first.join(
                second,
                (second.c.endpoint_id == first.c.endpoint_id)
                & (second.c.payment_id == first.c.payment_id)
                & (second.c.status == first.c.status)
                & (second.c.sequence > first.c.sequence),
            )
        )
        .where(
            first.c.status == DeliveryStatus.DELIVERED,
            second.c.updated_at < first.c.updated_at,
            # A replay is a later delivery of an earlier event, asked for by the merchant.
            first.c.created_at <= second.c.created_at,
        )
        .limit(FINDINGS_MAX)
    )
    for earlier, later in await database.rows(overtaken):
        yield Finding(6, f"{later} was delivered before {earlier}")


async def _audit(database: Database) -> AsyncIterator[Finding]:
    """Invariant 8."""
    for each in (await verify_audit(database)).breaks:
        yield Finding(8, f"audit bucket {each.bucket}, line {each.sequence}: {each.text}")


async def _backlog(database: Database, before: str) -> AsyncIterator[Finding]:
    """Invariant 10: nobody holds a lease and is gone; what is due does not lie about."""
    leases, events = tables.leases.c, tables.outbox_events.c
    deliveries, upi = tables.webhook_deliveries.c, tables.upi_transactions.c
    payments, refunds, reviews = tables.payments.c, tables.refunds.c, tables.reviews.c
    checks: tuple[tuple[str, Query], ...] = (
        (
            "is held by somebody who is gone",
            # A lease that was given back ran out long ago on purpose.
            select(leases.name).where(
                leases.expires_at < before, leases.expires_at > "2001-01-01 00:00:00.000000"
            ),
        ),
        (
            "waits to be relayed",
            select(events.id).where(events.relayed == 0, events.created_at < before),
        ),
        (
            "waits to be delivered",
            select(deliveries.id).where(
                deliveries.status == DeliveryStatus.PENDING, deliveries.next_attempt_at < before
            ),
        ),
        (
            "waits to be asked about",
            select(payments.id)
            .join(tables.upi_transactions, upi.payment_id == payments.id)
            .where(payments.status == Status.PENDING, upi.next_check_at < before),
        ),
        ("waits to be asked about", select(refunds.id).where(refunds.next_check_at < before)),
        (
            "waits for the end of its review",
            select(reviews.payment_id).where(
                reviews.status == ReviewStatus.WAITING, reviews.due_at < before
            ),
        ),
    )
    for text, query in checks:
        for (id_,) in await database.rows(query.limit(FINDINGS_MAX)):
            yield Finding(10, f"{id_} {text}")
