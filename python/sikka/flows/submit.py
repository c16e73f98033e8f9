"""Send a payment that is durably written to its rail, once, and write down what it said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from sikka.domain.change import Amend, Change, amend
from sikka.domain.errors import Conflict, NotFound
from sikka.domain.merchant import Merchant
from sikka.domain.outcome import Outcome, OutcomeKind
from sikka.domain.payment import Stage, Status
from sikka.domain.records import Actor, EventType, IdempotencyRecord
from sikka.flows.parts import Answer, Caller, Parts
from sikka.flows.replay import completion, payment_answer, settled
from sikka.flows.steps import audit_record, commit, event_of, state_view, step
from sikka.ports import UpiState


async def submit(
    parts: Parts,
    state: UpiState,
    merchant: Merchant,
    caller: Caller,
    claim: IdempotencyRecord,
) -> Answer:
    """Send, and answer the caller.

    The answer is stored under the caller's key in the change that records the rail's word. A
    callback that overtook it wins; the answer then tells what the callback brought.
    """
    answer: Answer | None = None

    def answered(after: UpiState) -> tuple[Amend, ...]:
        nonlocal answer
        answer = payment_answer(after, caller.request_id)
        return (completion(claim, answer),)

    if await send(parts, state, merchant, caller.actor, answered) is None or answer is None:
        return await _answered_as_it_is(parts, state.payment.id, caller, claim)
    return answer


def _nobody_waits(_after: UpiState) -> tuple[Amend, ...]:
    return ()


async def send(
    parts: Parts,
    state: UpiState,
    merchant: Merchant,
    actor: Actor,
    answered: Callable[[UpiState], tuple[Amend, ...]] = _nobody_waits,
) -> UpiState | None:
    """Send, and write down what the rail said.

    Args:
        answered: what else is amended together with that, given the payment as it is then.

    Returns:
        The payment after the rail's word; None when it was not sent any more, or when somebody
        else (a callback, the poller) has moved it on meanwhile.
    """
    now = parts.clock.now()
    if now - state.payment.updated_at > timedelta(seconds=parts.policy.send_window_s):
        # This process was paused. The poller may own the payment by now, so it is not sent.
        return None
    rail = parts.rail(merchant.rail)
    outcome = await rail.collect(state.payment, state.upi, merchant, now)
    try:
        if outcome.kind is OutcomeKind.AMBIGUOUS:
            return await _unknown(parts, state, outcome, actor, answered)
        return await _said(parts, state, outcome, actor, answered)
    except Conflict:
        return None


async def _said(
    parts: Parts,
    state: UpiState,
    outcome: Outcome,
    actor: Actor,
    answered: Callable[[UpiState], tuple[Amend, ...]],
) -> UpiState:
    after, event_type = _after(parts, state, outcome)
    payment = after.payment
    event = event_of(payment, event_type, state_view(after), payment.updated_at)
    change = step(
        state.payment,
        payment,
        event,
        actor,
        payment.updated_at,
        amends=(amend(state.upi, after.upi), *answered(after)),
        response_code=outcome.response_code,
    )
    await commit(parts, change, event, payment)
    return after


def _after(parts: Parts, state: UpiState, outcome: Outcome) -> tuple[UpiState, EventType]:
    now = parts.clock.now()
    upi = replace(
        state.upi,
        outcome=outcome.kind,
        msg_id=outcome.msg_id or state.upi.msg_id,
        response_code=outcome.response_code,
        status_message=outcome.message,
        updated_at=now,
    )
    if outcome.kind is OutcomeKind.PENDING:
        payment = state.payment.moved(Status.PENDING, Stage.SUBMITTED, now)
        return UpiState(payment, upi, state.assessment), EventType.PAYMENT_SUBMITTED
    default = "rail_unavailable" if outcome.kind is OutcomeKind.NOT_SENT else "payment_declined"
    payment = state.payment.moved(
        Status.FAILED, Stage.DECLINED, now, failure_code=outcome.failure_code or default
    )
    return UpiState(
        payment, replace(upi, next_check_at=None), state.assessment
    ), EventType.PAYMENT_FAILED


async def _unknown(
    parts: Parts,
    state: UpiState,
    outcome: Outcome,
    actor: Actor,
    answered: Callable[[UpiState], tuple[Amend, ...]],
) -> UpiState:
    """No answer is no fact: the payment stays `created`, and the poller asks the rail."""
    now = parts.clock.now()
    upi = replace(state.upi, outcome=OutcomeKind.AMBIGUOUS, msg_id=outcome.msg_id, updated_at=now)
    after = UpiState(state.payment, upi, state.assessment)
    record = audit_record(state.payment, "payment.unanswered", actor, now, message=outcome.message)
    change = Change(
        state.payment.bucket,
        (record,),
        (amend(state.upi, upi, expect=("outcome",)), *answered(after)),
    )
    await parts.journal.commit(change)
    parts.observe("payment.unanswered", payment_id=state.payment.id)
    return after


async def _answered_as_it_is(
    parts: Parts,
    payment_id: str,
    caller: Caller,
    claim: IdempotencyRecord,
) -> Answer:
    state = await parts.store.upi_state(payment_id)
    if state is None:
        raise NotFound(payment_id=payment_id)
    answer = payment_answer(state, caller.request_id)
    now = parts.clock.now()
    record = audit_record(state.payment, "idempotency.completed", caller.actor, now)
    change = Change(state.payment.bucket, (record,), (completion(claim, answer),))
    try:
        await parts.journal.commit(change)
    except Conflict:
        return await settled(parts, caller)
    return answer
