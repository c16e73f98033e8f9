"""Ask the rail about what is still open, on the rail's own schedule, until it says."""

from __future__ import annotations

from dataclasses import replace

from sikka.domain.change import Change, amend
from sikka.domain.errors import Conflict, NotFound
from sikka.domain.outcome import OutcomeKind
from sikka.domain.payment import Payment, Stage
from sikka.domain.records import Actor, EventType
from sikka.domain.refund import Refund
from sikka.domain.views import refund_view
from sikka.flows.conclude import conclude_payment, needs_attention
from sikka.flows.conclude_refund import conclude_refund, heard, note
from sikka.flows.parts import Parts
from sikka.flows.schedule import is_exhausted, next_check_at
from sikka.flows.steps import audit_record, commit, event_of, step
from sikka.ports import UpiState

POLLER = Actor("poller")


async def poll_payment(parts: Parts, state: UpiState) -> None:
    """Check one payment whose check is due.

    The check is written down before it is made, so that two workers never make the same one.
    A worker that comes second finds a conflict and goes on.
    """
    payment, upi = state.payment, state.upi
    now = parts.clock.now()
    if not payment.is_open:
        return
    try:
        if is_exhausted(parts.policy, upi.created_at, upi.updated_at, now):
            if payment.stage is not Stage.NEEDS_ATTENTION:
                await needs_attention(parts, state, POLLER, checks_made=upi.checks_made)
            return
        made = upi.checks_made + 1
        after = replace(
            upi,
            checks_made=made,
            next_check_at=next_check_at(parts.policy, upi.created_at, made, now),
            updated_at=now,
        )
        line = audit_record(payment, "payment.checked", POLLER, now, checks_made=made)
        guard = amend(upi, after, expect=("checks_made", "outcome"))
        await parts.journal.commit(Change(payment.bucket, (line,), (guard,)))
    except Conflict:
        return
    outcome = await parts.rail(upi.rail).check(
        upi.npci_txn_id, original_at=upi.created_at, rrn=upi.rrn, refund=False, now=now
    )
    if outcome.kind in (OutcomeKind.NOT_SENT, OutcomeKind.AMBIGUOUS, OutcomeKind.PENDING):
        return
    await conclude_payment(parts, UpiState(payment, after, state.assessment), outcome, POLLER)


async def poll_refund(parts: Parts, refund: Refund) -> None:
    """Send a refund that nobody is known to have sent, or check one that is open.

    Sending again is safe: the rail takes a transaction id once.
    """
    state = await parts.store.upi_state(refund.payment_id)
    merchant = await parts.store.merchant(refund.merchant_id)
    if state is None or merchant is None:
        raise NotFound(payment_id=refund.payment_id)
    now = parts.clock.now()
    rail = parts.rail(state.upi.rail)
    try:
        if is_exhausted(parts.policy, refund.created_at, refund.updated_at, now):
            await _refund_needs_attention(parts, state.payment, refund)
            return
        made = refund.checks_made + 1
        due = next_check_at(parts.policy, refund.created_at, made, now)
        rrn = refund.rrn or await parts.numbers.next_rrn(now)
        claimed = replace(refund, checks_made=made, next_check_at=due, rrn=rrn, updated_at=now)
        await note(parts, state.payment, refund, claimed, POLLER)
    except Conflict:
        return
    if refund.outcome is None:
        outcome = await rail.refund(claimed, state.payment, state.upi, merchant, now)
        if outcome.kind is OutcomeKind.NOT_SENT:
            return
        if outcome.kind in (OutcomeKind.PENDING, OutcomeKind.AMBIGUOUS):
            await _noted(parts, state.payment, claimed, heard(claimed, outcome, now))
            return
    else:
        outcome = await rail.check(
            refund.npci_txn_id, original_at=refund.created_at, rrn=rrn, refund=True, now=now
        )
        if outcome.kind in (OutcomeKind.NOT_SENT, OutcomeKind.AMBIGUOUS, OutcomeKind.PENDING):
            return
    await conclude_refund(parts, refund.id, outcome, POLLER)


async def _noted(parts: Parts, payment: Payment, before: Refund, after: Refund) -> None:
    try:
        await note(parts, payment, before, after, POLLER)
    except Conflict:
        # A callback was faster and has said more than the acknowledgement does.
        return


async def _refund_needs_attention(parts: Parts, payment: Payment, refund: Refund) -> None:
    now = parts.clock.now()
    if refund.needs_attention:
        return
    after = replace(refund, needs_attention=True, next_check_at=None, updated_at=now)
    moved = payment.noted(now)
    event = event_of(moved, EventType.REFUND_NEEDS_ATTENTION, refund_view(after), now)
    change = step(
        payment,
        moved,
        event,
        POLLER,
        now,
        amends=(amend(refund, after, expect=("status",)),),
        refund_id=refund.id,
    )
    await commit(parts, change, event, moved)
