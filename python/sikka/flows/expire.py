"""Payments whose time has run out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sikka.domain.change import Change, amend
from sikka.domain.errors import Conflict
from sikka.domain.payment import Stage, Status
from sikka.domain.records import Actor, EventType
from sikka.domain.review import ReviewStatus, TimeoutAction
from sikka.flows.parts import Parts
from sikka.flows.steps import audit_record, commit, event_of, state_view, step
from sikka.flows.submit import send
from sikka.flows.verdict import end, payee_of, verdict
from sikka.ports import UpiState

CLOCK = Actor("expiry")

_ENDS = {
    TimeoutAction.EXPIRE: ReviewStatus.EXPIRED,
    TimeoutAction.APPROVE: ReviewStatus.APPROVED,
    TimeoutAction.DECLINE: ReviewStatus.DECLINED,
}


async def expire(parts: Parts, state: UpiState) -> None:
    """End a payment that waits past its time, or have the rail asked about it.

    One in review was never sent: what becomes of it here is the house's policy. One that the
    customer could have paid is asked about first; the poller expires it once the rail says that
    it knows nothing of it.
    """
    payment, upi = state.payment, state.upi
    now = parts.clock.now()
    if payment.expires_at is None or now < payment.expires_at or not payment.is_open:
        return
    try:
        if payment.stage is Stage.IN_REVIEW:
            await _end_review(parts, state)
            return
        grace = timedelta(seconds=parts.policy.expiry_grace_s)
        if upi.next_check_at is None and now >= payment.expires_at + grace:
            asked = replace(upi, next_check_at=now, updated_at=now)
            line = audit_record(payment, "payment.overdue", CLOCK, now)
            guard = amend(upi, asked, expect=("checks_made", "outcome"))
            await parts.journal.commit(Change(payment.bucket, (line,), (guard,)))
    except Conflict:
        return


async def _end_review(parts: Parts, state: UpiState) -> None:
    """Decide in the name of the policy, unless a person has done so meanwhile.

    Raises:
        Conflict: a person was faster by a moment; nothing was written.
    """
    case = await parts.reviews.case(state.payment.id)
    if case is None:
        # A process of a version without reviews held it, so that no reviewer can see it.
        await _expired(parts, state)
        return
    if case.review.status is not ReviewStatus.WAITING:
        return
    status, merchant = _ENDS[parts.review_policy.timeout_action], None
    if status is ReviewStatus.APPROVED:
        merchant = await payee_of(parts, case.state)
        if not merchant.active:
            # Nobody asks a customer for money in the name of a merchant that was switched off.
            status = ReviewStatus.EXPIRED
    after = await verdict(parts, case, status, None, parts.clock.now())
    await end(parts, case, after, CLOCK)
    if merchant is not None and after.state.payment.stage is Stage.CREATED:
        await send(parts, after.state, merchant, CLOCK)


async def _expired(parts: Parts, state: UpiState) -> None:
    now = parts.clock.now()
    after = state.payment.moved(Status.EXPIRED, Stage.EXPIRED, now, failure_code="review_timed_out")
    view = state_view(UpiState(after, state.upi, state.assessment))
    event = event_of(after, EventType.PAYMENT_EXPIRED, view, now)
    await commit(parts, step(state.payment, after, event, CLOCK, now), event, after)
