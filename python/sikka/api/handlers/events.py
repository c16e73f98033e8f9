"""Events, their deliveries, and having them delivered again."""

from __future__ import annotations

import msgspec

from sikka.api import schemas
from sikka.api.call import Call, Reply, reply_of
from sikka.api.decoding import decode_body
from sikka.api.handlers.paging import page
from sikka.api.queries import EventsQuery, TenantPageQuery, TenantQuery
from sikka.api.views import page_of
from sikka.domain.errors import NotFound
from sikka.domain.records import Event
from sikka.domain.views import encode
from sikka.domain.webhook_views import delivery_view


async def index(call: Call) -> Reply:
    """GET /v1/events."""
    query = call.query(EventsQuery)
    rows = await call.parts.reader.events(
        call.merchant_id(query.merchant_id),
        call.livemode,
        page(query),
        type=query.type,
        payment_id=query.payment_id,
    )
    return Reply(200, encode(page_of("/v1/events", query, rows, _as_delivered)))


def _as_delivered(event: Event) -> msgspec.Raw:
    """The very body that endpoints are sent."""
    return msgspec.Raw(event.body.encode())


async def _owned(call: Call, named: str | None) -> Event:
    event = await call.parts.reader.event(call.id("evt"))
    if event is None:
        raise NotFound
    call.owned(event.merchant_id, livemode=event.livemode, named=named)
    return event


async def retrieve(call: Call) -> Reply:
    """GET /v1/events/{id}."""
    event = await _owned(call, call.query(TenantQuery).merchant_id)
    return Reply(200, event.body.encode())


async def replay(call: Call) -> Reply:
    """POST /v1/events/{id}/replay."""
    request: schemas.EventReplay = decode_body(call.body, schemas.EventReplay)
    answer = await call.parts.webhook_endpoints.replay(
        call.caller(), call.id("evt"), request.endpoint_id
    )
    return reply_of(answer)


async def deliveries(call: Call) -> Reply:
    """GET /v1/events/{id}/deliveries."""
    query = call.query(TenantPageQuery)
    event = await _owned(call, query.merchant_id)
    rows = await call.parts.reader.deliveries(page(query), event_id=event.id)
    url = f"/v1/events/{event.id}/deliveries"
    return Reply(200, encode(page_of(url, query, rows, delivery_view)))
