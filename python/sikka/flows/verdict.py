"""The end of a review, by a person or by the clock: one step of the payment, which ends the wait.

    approved     a collect becomes `created` and is about to be sent, a link becomes payable
    declined     the payment is cancelled; it was never sent
    expired      the payment expires; it was never sent

Both the payment's version and the review's revision are guarded, so that of all who would end a
review at the same moment one does.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sikka.domain.change import amend
from sikka.domain.errors import NotFound
from sikka.domain.merchant import Merchant
from sikka.domain.payment import Flow, Stage, Status
from sikka.domain.records import Actor, EventType
from sikka.domain.review import Reviewer, ReviewStatus
from sikka.flows.parts import Parts
from sikka.flows.steps import commit, event_of, state_view, step
from sikka.ports import ReviewCase, UpiState

_EVENTS = {
    ReviewStatus.APPROVED: EventType.PAYMENT_REVIEWED,
    ReviewStatus.DECLINED: EventType.PAYMENT_FAILED,
    ReviewStatus.EXPIRED: EventType.PAYMENT_EXPIRED,
}


async def verdict(
    parts: Parts, case: ReviewCase, status: ReviewStatus, by: Reviewer | None, now: datetime
) -> ReviewCase:
    """The case as it is after its end; nothing is written.

    Args:
        by: who decides; None when time does.

    Raises:
        UnprocessableRequest: the payment's rail is not configured any more.
        Unavailable: no reference number could be had.
    """
    state = case.state
    if status is ReviewStatus.APPROVED:
        after = await _let_go_on(parts, case, now)
    elif status is ReviewStatus.DECLINED:
        cancelled = state.payment.moved(
            Status.FAILED, Stage.CANCELLED, now, failure_code="review_declined"
        )
        after = UpiState(cancelled, state.upi, state.assessment)
    else:
        expired = state.payment.moved(
            Status.EXPIRED, Stage.EXPIRED, now, failure_code="review_timed_out"
        )
        after = UpiState(expired, state.upi, state.assessment)
    return ReviewCase(after, case.review.ended(status, by, now))


async def end(
    parts: Parts, before: ReviewCase, after: ReviewCase, actor: Actor, *rows: object
) -> None:
    """Commit the end of a review.

    Args:
        rows: what else is written with it.

    Raises:
        Conflict: somebody else has changed the payment or the review; nothing was written.
    """
    payment, review = after.state.payment, after.review
    now = payment.updated_at
    event = event_of(payment, _EVENTS[review.status], state_view(after.state), now)
    amends = [amend(before.review, review, expect=("revision",))]
    if after.state.upi != before.state.upi:
        amends.append(amend(before.state.upi, after.state.upi))
    change = step(
        before.state.payment,
        payment,
        event,
        actor,
        now,
        rows=rows,
        amends=tuple(amends),
        review=review.status,
        reviewer=review.decision_reviewer,
    )
    await commit(parts, change, event, payment)
    parts.observe(
        "review.ended",
        payment_id=payment.id,
        review=review.status,
        by="reviewer" if review.decider else "timeout",
        age_s=(now - review.created_at).total_seconds(),
    )


async def payee_of(parts: Parts, state: UpiState) -> Merchant:
    """The merchant of a held payment, with the rail and the address that the payment began with.

    The merchant may have changed both while the payment was held; the transaction id, and what
    the rail's answer is compared with, have stayed.

    Raises:
        NotFound: the merchant is gone.
    """
    merchant = await parts.store.merchant(state.payment.merchant_id)
    if merchant is None:
        raise NotFound(message="the payment's merchant is gone", payment_id=state.payment.id)
    return replace(merchant, rail=state.upi.rail, payee_vpa=state.upi.payee_vpa)


async def _let_go_on(parts: Parts, case: ReviewCase, now: datetime) -> UpiState:
    """The customer's time begins, and the attempt with it."""
    payment, upi = case.state.payment, case.state.upi
    parts.rail(upi.rail)
    collects = upi.flow is Flow.COLLECT
    expiry_s = case.review.expires_in_s or parts.policy.collect_expiry_s
    moved = payment.moved(
        Status.PENDING,
        Stage.CREATED if collects else Stage.ACTION_REQUIRED,
        now,
        expires_at=now + timedelta(seconds=expiry_s),
    )
    # The rail is asked about the attempt by the time at which it began, and on a schedule that
    # counts from there; the hours of waiting are not the rail's.
    begun = replace(upi, created_at=now, updated_at=now)
    if collects:
        begun = replace(
            begun,
            rrn=await parts.numbers.next_rrn(now),
            next_check_at=now + timedelta(seconds=parts.policy.check_delays_s[0]),
        )
    return UpiState(moved, begun, case.state.assessment)
