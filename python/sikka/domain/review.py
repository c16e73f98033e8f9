"""A payment that is held for a person: who has it in hand, what was said, how it ended."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sikka.domain.errors import UnprocessableRequest
from sikka.domain.fraud.assessment import FraudAssessment, RiskLevel
from sikka.domain.payment import Payment

# What one review may gather, beside what is said with the decision; an answer shows them all.
NOTES_MAX = 100


class ReviewStatus(StrEnum):
    """Where a review stands. Every status but the first is an end."""

    WAITING = "waiting"
    APPROVED = "approved"
    DECLINED = "declined"
    EXPIRED = "expired"


class ReviewState(StrEnum):
    """What reviewers see of it: in whose hand it is, or how it ended."""

    OPEN = "open"
    CLAIMED = "claimed"
    APPROVED = "approved"
    DECLINED = "declined"
    EXPIRED = "expired"


class TimeoutAction(StrEnum):
    """What becomes of a payment about which nobody has decided in time."""

    EXPIRE = "expire"
    APPROVE = "approve"
    DECLINE = "decline"


class QueueState(StrEnum):
    """Which reviews a list shows: those that wait, in three sorts, or those that ended so."""

    WAITING = "waiting"
    OPEN = "open"
    CLAIMED = "claimed"
    MINE = "mine"
    APPROVED = "approved"
    DECLINED = "declined"
    EXPIRED = "expired"


class QueueOrder(StrEnum):
    """`due`: what is due first stands first. `newest`: what was held last stands first."""

    DUE = "due"
    NEWEST = "newest"


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Who reviews: an API key, and the person whom the merchant's back office names beside it.

    The key answers for the name. A person is the same under every key of the merchant; where
    nobody is named, the key is the reviewer.
    """

    key_id: str
    name: str | None = None

    def is_same(self, other: Reviewer) -> bool:
        """Whether both are one person, or one key without a person."""
        if self.name is None and other.name is None:
            return self.key_id == other.key_id
        return self.name == other.name

    def __str__(self) -> str:
        return self.name or self.key_id


@dataclass(frozen=True, slots=True)
class Claim:
    """A reviewer has the review in hand until then."""

    by: Reviewer
    until: datetime


@dataclass(frozen=True, slots=True)
class Review:
    """The review of one payment. Columns of the table `reviews`; a payment is held at most once.

    It is no version of the payment: whatever changes it is guarded by `revision`, which grows by
    one with each change. The change that ends it is a step of the payment as well.

    Args:
        risk_level: the assessment's, to filter by.
        expires_in_s: how long the customer has once the payment goes on; None is the policy's.
        notes_made: how many notes it has.
        claim_key_id, claim_reviewer, claimed_until: the last claim, whether it still counts or
            not; all None when there is none.
        decision_key_id, decision_reviewer: who decided; both None when nobody did in time.
        decided_at: when it ended; None while it waits.
        due_at: when the payment is decided about without a person. A claim does not move it.
    """

    payment_id: str
    bucket: int
    merchant_id: str
    livemode: bool
    risk_level: RiskLevel
    status: ReviewStatus
    revision: int
    expires_in_s: int | None
    notes_made: int
    claim_key_id: str | None
    claim_reviewer: str | None
    claimed_until: datetime | None
    decision_key_id: str | None
    decision_reviewer: str | None
    decided_at: datetime | None
    created_at: datetime
    due_at: datetime

    @property
    def id(self) -> str:
        """What it goes by: the payment's id."""
        return self.payment_id

    def claim_at(self, now: datetime) -> Claim | None:
        """The claim that counts now, if there is one."""
        if self.claim_key_id is None or self.claimed_until is None or self.claimed_until <= now:
            return None
        return Claim(Reviewer(self.claim_key_id, self.claim_reviewer), self.claimed_until)

    def state_at(self, now: datetime) -> ReviewState:
        """Where it stands for those who review."""
        if self.status is not ReviewStatus.WAITING:
            return ReviewState(self.status)
        return ReviewState.CLAIMED if self.claim_at(now) else ReviewState.OPEN

    @property
    def decider(self) -> Reviewer | None:
        """Who decided; None while it waits, and when nobody did in time."""
        if self.decision_key_id is None:
            return None
        return Reviewer(self.decision_key_id, self.decision_reviewer)

    def check_waits(self) -> None:
        """Raise UnprocessableRequest (`review_decided`), which says how, unless it waits."""
        if self.status is ReviewStatus.WAITING:
            return
        who = f"by {self.decider}" if self.decider else "because its time ran out"
        when = self.decided_at.isoformat(timespec="seconds") if self.decided_at else ""
        raise UnprocessableRequest(
            "review_decided",
            f"the payment was {self.status} {who} at {when}",
            payment_id=self.payment_id,
        )

    def check_free_for(self, reviewer: Reviewer, now: datetime) -> None:
        """Raise UnprocessableRequest (`review_claimed`) while another reviewer has it in hand."""
        claim = self.claim_at(now)
        if claim is None or claim.by.is_same(reviewer):
            return
        raise UnprocessableRequest(
            "review_claimed",
            f"{claim.by} has the payment in hand until {claim.until.isoformat(timespec='seconds')}",
            payment_id=self.payment_id,
        )

    def claimed(self, by: Reviewer, until: datetime) -> Review:
        """The review in a reviewer's hand."""
        return self._changed(claim_key_id=by.key_id, claim_reviewer=by.name, claimed_until=until)

    def released(self) -> Review:
        """The review in nobody's hand."""
        return self._changed(claim_key_id=None, claim_reviewer=None, claimed_until=None)

    def check_takes_notes(self) -> None:
        """Raise UnprocessableRequest when it has as many notes as it may have."""
        if self.notes_made >= NOTES_MAX:
            raise UnprocessableRequest(
                message=f"a review takes {NOTES_MAX} notes", payment_id=self.payment_id
            )

    def noted(self) -> Review:
        """The review with one note more."""
        return self._changed(notes_made=self.notes_made + 1)

    def ended(self, status: ReviewStatus, by: Reviewer | None, at: datetime) -> Review:
        """The review at its end, in nobody's hand."""
        return self._changed(
            status=status,
            claim_key_id=None,
            claim_reviewer=None,
            claimed_until=None,
            decision_key_id=by.key_id if by else None,
            decision_reviewer=by.name if by else None,
            decided_at=at,
        )

    def _changed(self, **values: Any) -> Review:
        return replace(self, revision=self.revision + 1, **values)


def review_of(payment: Payment, assessment: FraudAssessment, expires_in_s: float | None) -> Review:
    """The review of a payment that is held from its beginning, due when the payment's time is over.

    Args:
        expires_in_s: how long the merchant gives the customer, if it says.
    """
    return Review(
        payment_id=payment.id,
        bucket=payment.bucket,
        merchant_id=payment.merchant_id,
        livemode=payment.livemode,
        risk_level=assessment.risk_level,
        status=ReviewStatus.WAITING,
        revision=1,
        expires_in_s=None if expires_in_s is None else math.ceil(expires_in_s),
        notes_made=0,
        claim_key_id=None,
        claim_reviewer=None,
        claimed_until=None,
        decision_key_id=None,
        decision_reviewer=None,
        decided_at=None,
        created_at=payment.created_at,
        due_at=payment.expires_at or payment.created_at,
    )


@dataclass(frozen=True, slots=True)
class ReviewNote:
    """What somebody wrote about a held payment. Columns of the table `review_notes`; it stays."""

    id: str
    bucket: int
    payment_id: str
    key_id: str
    reviewer: str | None
    text: str
    created_at: datetime

    @property
    def author(self) -> Reviewer:
        """Who wrote it."""
        return Reviewer(self.key_id, self.reviewer)
