"""A person decides about a payment that the fraud rules held back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

from sikka.domain.change import amend
from sikka.domain.errors import Conflict, Duplicate, NotFound, UnprocessableRequest
from sikka.domain.fraud import Decision, Review
from sikka.domain.merchant import Merchant
from sikka.domain.payment import Flow, Stage, Status
from sikka.domain.records import EventType
from sikka.domain.views import encode
from sikka.flows.parts import Answer, Caller, Parts
from sikka.flows.replay import completed, replayed, running, settled
from sikka.flows.steps import commit, event_of, milliseconds, state_view, step
from sikka.flows.submit import submit
from sikka.ports import UpiState
from sikka_core import new_id


async def approve(parts: Parts, payment_id: str, caller: Caller, note: str | None) -> Answer:
    """Let a held payment go on: a collect is sent, a link becomes payable.

    The customer's time starts now.

    Raises:
        NotFound: no such payment of this merchant in this mode.
        UnprocessableRequest: it is not in review (any more). Nothing was changed.
    """
    if (answer := await replayed(parts, caller)) is not None:
        return answer
    state = await _held(parts, payment_id, caller)
    merchant = await parts.store.merchant(state.payment.merchant_id)
    if merchant is None:
        raise NotFound(payment_id=payment_id)
    return await _contended(lambda: _approve(parts, state, merchant, caller, note), parts, caller)


async def decline(parts: Parts, payment_id: str, caller: Caller, note: str | None) -> Answer:
    """Refuse a held payment; it is cancelled and was never sent.

    Raises:
        NotFound, UnprocessableRequest: as `approve`.
    """
    if (answer := await replayed(parts, caller)) is not None:
        return answer
    state = await _held(parts, payment_id, caller)
    return await _contended(lambda: _decline(parts, state, caller, note), parts, caller)


async def _contended(
    decide: Callable[[], Awaitable[Answer]], parts: Parts, caller: Caller
) -> Answer:
    try:
        return await decide()
    except Duplicate:
        return await settled(parts, caller)
    except Conflict:
        raise UnprocessableRequest(message="the payment is not in review any more") from None


async def _held(parts: Parts, payment_id: str, caller: Caller) -> UpiState:
    state = await parts.store.upi_state(payment_id)
    if (
        state is None
        or state.payment.merchant_id != caller.merchant_id
        or state.payment.livemode != caller.livemode
    ):
        raise NotFound(param="payment_id", payment_id=payment_id)
    if state.payment.stage is not Stage.IN_REVIEW:
        raise UnprocessableRequest(message="the payment is not in review", payment_id=payment_id)
    return state


def _review(
    parts: Parts, state: UpiState, decision: Decision, caller: Caller, note: str | None
) -> Review:
    now = parts.clock.now()
    bucket = state.payment.bucket
    id = new_id("rev", bucket, milliseconds(now))
    return Review(id, bucket, state.payment.id, decision, caller.actor.user_id, note, now)


async def _approve(
    parts: Parts, state: UpiState, merchant: Merchant, caller: Caller, note: str | None
) -> Answer:
    review = _review(parts, state, Decision.APPROVE, caller, note)
    now = review.at
    collects = state.upi.flow is Flow.COLLECT
    expires_at = now + timedelta(seconds=parts.policy.collect_expiry_s)
    payment = state.payment.moved(
        Status.PENDING,
        Stage.CREATED if collects else Stage.ACTION_REQUIRED,
        now,
        expires_at=expires_at,
    )
    upi = state.upi
    if collects:
        upi = replace(
            upi,
            rrn=await parts.numbers.next_rrn(now),
            next_check_at=now + timedelta(seconds=parts.policy.check_delays_s[0]),
            updated_at=now,
        )
    after = UpiState(payment, upi, state.assessment)
    answer = Answer(200, encode(state_view(after)))
    claim = (
        running(parts, caller, payment.bucket, now, payment.id)
        if collects
        else completed(parts, caller, payment.bucket, now, answer, payment.id)
    )
    event = event_of(payment, EventType.PAYMENT_REVIEWED, state_view(after), now)
    amends = (amend(state.upi, upi),) if collects else ()
    change = step(
        state.payment, payment, event, caller.actor, now, rows=(review, claim), amends=amends
    )
    await commit(parts, change, event, payment)
    if collects:
        return await submit(parts, after, merchant, caller, claim)
    return answer


async def _decline(parts: Parts, state: UpiState, caller: Caller, note: str | None) -> Answer:
    review = _review(parts, state, Decision.DECLINE, caller, note)
    payment = state.payment.moved(
        Status.FAILED, Stage.CANCELLED, review.at, failure_code="review_declined"
    )
    after = UpiState(payment, state.upi, state.assessment)
    answer = Answer(200, encode(state_view(after)))
    claim = completed(parts, caller, payment.bucket, review.at, answer, payment.id)
    event = event_of(payment, EventType.PAYMENT_FAILED, state_view(after), review.at)
    change = step(state.payment, payment, event, caller.actor, review.at, rows=(review, claim))
    await commit(parts, change, event, payment)
    return answer
