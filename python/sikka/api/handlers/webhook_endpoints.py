"""Where a merchant's events go."""

from __future__ import annotations

from sikka.api import schemas
from sikka.api.call import Call, Reply, reply_of
from sikka.api.decoding import decode_body
from sikka.api.handlers.paging import page
from sikka.api.queries import NoQuery, TenantPageQuery, TenantQuery
from sikka.api.views import page_of
from sikka.domain.delivery import DELETED
from sikka.domain.errors import NotFound
from sikka.domain.merchant import WebhookEndpoint
from sikka.domain.views import encode
from sikka.domain.webhook_views import delivery_view, endpoint_view
from sikka.flows.parts import Answer

# An answer with a secret is not for caches.
_NO_STORE = {"Cache-Control": "no-store"}


async def create(call: Call) -> Reply:
    """POST /v1/webhook_endpoints."""
    request: schemas.EndpointRequest = decode_body(call.body, schemas.EndpointRequest)
    answer = await call.parts.webhook_endpoints.create(
        call.caller(),
        url=request.url,
        event_types=request.event_types,
        description=request.description,
    )
    return _secret(answer)


async def update(call: Call) -> Reply:
    """POST /v1/webhook_endpoints/{id}."""
    request: schemas.EndpointChanges = decode_body(call.body, schemas.EndpointChanges)
    answer = await call.parts.webhook_endpoints.update(
        call.caller(),
        call.id("whe"),
        url=request.url,
        event_types=request.event_types,
        description=request.description,
        enabled=request.enabled,
    )
    return reply_of(answer)


async def rotate_secret(call: Call) -> Reply:
    """POST /v1/webhook_endpoints/{id}/rotate_secret."""
    decode_body(call.body, schemas.Nothing)
    return _secret(await call.parts.webhook_endpoints.rotate_secret(call.caller(), call.id("whe")))


async def delete(call: Call) -> Reply:
    """DELETE /v1/webhook_endpoints/{id}."""
    call.query(NoQuery)
    return reply_of(await call.parts.webhook_endpoints.delete(call.caller(), call.id("whe")))


async def index(call: Call) -> Reply:
    """GET /v1/webhook_endpoints."""
    query = call.query(TenantPageQuery)
    merchant_id = call.merchant_id(query.merchant_id)
    rows = await call.parts.reader.endpoints(merchant_id, call.livemode, page(query))
    return Reply(200, encode(page_of("/v1/webhook_endpoints", query, rows, endpoint_view)))


async def retrieve(call: Call) -> Reply:
    """GET /v1/webhook_endpoints/{id}."""
    endpoint = await _owned(call, call.query(TenantQuery).merchant_id)
    return Reply(200, encode(endpoint_view(endpoint)))


async def deliveries(call: Call) -> Reply:
    """GET /v1/webhook_endpoints/{id}/deliveries."""
    query = call.query(TenantPageQuery)
    endpoint = await _owned(call, query.merchant_id)
    rows = await call.parts.reader.deliveries(page(query), endpoint_id=endpoint.id)
    url = f"/v1/webhook_endpoints/{endpoint.id}/deliveries"
    return Reply(200, encode(page_of(url, query, rows, delivery_view)))


async def _owned(call: Call, named: str | None) -> WebhookEndpoint:
    endpoint = await call.parts.reader.endpoint(call.id("whe"))
    if endpoint is None or endpoint.disabled_reason == DELETED:
        raise NotFound
    call.owned(endpoint.merchant_id, livemode=endpoint.livemode, named=named)
    return endpoint


def _secret(answer: Answer) -> Reply:
    reply = reply_of(answer)
    return Reply(reply.status, reply.body, reply.content_type, {**reply.headers, **_NO_STORE})
