"""Reviewers take held payments in hand, give them back, and write notes.

None of this is a step of the payment: each is a line of the audit trail without a version or an
event, guarded by the review's own revision.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sikka.domain.change import Change, amend
from sikka.domain.review import Review, Reviewer, ReviewNote
from sikka.domain.review_views import note_view, review_view
from sikka.domain.views import encode
from sikka.flows.parts import Answer, Caller, Parts
from sikka.flows.replay import completed
from sikka.flows.review_case import note_of, owned_case, reviewer_of, undisturbed
from sikka.flows.steps import audit_record, state_view
from sikka.ports import ReviewCase


async def claim(parts: Parts, payment_id: str, caller: Caller, reviewer: str | None) -> Answer:
    """Take a held payment in hand: for a while nobody else may claim it or decide about it.

    Claimed again by the same reviewer, the time starts anew. A claim that has run out may be
    followed by anybody's.

    Returns:
        200 with the review.

    Raises:
        NotFound: no payment of this merchant and mode was held under this id.
        UnprocessableRequest: another reviewer has it in hand (`review_claimed`, which says until
            when), or it was decided about already (`review_decided`). Nothing was changed.
        IdempotencyMismatch, IdempotencyKeyInUse: as `sikka.flows.replay.replayed`.
    """

    async def attempt() -> Answer:
        case = await owned_case(parts, payment_id, caller)
        now, by = parts.clock.now(), reviewer_of(caller, reviewer)
        case.review.check_waits()
        case.review.check_free_for(by, now)
        until = now + timedelta(seconds=parts.review_policy.claim_s)
        claimed = case.review.claimed(by, until)
        answer = await _shown(parts, case, claimed)
        facts = {"until": until.isoformat()}
        await _write(parts, case, claimed, "review.claimed", caller, by, answer, **facts)
        return answer

    return await undisturbed(parts, caller, attempt)


async def release(parts: Parts, payment_id: str, caller: Caller, reviewer: str | None) -> Answer:
    """Give a held payment back; without effect when nobody has it in hand.

    Returns:
        200 with the review.

    Raises:
        NotFound, UnprocessableRequest, IdempotencyMismatch, IdempotencyKeyInUse: as `claim`.
    """

    async def attempt() -> Answer:
        case = await owned_case(parts, payment_id, caller)
        now, by = parts.clock.now(), reviewer_of(caller, reviewer)
        case.review.check_waits()
        case.review.check_free_for(by, now)
        if case.review.claim_at(now) is None:
            return await _shown(parts, case, case.review)
        released = case.review.released()
        answer = await _shown(parts, case, released)
        await _write(parts, case, released, "review.released", caller, by, answer)
        return answer

    return await undisturbed(parts, caller, attempt)


async def note(
    parts: Parts, payment_id: str, caller: Caller, reviewer: str | None, text: str
) -> Answer:
    """Write something about a payment that is or was held. It stays, with who and when.

    Returns:
        201 with the note.

    Raises:
        NotFound: no payment of this merchant and mode was held under this id.
        UnprocessableRequest: the review has as many notes as it may have. Nothing was changed.
        IdempotencyMismatch, IdempotencyKeyInUse: as `sikka.flows.replay.replayed`.
    """

    async def attempt() -> Answer:
        case = await owned_case(parts, payment_id, caller)
        case.review.check_takes_notes()
        by = reviewer_of(caller, reviewer)
        written = note_of(case.review, by, text, parts.clock.now())
        answer = Answer(201, encode(note_view(written)))
        noted, facts = case.review.noted(), {"note_id": written.id}
        await _write(parts, case, noted, "review.noted", caller, by, answer, written, **facts)
        return answer

    return await undisturbed(parts, caller, attempt)


async def _shown(parts: Parts, case: ReviewCase, review: Review) -> Answer:
    notes = await parts.reviews.notes([review.payment_id])
    view = review_view(
        review,
        state_view(case.state),
        case.state.assessment,
        notes.get(review.payment_id, ()),
        parts.clock.now(),
    )
    return Answer(200, encode(view))


async def _write(
    parts: Parts,
    case: ReviewCase,
    after: Review,
    action: str,
    caller: Caller,
    by: Reviewer,
    answer: Answer,
    *rows: ReviewNote,
    **facts: Any,
) -> None:
    payment, now = case.state.payment, parts.clock.now()
    line = audit_record(payment, action, caller.actor, now, reviewer=by.name, **facts)
    # The key names no object: a payment may be claimed and noted under many.
    key = completed(parts, caller, payment.bucket, now, answer)
    guard = amend(case.review, after, expect=("revision",))
    await parts.journal.commit(Change(payment.bucket, (line, *rows, key), (guard,)))
    parts.observe(action, payment_id=payment.id)
