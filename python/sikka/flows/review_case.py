"""What every call about a review begins with, and how it ends when two people are at it at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

from sikka.domain.errors import Conflict, Duplicate, NotFound, UnprocessableRequest
from sikka.domain.review import Review, Reviewer, ReviewNote
from sikka.flows.parts import Answer, Caller, Parts
from sikka.flows.replay import replayed, settled
from sikka.flows.steps import milliseconds
from sikka.ports import ReviewCase
from sikka_core import new_id

T = TypeVar("T")

# Each conflict means that somebody else has claimed, noted or decided, which people do slowly;
# more than this is a fault worth raising.
ATTEMPTS = 8


def reviewer_of(caller: Caller, name: str | None) -> Reviewer:
    """Who reviews: the caller's key, and the person whom the back office names, if it does."""
    return Reviewer(caller.actor.user_id, name)


def note_of(review: Review, by: Reviewer, text: str, at: datetime) -> ReviewNote:
    """What a reviewer writes about a payment."""
    id = new_id("rvn", review.bucket, milliseconds(at))
    return ReviewNote(id, review.bucket, review.payment_id, by.key_id, by.name, text, at)


async def owned_case(parts: Parts, payment_id: str, caller: Caller) -> ReviewCase:
    """The review of a payment of the caller's merchant and mode.

    Raises:
        NotFound: there is none.
    """
    case = await parts.reviews.case(payment_id)
    if case is None or (case.review.merchant_id, case.review.livemode) != (
        caller.merchant_id,
        caller.livemode,
    ):
        raise NotFound(param="payment_id", payment_id=payment_id)
    return case


async def undisturbed(
    parts: Parts, caller: Caller, attempt: Callable[[], Awaitable[T]]
) -> T | Answer:
    """Read, decide and commit until nobody else was faster in between.

    Args:
        attempt: reads what it decides about, and commits with the row of the caller's key.

    Returns:
        What the attempt that went through returned, or what was answered under the caller's key
        before.

    Raises:
        IdempotencyMismatch, IdempotencyKeyInUse: as `sikka.flows.replay.replayed`.
        Conflict: others were faster again and again; nothing was written.
        SikkaError: what the attempt raises.
    """
    if (answer := await replayed(parts, caller)) is not None:
        return answer
    for number in range(ATTEMPTS):
        try:
            return await attempt()
        except Duplicate:
            return await settled(parts, caller)
        except (Conflict, UnprocessableRequest) as error:
            # What stands in the way may be this very request, sent twice at the same moment.
            if (answer := await replayed(parts, caller)) is not None:
                return answer
            if not isinstance(error, Conflict) or number == ATTEMPTS - 1:
                raise
    raise AssertionError("the loop returns or raises")
