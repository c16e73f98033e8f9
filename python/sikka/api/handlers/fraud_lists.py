"""Allow, block and review lists."""

from __future__ import annotations

from sikka.api import fraud_schemas, schemas
from sikka.api.call import Call, Reply, reply_of
from sikka.api.decoding import decode_body
from sikka.api.handlers.paging import page
from sikka.api.handlers.policy_scope import scope_of
from sikka.api.views import page_of
from sikka.domain.errors import InvalidRequest
from sikka.domain.fraud.lists import normal_value
from sikka.domain.fraud.views import list_entry_view
from sikka.domain.views import encode
from sikka.flows.fraud.lists import EntryOrder, add_entries, add_entry, remove_entry


async def create(call: Call) -> Reply:
    """POST /v1/fraud/lists."""
    request: fraud_schemas.ListEntryRequest = decode_body(call.body, fraud_schemas.ListEntryRequest)
    merchant_id = scope_of(call, request.merchant_id, all_merchants=request.all_merchants)
    answer = await add_entry(call.parts.flows, merchant_id, _order(request), call.caller())
    return reply_of(answer)


async def create_many(call: Call) -> Reply:
    """POST /v1/fraud/lists/bulk."""
    request: fraud_schemas.BulkListRequest = decode_body(call.body, fraud_schemas.BulkListRequest)
    merchant_id = scope_of(call, request.merchant_id, all_merchants=request.all_merchants)
    orders = [_order(each) for each in request.entries]
    return reply_of(await add_entries(call.parts.flows, merchant_id, orders, call.caller()))


async def index(call: Call) -> Reply:
    """GET /v1/fraud/lists."""
    query = call.query(fraud_schemas.ListsQuery)
    value = query.value
    if value is not None:
        if query.field is None:
            raise InvalidRequest("parameter_missing", "value needs field", param="field")
        value = normal_value(query.field, value)
    rows = await call.parts.flows.fraud_policy.list_entries(
        scope_of(call, query.merchant_id, all_merchants=query.all_merchants),
        page(query),
        kind=query.kind,
        field=query.field,
        value=value,
        removed=query.removed,
    )
    return Reply(200, encode(page_of("/v1/fraud/lists", query, rows, list_entry_view)))


async def remove(call: Call) -> Reply:
    """POST /v1/fraud/lists/{id}/remove."""
    decode_body(call.body, schemas.Nothing)
    return reply_of(await remove_entry(call.parts.flows, call.id("lst"), call.caller()))


def _order(entry: fraud_schemas.ListEntry) -> EntryOrder:
    return EntryOrder(entry.kind, entry.field, entry.value, entry.reason, entry.expires_at)
