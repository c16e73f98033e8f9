"""What became known of payments, and what monitoring makes of it."""

from __future__ import annotations

import msgspec

from sikka.api.call import Call, Reply, reply_of
from sikka.api.decoding import decode_body
from sikka.api.handlers.paging import page
from sikka.api.handlers.together import Part, check_keys, done_together
from sikka.api.label_schemas import LabelBatchRequest, LabelItem, LabelRequest, LabelsQuery
from sikka.api.queries import PageQuery
from sikka.api.views import page_of
from sikka.domain.fraud.label_views import label_view
from sikka.domain.fraud.report import report_view
from sikka.domain.views import encode
from sikka.flows.fraud.label import LabelOrder, label
from sikka.flows.parts import Answer, Caller


async def create(call: Call) -> Reply:
    """POST /v1/fraud/labels."""
    request: LabelRequest = decode_body(call.body, LabelRequest)
    return reply_of(await label(call.parts.flows, _order(request), call.caller()))


async def create_many(call: Call) -> Reply:
    """POST /v1/fraud/labels/batch."""
    request: LabelBatchRequest = decode_body(call.body, LabelBatchRequest)
    check_keys([item.idempotency_key for item in request.labels], "labels")
    return await done_together(call, "label", [_part(call, item) for item in request.labels])


async def index(call: Call) -> Reply:
    """GET /v1/fraud/labels."""
    query = call.query(LabelsQuery)
    rows = await call.parts.reader.fraud_labels(
        call.merchant_id(query.merchant_id),
        call.livemode,
        page(query),
        payment_id=query.payment_id,
    )
    return Reply(200, encode(page_of("/v1/fraud/labels", query, rows, label_view)))


async def monitoring(call: Call) -> Reply:
    """GET /v1/fraud/monitoring."""
    query = call.query(PageQuery)
    rows = await call.parts.reader.fraud_reports(page(query))
    return Reply(200, encode(page_of("/v1/fraud/monitoring", query, rows, report_view)))


def _order(request: LabelRequest) -> LabelOrder:
    return LabelOrder(request.payment_id, request.fraud, request.reason, request.known_at)


def _part(call: Call, item: LabelItem) -> Part:
    async def work(caller: Caller) -> Answer:
        return await label(call.parts.flows, _order(item.label), caller)

    return Part(item.idempotency_key, msgspec.json.encode(item.label), work)
