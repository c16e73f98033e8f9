"""A merchant's own thresholds, instead of those of the house."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from sikka.domain.change import amend
from sikka.domain.errors import InvalidRequest, NotFound
from sikka.domain.fraud.policy import FraudThresholds
from sikka.domain.fraud.views import thresholds_view
from sikka.domain.views import encode
from sikka.flows.fraud.policy import PolicyStep, Revision, revise
from sikka.flows.parts import Answer, Caller, Parts


@dataclass(frozen=True, slots=True)
class ThresholdsOrder:
    """What a merchant's thresholds shall be; the fields are those of `FraudThresholds`."""

    review_score_hundredths: int
    decline_score_hundredths: int
    review_amount_minor: int | None
    decline_amount_minor: int | None


async def set_thresholds(
    parts: Parts, merchant_id: str, order: ThresholdsOrder, caller: Caller
) -> Answer:
    """Give a merchant thresholds of its own, all of them at once.

    Returns:
        200 with the thresholds.

    Raises:
        InvalidRequest: payments would be refused from less on than they are reviewed.
        NotFound: there is no such merchant. In all cases nothing was changed.
        IdempotencyMismatch, Conflict: as `sikka.flows.fraud.policy.revise`.
    """
    _check(order)
    if await parts.store.merchant(merchant_id) is None:
        raise NotFound(param="merchant_id")

    async def build(revision: Revision) -> PolicyStep | Answer:
        before = await parts.fraud_policy.thresholds(merchant_id)
        after = FraudThresholds(
            id=merchant_id,
            updated_by=caller.actor.user_id,
            updated_at=revision.at,
            revision=revision.number,
            **asdict(order),
        )
        was = None if before is None else _values(before)
        if before is not None and was == _values(after):
            return Answer(200, encode(thresholds_view(before)))
        return PolicyStep(
            action="fraud_thresholds.changed",
            status="set",
            merchant_id=merchant_id,
            metadata={"from": was, "to": _values(after)},
            answer=Answer(200, encode(thresholds_view(after))),
            inserts=() if before else (after,),
            amends=(amend(before, after),) if before else (),
        )

    return await revise(parts, caller, build)


def _check(order: ThresholdsOrder) -> None:
    if order.decline_score_hundredths < order.review_score_hundredths:
        raise _less("decline_score", "review_score")
    review, decline = order.review_amount_minor, order.decline_amount_minor
    if review is not None and decline is not None and decline < review:
        raise _less("decline_amount", "review_amount")


def _less(param: str, other: str) -> InvalidRequest:
    return InvalidRequest(message=f"{param} must not be less than {other}", param=param)


def _values(thresholds: FraudThresholds) -> dict[str, Any]:
    """The thresholds without who set them, and when."""
    values = asdict(thresholds)
    return {name: values[name] for name in ThresholdsOrder.__slots__}
