"""A merchant's own thresholds."""

from __future__ import annotations

from sikka.api import fraud_schemas
from sikka.api.call import Call, Reply, reply_of
from sikka.api.decoding import decode_body
from sikka.api.queries import TenantQuery
from sikka.domain.errors import NotFound
from sikka.domain.fraud.views import SCORE_HUNDREDTHS_MAX, thresholds_view
from sikka.domain.views import encode
from sikka.flows.fraud.thresholds import ThresholdsOrder, set_thresholds

NEVER_HUNDREDTHS = SCORE_HUNDREDTHS_MAX + 1


async def retrieve(call: Call) -> Reply:
    """GET /v1/fraud/thresholds."""
    merchant_id = call.merchant_id(call.query(TenantQuery).merchant_id)
    thresholds = await call.parts.flows.fraud_policy.thresholds(merchant_id)
    if thresholds is None:
        raise NotFound(
            message="the merchant has no thresholds of its own; those of the house count"
        )
    return Reply(200, encode(thresholds_view(thresholds)))


async def update(call: Call) -> Reply:
    """POST /v1/fraud/thresholds."""
    request: fraud_schemas.ThresholdsRequest = decode_body(
        call.body, fraud_schemas.ThresholdsRequest
    )
    order = ThresholdsOrder(
        review_score_hundredths=_hundredths(request.review_score),
        decline_score_hundredths=_hundredths(request.decline_score),
        review_amount_minor=request.review_amount,
        decline_amount_minor=request.decline_amount,
    )
    merchant_id = call.merchant_id(request.merchant_id)
    return reply_of(await set_thresholds(call.parts.flows, merchant_id, order, call.caller()))


def _hundredths(score: str | None) -> int:
    return NEVER_HUNDREDTHS if score is None else int(score.replace(".", ""))
