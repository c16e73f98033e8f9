"""Payments that wait for a person: the queue, and what people do with them."""

from __future__ import annotations

import msgspec

from sikka.api import schemas
from sikka.api.call import Call, Reply, reply_of
from sikka.api.decoding import decode_body
from sikka.api.handlers.paging import page
from sikka.api.queries import ReviewsQuery, TenantQuery
from sikka.api.views import page_of
from sikka.domain.errors import NotFound
from sikka.domain.review import Reviewer
from sikka.domain.review_views import ReviewView, review_view
from sikka.domain.views import assessment_view, encode, payment_view
from sikka.flows import claim as claims
from sikka.flows import review
from sikka.ports import QueueFilter, ReviewCase


async def index(call: Call) -> Reply:
    """GET /v1/reviews."""
    query = call.query(ReviewsQuery)
    reads, now = call.parts.flows.reviews, call.parts.flows.clock.now()
    reviewer = Reviewer(call.principal.key.id, query.reviewer)
    wanted = QueueFilter(now, reviewer, query.state, query.order, query.risk_level)
    merchant_id = call.merchant_id(query.merchant_id)
    cases = await reads.queue(merchant_id, call.livemode, page(query), wanted)
    notes = await reads.notes([case.review.id for case in cases]) if cases else {}

    def view(case: ReviewCase) -> ReviewView:
        state = case.state
        payment = payment_view(state.payment, state.upi, state.assessment)
        written = notes.get(case.review.id, ())
        return review_view(case.review, payment, state.assessment, written, now)

    return Reply(200, encode(page_of("/v1/reviews", query, cases, view)))


async def retrieve(call: Call) -> Reply:
    """GET /v1/reviews/{id}, with the whole assessment."""
    query = call.query(TenantQuery)
    flows = call.parts.flows
    case = await flows.reviews.case(call.id("pay"))
    if case is None:
        raise NotFound
    held, state = case.review, case.state
    call.owned(held.merchant_id, livemode=held.livemode, named=query.merchant_id)
    notes = await flows.reviews.notes([held.id])
    payment = msgspec.structs.replace(
        payment_view(state.payment, state.upi, state.assessment),
        assessment=assessment_view(state.assessment) if state.assessment else None,
    )
    now = flows.clock.now()
    view = review_view(held, payment, state.assessment, notes.get(held.id, ()), now)
    return Reply(200, encode(view))


async def claim(call: Call) -> Reply:
    """POST /v1/reviews/{id}/claim."""
    request: schemas.ReviewerRequest = decode_body(call.body, schemas.ReviewerRequest)
    return reply_of(
        await claims.claim(call.parts.flows, call.id("pay"), call.caller(), request.reviewer)
    )


async def release(call: Call) -> Reply:
    """POST /v1/reviews/{id}/release."""
    request: schemas.ReviewerRequest = decode_body(call.body, schemas.ReviewerRequest)
    return reply_of(
        await claims.release(call.parts.flows, call.id("pay"), call.caller(), request.reviewer)
    )


async def note(call: Call) -> Reply:
    """POST /v1/reviews/{id}/note."""
    request: schemas.ReviewNoteRequest = decode_body(call.body, schemas.ReviewNoteRequest)
    flows, caller = call.parts.flows, call.caller()
    return reply_of(
        await claims.note(flows, call.id("pay"), caller, request.reviewer, request.text)
    )


async def approve(call: Call) -> Reply:
    """POST /v1/reviews/{id}/approve."""
    request: schemas.ReviewRequest = decode_body(call.body, schemas.ReviewRequest)
    answer = await review.approve(
        call.parts.flows,
        call.id("pay"),
        call.caller(),
        reviewer=request.reviewer,
        note=request.note,
    )
    return reply_of(answer)


async def decline(call: Call) -> Reply:
    """POST /v1/reviews/{id}/decline."""
    request: schemas.ReviewRequest = decode_body(call.body, schemas.ReviewRequest)
    answer = await review.decline(
        call.parts.flows,
        call.id("pay"),
        call.caller(),
        reviewer=request.reviewer,
        note=request.note,
    )
    return reply_of(answer)
