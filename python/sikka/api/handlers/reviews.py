"""Payments that wait for a person, and the person's decision."""

from __future__ import annotations

from sikka.api import schemas
from sikka.api.call import Call, Reply, reply_of
from sikka.api.decoding import decode_body
from sikka.api.handlers.paging import page
from sikka.api.handlers.payments import listed
from sikka.api.queries import TenantPageQuery
from sikka.flows import review


async def index(call: Call) -> Reply:
    """GET /v1/reviews."""
    query = call.query(TenantPageQuery)
    rows = await call.parts.reader.reviews(
        call.merchant_id(query.merchant_id), call.livemode, page(query)
    )
    return await listed(call, "/v1/reviews", query, rows)


async def approve(call: Call) -> Reply:
    """POST /v1/reviews/{id}/approve."""
    request: schemas.ReviewRequest = decode_body(call.body, schemas.ReviewRequest)
    return reply_of(
        await review.approve(call.parts.flows, call.id("pay"), call.caller(), request.note)
    )


async def decline(call: Call) -> Reply:
    """POST /v1/reviews/{id}/decline."""
    request: schemas.ReviewRequest = decode_body(call.body, schemas.ReviewRequest)
    return reply_of(
        await review.decline(call.parts.flows, call.id("pay"), call.caller(), request.note)
    )
