"""Apply a rail's word to a payment. Safe to repeat, in any order, from several processes at once.

    the rail says    the payment is open         SUCCESS          FAILED or EXPIRED
    approved         SUCCESS, booked             nothing to do    suspense, refunded automatically
    declined         FAILED or EXPIRED           contradiction    nothing to do
    deemed           deemed, in suspense         nothing to do    contradiction
    not found        see `_not_found`            contradiction    nothing to do

A contradiction, and an answer that differs in amount, currency or party, is recorded and
alerted, and applied never.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from sikka.domain.change import Change, amend
from sikka.domain.errors import Conflict, IntegrityFailure, NotFound
from sikka.domain.ledger import Books, LedgerTransaction
from sikka.domain.merchant import Merchant
from sikka.domain.outcome import Outcome, OutcomeKind
from sikka.domain.payment import Payment, Stage, Status, UpiTransaction
from sikka.domain.records import Actor, EventType
from sikka.domain.refund import Refund, RefundOrigin, RefundStatus
from sikka.flows.parts import Parts
from sikka.flows.steps import audit_record, commit, event_of, milliseconds, state_view, step
from sikka.ports import UpiState
from sikka_core import new_id

# Each conflict means that somebody else moved the payment on, and a payment moves a few times
# in its life; more than this is a fault worth raising.
ATTEMPTS = 8


async def conclude_payment(
    parts: Parts, state: UpiState, outcome: Outcome, actor: Actor
) -> UpiState:
    """Apply `outcome`; return the payment as it is afterwards.

    Raises:
        IntegrityFailure: the answer is not about our amount, currency or parties. Recorded.
        Conflict: others changed the payment again and again; nothing was written.
        Unavailable: nothing was written.
    """
    for attempt in range(ATTEMPTS):
        try:
            return await _apply(parts, state, outcome, actor)
        except Conflict:
            if attempt == ATTEMPTS - 1:
                raise
            payment_id = state.payment.id
            latest = await parts.store.upi_state(payment_id)
            if latest is None:
                raise NotFound(payment_id=payment_id) from None
            state = latest
    raise AssertionError("the loop returns or raises")


async def _apply(parts: Parts, state: UpiState, outcome: Outcome, actor: Actor) -> UpiState:
    kind = outcome.kind
    if kind in (OutcomeKind.APPROVED, OutcomeKind.DEEMED):
        await _check_integrity(parts, state, outcome, actor)
    if kind is OutcomeKind.APPROVED:
        return await _approved(parts, state, outcome, actor)
    if kind is OutcomeKind.DECLINED:
        return await _declined(parts, state, outcome, actor)
    if kind is OutcomeKind.DEEMED:
        return await _deemed(parts, state, outcome, actor)
    if kind is OutcomeKind.NOT_FOUND:
        return await _not_found(parts, state, outcome, actor)
    return state


def difference(state: UpiState, outcome: Outcome) -> str | None:
    """What the answer says differently from the payment, or None. Values stay out of the text."""
    payment, upi = state.payment, state.upi
    if outcome.amount_minor is not None and outcome.amount_minor != payment.amount_minor:
        return "amount"
    if outcome.currency is not None and outcome.currency != payment.currency:
        return "currency"
    if outcome.payee_vpa is not None and outcome.payee_vpa != upi.payee_vpa:
        return "payee"
    if outcome.payer_vpa is not None and upi.payer_vpa and outcome.payer_vpa != upi.payer_vpa:
        return "payer"
    return None


async def _check_integrity(parts: Parts, state: UpiState, outcome: Outcome, actor: Actor) -> None:
    differs = difference(state, outcome)
    if differs is None:
        return
    payment = state.payment
    await record(
        parts, payment, "payment.integrity_failure", actor, differs=differs, said=outcome.kind
    )
    raise IntegrityFailure(
        message=f"the rail's {differs} differs from the payment's", payment_id=payment.id
    )


async def record(
    parts: Parts, payment: Payment, action: str, actor: Actor, **metadata: Any
) -> None:
    """Write what happened into the audit trail, changing nothing else, and alert."""
    line = audit_record(payment, action, actor, parts.clock.now(), **metadata)
    await parts.journal.commit(Change(payment.bucket, (line,)))
    parts.observe(action, payment_id=payment.id, **metadata)


async def _approved(parts: Parts, state: UpiState, outcome: Outcome, actor: Actor) -> UpiState:
    payment, upi = state.payment, state.upi
    if payment.status is Status.SUCCESS or upi.outcome == OutcomeKind.APPROVED:
        return state
    now = parts.clock.now()
    if not payment.is_open:
        return await _late(parts, state, outcome, actor, now)
    merchant = await _merchant(parts, payment)
    books = Books(payment, upi.rail, now)
    id = new_id("ltx", payment.bucket, milliseconds(now))
    held = upi.outcome == OutcomeKind.DEEMED
    posting = books.released(id, merchant) if held else books.captured(id, merchant)
    after = payment.moved(Status.SUCCESS, Stage.CAPTURED, now, captured_minor=payment.amount_minor)
    return await _move(parts, state, after, outcome, EventType.PAYMENT_SUCCEEDED, actor, (posting,))


async def _declined(parts: Parts, state: UpiState, outcome: Outcome, actor: Actor) -> UpiState:
    payment, upi = state.payment, state.upi
    if payment.status is Status.SUCCESS or upi.outcome == OutcomeKind.APPROVED:
        await record(
            parts,
            payment,
            "payment.contradiction",
            actor,
            said=outcome.kind,
            response_code=outcome.response_code,
        )
        return state
    if not payment.is_open:
        return state
    now = parts.clock.now()
    postings: tuple[LedgerTransaction, ...] = ()
    if upi.outcome == OutcomeKind.DEEMED:
        id = new_id("ltx", payment.bucket, milliseconds(now))
        postings = (Books(payment, upi.rail, now).unheld(id),)
    code = outcome.failure_code or "payment_declined"
    expired = code == "payment_collect_request_expired" and not postings
    after = payment.moved(
        Status.EXPIRED if expired else Status.FAILED,
        Stage.EXPIRED if expired else Stage.DECLINED,
        now,
        failure_code=code,
    )
    event = EventType.PAYMENT_EXPIRED if expired else EventType.PAYMENT_FAILED
    return await _move(parts, state, after, outcome, event, actor, postings)


async def _deemed(parts: Parts, state: UpiState, outcome: Outcome, actor: Actor) -> UpiState:
    payment, upi = state.payment, state.upi
    if payment.status is Status.SUCCESS or upi.outcome in (
        OutcomeKind.DEEMED,
        OutcomeKind.APPROVED,
    ):
        return state
    if not payment.is_open:
        await record(parts, payment, "payment.contradiction", actor, said=outcome.kind)
        return state
    now = parts.clock.now()
    id = new_id("ltx", payment.bucket, milliseconds(now))
    posting = Books(payment, upi.rail, now).held(id, "deemed")
    after = payment.moved(Status.PENDING, Stage.DEEMED, now)
    return await _move(parts, state, after, outcome, EventType.PAYMENT_DEEMED, actor, (posting,))


async def _not_found(parts: Parts, state: UpiState, outcome: Outcome, actor: Actor) -> UpiState:
    """The rail never had it.

    A link that nobody used expires. A request that the rail never acknowledged has failed. One
    that it did acknowledge is a contradiction that a person must look at.
    """
    payment, upi = state.payment, state.upi
    now = parts.clock.now()
    if not payment.is_open:
        if payment.status is Status.SUCCESS:
            await record(parts, payment, "payment.contradiction", actor, said=outcome.kind)
        return state
    if payment.stage is Stage.ACTION_REQUIRED:
        if payment.expires_at is None or now < payment.expires_at:
            return state
        after = payment.moved(
            Status.EXPIRED, Stage.EXPIRED, now, failure_code="payment_collect_request_expired"
        )
        return await _move(parts, state, after, outcome, EventType.PAYMENT_EXPIRED, actor)
    if upi.outcome in (None, OutcomeKind.AMBIGUOUS):
        after = payment.moved(
            Status.FAILED, Stage.DECLINED, now, failure_code="transaction_not_found"
        )
        return await _move(parts, state, after, outcome, EventType.PAYMENT_FAILED, actor)
    if payment.stage is Stage.NEEDS_ATTENTION:
        return state
    # The rail's last word (acknowledged, deemed) stays: it tells where the money stands.
    return await needs_attention(parts, state, actor, said=outcome.kind)


async def needs_attention(parts: Parts, state: UpiState, actor: Actor, **metadata: Any) -> UpiState:
    """Hand an open payment to a person: the rail could not be made to say, or contradicts itself.

    The money stays where the books have it; a later word of the rail still concludes it.
    """
    now = parts.clock.now()
    after = UpiState(
        state.payment.moved(Status.PENDING, Stage.NEEDS_ATTENTION, now),
        replace(state.upi, next_check_at=None, updated_at=now),
        state.assessment,
    )
    event = event_of(after.payment, EventType.PAYMENT_NEEDS_ATTENTION, state_view(after), now)
    change = step(
        state.payment,
        after.payment,
        event,
        actor,
        now,
        amends=(amend(state.upi, after.upi),),
        **metadata,
    )
    await commit(parts, change, event, after.payment)
    return after


async def _late(
    parts: Parts, state: UpiState, outcome: Outcome, actor: Actor, now: datetime
) -> UpiState:
    """Money for a payment that has ended: into suspense, and back to the customer."""
    payment, upi = state.payment, state.upi
    books = Books(payment, upi.rail, now)
    refund = automatic_refund(parts, state, now)
    postings = (
        books.held(new_id("ltx", payment.bucket, milliseconds(now)), "late_success"),
        books.refunded(new_id("ltx", payment.bucket, milliseconds(now)), refund),
    )
    return await _move(
        parts,
        state,
        payment.noted(now),
        outcome,
        EventType.PAYMENT_LATE_SUCCESS,
        actor,
        postings,
        rows=(refund,),
    )


def automatic_refund(parts: Parts, state: UpiState, now: datetime) -> Refund:
    """The refund of a late success; the poller sends it, since its check is due at once."""
    payment = state.payment
    id = new_id("rfd", payment.bucket, milliseconds(now))
    return Refund(
        id=id,
        bucket=payment.bucket,
        payment_id=payment.id,
        merchant_id=payment.merchant_id,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        status=RefundStatus.PENDING,
        origin=RefundOrigin.LATE_SUCCESS,
        reason=None,
        metadata={},
        npci_txn_id=parts.rail(state.upi.rail).transaction_id(id),
        msg_id=None,
        rrn=None,
        response_code=None,
        failure_code=None,
        outcome=None,
        needs_attention=False,
        checks_made=0,
        next_check_at=now,
        livemode=payment.livemode,
        created_at=now,
        updated_at=now,
    )


async def _merchant(parts: Parts, payment: Payment) -> Merchant:
    merchant = await parts.store.merchant(payment.merchant_id)
    if merchant is None:
        raise NotFound(message="the payment's merchant is gone", payment_id=payment.id)
    return merchant


def _heard(
    upi: UpiTransaction, outcome: Outcome, now: datetime, keep_asking: bool
) -> UpiTransaction:
    return replace(
        upi,
        payer_vpa=upi.payer_vpa or outcome.payer_vpa or "",
        rrn=outcome.rrn or upi.rrn,
        bank_ref_id=outcome.bank_ref_id or upi.bank_ref_id,
        approval_code=outcome.approval_code or upi.approval_code,
        response_code=outcome.response_code,
        status_message=outcome.message,
        outcome=outcome.kind,
        next_check_at=upi.next_check_at if keep_asking else None,
        updated_at=now,
    )


async def _move(
    parts: Parts,
    state: UpiState,
    payment: Payment,
    outcome: Outcome,
    event_type: EventType,
    actor: Actor,
    postings: tuple[LedgerTransaction, ...] = (),
    rows: tuple[object, ...] = (),
) -> UpiState:
    now = payment.updated_at
    upi = _heard(state.upi, outcome, now, keep_asking=payment.is_open)
    after = UpiState(payment, upi, state.assessment)
    event = event_of(payment, event_type, state_view(after), now)
    change = step(
        state.payment,
        payment,
        event,
        actor,
        now,
        rows=rows,
        amends=(amend(state.upi, upi),),
        postings=postings,
        response_code=outcome.response_code,
        rrn=outcome.rrn,
    )
    await commit(parts, change, event, payment)
    return after
