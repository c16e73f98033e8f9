"""Apply a rail's word to a refund. Safe to repeat, in any order, from several processes at once.

A refund that fails gives back what it had reserved and booked. One that the rail never had is
sent again under the same transaction id, which the rail takes once.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sikka.domain.change import Amend, Change, amend
from sikka.domain.errors import Conflict, IntegrityFailure, NotFound
from sikka.domain.ledger import Books, LedgerTransaction
from sikka.domain.outcome import Outcome, OutcomeKind
from sikka.domain.payment import Payment
from sikka.domain.records import Actor, EventType
from sikka.domain.refund import Refund, RefundOrigin, RefundStatus
from sikka.domain.views import refund_view
from sikka.flows.conclude import ATTEMPTS, record
from sikka.flows.parts import Parts
from sikka.flows.steps import audit_record, commit, event_of, milliseconds, step
from sikka_core import new_id


async def conclude_refund(parts: Parts, refund_id: str, outcome: Outcome, actor: Actor) -> Refund:
    """Apply a rail's word to a refund; return it as it is afterwards. Safe to repeat.

    Raises:
        NotFound: no such refund.
        IntegrityFailure: the amount is not ours. Recorded, not applied.
        Unavailable: nothing was written.
    """
    for attempt in range(ATTEMPTS):
        before = await parts.store.refund(refund_id)
        state = await parts.store.upi_state(before.payment_id) if before else None
        if before is None or state is None:
            raise NotFound
        try:
            return await _apply(parts, state.payment, before, outcome, actor)
        except Conflict:
            if attempt == ATTEMPTS - 1:
                raise
    raise AssertionError("the loop returns or raises")


async def _apply(
    parts: Parts, payment: Payment, before: Refund, outcome: Outcome, actor: Actor
) -> Refund:
    now = parts.clock.now()
    if before.status is not RefundStatus.PENDING:
        ended_otherwise = {
            RefundStatus.SUCCESS: OutcomeKind.DECLINED,
            RefundStatus.FAILED: OutcomeKind.APPROVED,
        }[before.status]
        if outcome.kind is ended_otherwise:
            await record(
                parts,
                payment,
                "refund.contradiction",
                actor,
                refund_id=before.id,
                said=outcome.kind,
            )
        return before
    if outcome.kind is OutcomeKind.APPROVED:
        await _check_integrity(parts, payment, before, outcome, actor)
    if outcome.kind in (OutcomeKind.APPROVED, OutcomeKind.DECLINED):
        approved = outcome.kind is OutcomeKind.APPROVED
        after = heard(before, outcome, now).ended(
            RefundStatus.SUCCESS if approved else RefundStatus.FAILED,
            now,
            failure_code=None if approved else outcome.failure_code or "payment_declined",
        )
        await end(parts, payment, before, after, actor)
        return after
    if outcome.kind is OutcomeKind.NOT_FOUND:
        # The rail never had it. Sending it again under the same transaction id cannot double it.
        after = replace(before, outcome=None, next_check_at=now, updated_at=now)
        await note(parts, payment, before, after, actor)
        return after
    if outcome.kind is OutcomeKind.DEEMED and before.outcome != OutcomeKind.DEEMED:
        after = heard(before, outcome, now)
        await note(parts, payment, before, after, actor)
        return after
    return before


async def _check_integrity(
    parts: Parts, payment: Payment, before: Refund, outcome: Outcome, actor: Actor
) -> None:
    if outcome.amount_minor in (None, before.amount_minor):
        return
    await record(
        parts, payment, "payment.integrity_failure", actor, refund_id=before.id, differs="amount"
    )
    raise IntegrityFailure(
        message="the rail's amount differs from the refund's", payment_id=payment.id
    )


def heard(before: Refund, outcome: Outcome, now: datetime) -> Refund:
    """The refund with what the rail said about it, still open."""
    return replace(
        before,
        outcome=outcome.kind,
        msg_id=outcome.msg_id or before.msg_id,
        rrn=outcome.rrn or before.rrn,
        response_code=outcome.response_code,
        updated_at=now,
    )


async def note(
    parts: Parts, payment: Payment, before: Refund, after: Refund, actor: Actor, *also: Amend
) -> None:
    """Write down a change of an open refund that a merchant need not hear of."""
    line = audit_record(
        payment,
        "refund.noted",
        actor,
        after.updated_at,
        refund_id=after.id,
        outcome=after.outcome,
    )
    guard = amend(before, after, expect=("status", "outcome", "checks_made"))
    await parts.journal.commit(Change(payment.bucket, (line,), (guard, *also)))


async def end(
    parts: Parts, payment: Payment, before: Refund, after: Refund, actor: Actor, *also: Amend
) -> None:
    """Write down the end of a refund; a failed one gives back what it had reserved."""
    now = after.updated_at
    postings: tuple[LedgerTransaction, ...] = ()
    values: dict[str, int] = {}
    if after.status is RefundStatus.FAILED:
        rail = await _rail_name(parts, payment)
        id = new_id("ltx", payment.bucket, milliseconds(now))
        postings = (Books(payment, rail, now).refund_failed(id, after),)
        if after.origin is RefundOrigin.MERCHANT:
            values["refunded_minor"] = payment.refunded_minor - after.amount_minor
    moved = payment.noted(now, **values)
    succeeded = after.status is RefundStatus.SUCCESS
    type = EventType.REFUND_SUCCEEDED if succeeded else EventType.REFUND_FAILED
    event = event_of(moved, type, refund_view(after), now)
    change = step(
        payment,
        moved,
        event,
        actor,
        now,
        amends=(amend(before, after, expect=("status",)), *also),
        postings=postings,
        refund_id=after.id,
        response_code=after.response_code,
    )
    await commit(parts, change, event, moved)


async def _rail_name(parts: Parts, payment: Payment) -> str:
    state = await parts.store.upi_state(payment.id)
    if state is None:
        raise NotFound(payment_id=payment.id)
    return state.upi.rail
