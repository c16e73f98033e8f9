"""A refund: reserve the money, write it down, send it, and hear what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sikka.domain.change import Change
from sikka.domain.errors import (
    Conflict,
    Duplicate,
    InvalidRequest,
    NotFound,
    UnprocessableRequest,
)
from sikka.domain.ledger import Books
from sikka.domain.merchant import Merchant
from sikka.domain.outcome import Outcome, OutcomeKind
from sikka.domain.payment import Payment, Stage, Status
from sikka.domain.records import Actor, EventType, IdempotencyRecord
from sikka.domain.refund import Refund, RefundOrigin, RefundStatus
from sikka.domain.views import refund_view
from sikka.flows.conclude import ATTEMPTS
from sikka.flows.conclude_refund import end, heard, note
from sikka.flows.parts import Answer, Caller, Parts
from sikka.flows.replay import completion, refund_answer, replayed, running, settled
from sikka.flows.schedule import next_check_at
from sikka.flows.steps import audit_record, commit, event_of, milliseconds, step
from sikka.ports import UpiState
from sikka_core import new_id


@dataclass(frozen=True, slots=True)
class RefundOrder:
    """What the merchant asks for; `amount_minor` None means all that is left."""

    amount_minor: int | None
    reason: str | None
    metadata: Mapping[str, str]


async def refund(parts: Parts, payment_id: str, order: RefundOrder, caller: Caller) -> Answer:
    """Give money of a captured payment back.

    The amount is reserved, and booked, before anything is sent; a refund that fails puts both
    back. Concurrent refunds together never exceed what was captured.

    Raises:
        NotFound: no such payment of this merchant in this mode.
        UnprocessableRequest: not captured, or more than what is left. Nothing was changed.
        InvalidRequest: the amount breaks its rule. Nothing was changed.
    """
    if (answer := await replayed(parts, caller)) is not None:
        return answer
    for attempt in range(ATTEMPTS):
        state = await _refundable(parts, payment_id, caller)
        merchant = await parts.store.merchant(caller.merchant_id)
        if merchant is None:
            raise NotFound(payment_id=payment_id)
        now = parts.clock.now()
        draft = await _draft(parts, state, order, now)
        claim = running(parts, caller, state.payment.bucket, now, draft.id)
        try:
            payment = await _open(parts, state, draft, claim, caller.actor, now)
        except Duplicate:
            return await settled(parts, caller)
        except Conflict:
            if attempt == ATTEMPTS - 1:
                raise
            continue
        state = UpiState(payment, state.upi, state.assessment)
        return await _send_and_answer(parts, state, draft, merchant, caller, claim)
    raise AssertionError("the loop returns or raises")


async def _refundable(parts: Parts, payment_id: str, caller: Caller) -> UpiState:
    state = await parts.store.upi_state(payment_id)
    if (
        state is None
        or state.payment.merchant_id != caller.merchant_id
        or state.payment.livemode != caller.livemode
    ):
        raise NotFound(param="payment_id", payment_id=payment_id)
    if state.payment.state != (Status.SUCCESS, Stage.CAPTURED):
        raise UnprocessableRequest("payment_not_captured", payment_id=payment_id)
    return state


async def _draft(parts: Parts, state: UpiState, order: RefundOrder, now: datetime) -> Refund:
    payment = state.payment
    left = payment.refundable_minor
    amount = left if order.amount_minor is None else order.amount_minor
    if order.amount_minor is not None and order.amount_minor < 1:
        raise InvalidRequest("amount_invalid", "amount must be at least 1", param="amount")
    if amount > left or amount < 1:
        raise UnprocessableRequest(
            "refund_exceeds_captured",
            f"{left} of {payment.captured_minor} is left to refund",
            param="amount",
            payment_id=payment.id,
        )
    id = new_id("rfd", payment.bucket, milliseconds(now))
    return Refund(
        id=id,
        bucket=payment.bucket,
        payment_id=payment.id,
        merchant_id=payment.merchant_id,
        amount_minor=amount,
        currency=payment.currency,
        status=RefundStatus.PENDING,
        origin=RefundOrigin.MERCHANT,
        reason=order.reason,
        metadata=order.metadata,
        npci_txn_id=parts.rail(state.upi.rail).transaction_id(id),
        msg_id=None,
        rrn=await parts.numbers.next_rrn(now),
        response_code=None,
        failure_code=None,
        outcome=None,
        needs_attention=False,
        checks_made=0,
        next_check_at=next_check_at(parts.policy, now, 0, now),
        livemode=payment.livemode,
        created_at=now,
        updated_at=now,
    )


async def _open(
    parts: Parts,
    state: UpiState,
    draft: Refund,
    claim: IdempotencyRecord,
    actor: Actor,
    now: datetime,
) -> Payment:
    before = state.payment
    payment = before.noted(now, refunded_minor=before.refunded_minor + draft.amount_minor)
    event = event_of(payment, EventType.REFUND_CREATED, refund_view(draft), now)
    booking = Books(payment, state.upi.rail, now).refunded(
        new_id("ltx", payment.bucket, milliseconds(now)), draft
    )
    change = step(
        before,
        payment,
        event,
        actor,
        now,
        rows=(claim, draft),
        postings=(booking,),
        refund_id=draft.id,
    )
    await commit(parts, change, event, payment)
    return payment


async def _send_and_answer(
    parts: Parts,
    state: UpiState,
    draft: Refund,
    merchant: Merchant,
    caller: Caller,
    claim: IdempotencyRecord,
) -> Answer:
    now = parts.clock.now()
    outcome = await parts.rail(state.upi.rail).refund(
        draft, state.payment, state.upi, merchant, now
    )
    try:
        if outcome.kind in (OutcomeKind.DECLINED, OutcomeKind.NOT_SENT):
            default = "rail_unavailable" if outcome.kind is OutcomeKind.NOT_SENT else None
            code = outcome.failure_code or default or "payment_declined"
            failed = replace(outcome, kind=OutcomeKind.DECLINED, failure_code=code)
            return await _ended(parts, state.payment, draft, failed, caller, claim)
        return await _sent(parts, state.payment, draft, outcome, caller, claim)
    except Conflict:
        return await _answered_as_it_is(parts, state.payment, draft.id, caller, claim)


async def _sent(
    parts: Parts,
    payment: Payment,
    draft: Refund,
    outcome: Outcome,
    caller: Caller,
    claim: IdempotencyRecord,
) -> Answer:
    after = heard(draft, outcome, parts.clock.now())
    answer = refund_answer(after, caller.request_id)
    await note(parts, payment, draft, after, caller.actor, completion(claim, answer))
    return answer


async def _ended(
    parts: Parts,
    payment: Payment,
    draft: Refund,
    outcome: Outcome,
    caller: Caller,
    claim: IdempotencyRecord,
) -> Answer:
    after = draft.ended(
        RefundStatus.FAILED,
        parts.clock.now(),
        failure_code=outcome.failure_code,
        response_code=outcome.response_code,
        outcome=outcome.kind,
    )
    answer = refund_answer(after, caller.request_id)
    await end(parts, payment, draft, after, caller.actor, completion(claim, answer))
    return answer


async def _answered_as_it_is(
    parts: Parts, payment: Payment, refund_id: str, caller: Caller, claim: IdempotencyRecord
) -> Answer:
    latest = await parts.store.refund(refund_id)
    if latest is None:
        raise NotFound(payment_id=payment.id)
    answer = refund_answer(latest, caller.request_id)
    line = audit_record(payment, "idempotency.completed", caller.actor, parts.clock.now())
    try:
        await parts.journal.commit(Change(payment.bucket, (line,), (completion(claim, answer),)))
    except Conflict:
        return await settled(parts, caller)
    return answer
