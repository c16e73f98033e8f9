"""A person decides about a payment that was held back."""

from __future__ import annotations

from sikka.domain.merchant import Merchant
from sikka.domain.payment import Stage
from sikka.domain.records import IdempotencyRecord
from sikka.domain.review import Reviewer, ReviewNote, ReviewStatus
from sikka.domain.views import encode
from sikka.flows.parts import Answer, Caller, Parts
from sikka.flows.replay import completed, running
from sikka.flows.review_case import note_of, owned_case, reviewer_of, undisturbed
from sikka.flows.steps import state_view
from sikka.flows.submit import submit
from sikka.flows.verdict import end, payee_of, verdict
from sikka.ports import ReviewCase, UpiState


async def approve(
    parts: Parts,
    payment_id: str,
    caller: Caller,
    *,
    reviewer: str | None = None,
    note: str | None = None,
) -> Answer:
    """Let a held payment go on from where it stood: a collect is sent, a link becomes payable.

    The customer's time starts now. It is written down before a byte leaves: when the process
    dies before the rail has answered, the poller asks the rail, as with any payment.

    Args:
        reviewer: the person whom the merchant's back office names; None when the key is enough.
        note: kept among the review's notes.

    Returns:
        200 with the payment of a link; for a collect what its creation would have been answered:
        201, 402 when the rail refused it, 424 when the rail provably did not get it.

    Raises:
        NotFound: no payment of this merchant and mode was held under this id.
        UnprocessableRequest: another reviewer has it in hand (`review_claimed`), it was decided
            about already (`review_decided`), or its rail is not configured any more. Nothing was
            changed.
        IdempotencyMismatch, IdempotencyKeyInUse: as `sikka.flows.replay.replayed`.
    """
    by = reviewer_of(caller, reviewer)

    async def attempt() -> Answer | tuple[UpiState, Merchant, IdempotencyRecord]:
        before = await _decidable(parts, payment_id, caller, by)
        merchant = await payee_of(parts, before.state)
        after, notes = await _ended(parts, before, ReviewStatus.APPROVED, by, note)
        payment = after.state.payment
        if payment.stage is not Stage.CREATED:
            answer = Answer(200, encode(state_view(after.state)))
            key = completed(parts, caller, payment.bucket, payment.updated_at, answer, payment.id)
            await end(parts, before, after, caller.actor, *notes, key)
            return answer
        key = running(parts, caller, payment.bucket, payment.updated_at, payment.id)
        await end(parts, before, after, caller.actor, *notes, key)
        return after.state, merchant, key

    done = await undisturbed(parts, caller, attempt)
    if isinstance(done, Answer):
        return done
    state, merchant, key = done
    return await submit(parts, state, merchant, caller, key)


async def decline(
    parts: Parts,
    payment_id: str,
    caller: Caller,
    *,
    reviewer: str | None = None,
    note: str | None = None,
) -> Answer:
    """Refuse a held payment; it is cancelled and was never sent.

    Args:
        reviewer, note: as for `approve`.

    Returns:
        200 with the payment.

    Raises:
        NotFound, UnprocessableRequest, IdempotencyMismatch, IdempotencyKeyInUse: as `approve`.
    """
    by = reviewer_of(caller, reviewer)

    async def attempt() -> Answer:
        before = await _decidable(parts, payment_id, caller, by)
        after, notes = await _ended(parts, before, ReviewStatus.DECLINED, by, note)
        payment = after.state.payment
        answer = Answer(200, encode(state_view(after.state)))
        key = completed(parts, caller, payment.bucket, payment.updated_at, answer, payment.id)
        await end(parts, before, after, caller.actor, *notes, key)
        return answer

    return await undisturbed(parts, caller, attempt)


async def _decidable(parts: Parts, payment_id: str, caller: Caller, by: Reviewer) -> ReviewCase:
    case = await owned_case(parts, payment_id, caller)
    case.review.check_waits()
    case.review.check_free_for(by, parts.clock.now())
    return case


async def _ended(
    parts: Parts,
    before: ReviewCase,
    status: ReviewStatus,
    by: Reviewer,
    note: str | None,
) -> tuple[ReviewCase, tuple[ReviewNote, ...]]:
    """The case after the decision, and what is written about it."""
    now = parts.clock.now()
    after = await verdict(parts, before, status, by, now)
    if note is None:
        return after, ()
    return ReviewCase(after.state, after.review.noted()), (note_of(after.review, by, note, now),)
