"""How reviews look to the people who review."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from sikka.domain.fraud.assessment import FraudAssessment
from sikka.domain.review import Review, Reviewer, ReviewNote, ReviewState
from sikka.domain.views import PaymentView


class ReviewerView(msgspec.Struct, frozen=True):
    """A reviewer: the API key, and the person whom the back office named with it."""

    key_id: str
    name: str | None


class ClaimView(msgspec.Struct, frozen=True):
    """Who has the review in hand, and until when nobody else may decide."""

    by: ReviewerView
    until: datetime


class DecisionView(msgspec.Struct, frozen=True):
    """Who ended the review; `by` is null when nobody decided in time."""

    by: ReviewerView | None
    at: datetime


class ReviewNoteView(msgspec.Struct, frozen=True):
    """What somebody wrote about a held payment."""

    object: Literal["review_note"]
    id: str
    payment_id: str
    by: ReviewerView
    text: str
    created_at: datetime


class ReviewView(msgspec.Struct, frozen=True):
    """A held payment and all that a person needs to decide about it.

    `id` is the payment's. `state` is `open` while nobody has it in hand, then `claimed`, and
    `approved`, `declined` or `expired` in the end. `reasons` are the assessment's, in words.
    Notes stand oldest first.
    """

    object: Literal["review"]
    id: str
    state: ReviewState
    payment: PaymentView
    reasons: list[str]
    claim: ClaimView | None
    decision: DecisionView | None
    notes: list[ReviewNoteView]
    livemode: bool
    created_at: datetime
    due_at: datetime


def _reviewer_view(reviewer: Reviewer) -> ReviewerView:
    return ReviewerView(reviewer.key_id, reviewer.name)


def note_view(note: ReviewNote) -> ReviewNoteView:
    """A note as reviewers see it."""
    return ReviewNoteView(
        object="review_note",
        id=note.id,
        payment_id=note.payment_id,
        by=_reviewer_view(note.author),
        text=note.text,
        created_at=note.created_at,
    )


def review_view(
    review: Review,
    payment: PaymentView,
    assessment: FraudAssessment | None,
    notes: Sequence[ReviewNote],
    now: datetime,
) -> ReviewView:
    """A review as reviewers see it.

    Args:
        now: when a claim counts as run out.
    """
    claim = review.claim_at(now)
    decider = _reviewer_view(review.decider) if review.decider else None
    return ReviewView(
        object="review",
        id=review.id,
        state=review.state_at(now),
        payment=payment,
        reasons=list(assessment.reasons) if assessment else [],
        claim=ClaimView(_reviewer_view(claim.by), claim.until) if claim else None,
        decision=DecisionView(decider, review.decided_at) if review.decided_at else None,
        notes=[note_view(note) for note in notes],
        livemode=review.livemode,
        created_at=review.created_at,
        due_at=review.due_at,
    )
