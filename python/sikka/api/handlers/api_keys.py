"""API keys, for administrators."""

from __future__ import annotations

from sikka.api import schemas
from sikka.api.call import Call, Reply, reply_of
from sikka.api.decoding import decode_body
from sikka.api.handlers.paging import page
from sikka.api.queries import ApiKeysQuery, NoQuery
from sikka.api.views import page_of
from sikka.domain.errors import NotFound
from sikka.domain.merchant_views import api_key_view
from sikka.domain.views import encode
from sikka.flows.administer import create_api_key, revoke_api_key


async def create(call: Call) -> Reply:
    """POST /v1/api_keys."""
    request: schemas.ApiKeyRequest = decode_body(call.body, schemas.ApiKeyRequest)
    answer = await create_api_key(
        call.parts.flows,
        call.parts.key_pepper,
        request.merchant_id,
        request.scopes,
        call.caller(),
        livemode=request.livemode,
    )
    reply = reply_of(answer)
    return Reply(
        reply.status,
        reply.body,
        reply.content_type,
        {**reply.headers, "Cache-Control": "no-store"},
    )


async def index(call: Call) -> Reply:
    """GET /v1/api_keys."""
    query = call.query(ApiKeysQuery)
    merchant_id = call.merchant_id(query.merchant_id)
    rows = await call.parts.reader.api_keys(merchant_id, page(query))
    return Reply(200, encode(page_of("/v1/api_keys", query, rows, api_key_view)))


async def revoke(call: Call) -> Reply:
    """DELETE /v1/api_keys/{id}."""
    call.query(NoQuery)
    key = await call.parts.reader.api_key(call.id("key"))
    if key is None:
        raise NotFound
    return reply_of(await revoke_api_key(call.parts.flows, key, call.caller()))
