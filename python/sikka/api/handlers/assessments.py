"""What the fraud engine said about a payment."""

from __future__ import annotations

from sikka.api.call import Call, Reply
from sikka.api.handlers.payments import owned_state
from sikka.api.queries import TenantQuery
from sikka.domain.errors import NotFound
from sikka.domain.views import assessment_view, encode


async def retrieve(call: Call) -> Reply:
    """GET /v1/fraud/assessments/{id}."""
    query = call.query(TenantQuery)
    state = await owned_state(call, call.id("pay"), query.merchant_id)
    if state.assessment is None:
        raise NotFound(payment_id=state.payment.id)
    return Reply(200, encode(assessment_view(state.assessment)))
