"""Refunds: create, read, list."""

from __future__ import annotations

from sikka.api import schemas
from sikka.api.call import Call, Reply, reply_of
from sikka.api.decoding import decode_body
from sikka.api.handlers.paging import page
from sikka.api.queries import RefundsQuery, TenantQuery
from sikka.api.views import page_of
from sikka.domain.errors import NotFound
from sikka.domain.views import encode, refund_view
from sikka.flows.refund import RefundOrder, refund


async def create(call: Call) -> Reply:
    """POST /v1/payments/{id}/refunds."""
    request: schemas.RefundRequest = decode_body(call.body, schemas.RefundRequest)
    order = RefundOrder(request.amount, request.reason, request.metadata)
    return reply_of(await refund(call.parts.flows, call.id("pay"), order, call.caller()))


async def retrieve(call: Call) -> Reply:
    """GET /v1/refunds/{id}."""
    query = call.query(TenantQuery)
    found = await call.parts.flows.store.refund(call.id("rfd"))
    if found is None:
        raise NotFound
    call.owned(found.merchant_id, livemode=found.livemode, named=query.merchant_id)
    return Reply(200, encode(refund_view(found)))


async def index(call: Call) -> Reply:
    """GET /v1/refunds."""
    query = call.query(RefundsQuery)
    rows = await call.parts.reader.refunds(
        call.merchant_id(query.merchant_id),
        call.livemode,
        page(query),
        payment_id=query.payment_id,
    )
    return Reply(200, encode(page_of("/v1/refunds", query, rows, refund_view)))
