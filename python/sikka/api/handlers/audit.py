"""The audit trail, for administrators."""

from __future__ import annotations

from sikka.api.call import Call, Reply
from sikka.api.handlers.paging import page
from sikka.api.queries import AuditQuery
from sikka.api.views import AuditView, page_of
from sikka.domain.errors import InvalidRequest
from sikka.domain.records import AuditRecord
from sikka.domain.views import encode


async def index(call: Call) -> Reply:
    """GET /v1/audit: of a payment, a bucket's chain, or a merchant (the key's, unless named)."""
    query = call.query(AuditQuery)
    named = [
        each for each in (query.payment_id, query.bucket, query.merchant_id) if each is not None
    ]
    if len(named) > 1:
        raise InvalidRequest(
            message="give one of payment_id, bucket and merchant_id", param="payment_id"
        )
    rows = await call.parts.reader.audit(
        page(query),
        bucket=query.bucket,
        payment_id=query.payment_id,
        merchant_id=query.merchant_id if named else call.merchant_id(),
    )
    return Reply(200, encode(page_of("/v1/audit", query, rows, _view)))


def _view(record: AuditRecord) -> AuditView:
    return AuditView(
        object="audit_record",
        id=record.id,
        bucket=record.bucket,
        payment_id=record.payment_id,
        merchant_id=record.merchant_id,
        user_id=record.user_id,
        action=record.action,
        status=record.status,
        ip_address=record.ip_address,
        user_agent=record.user_agent,
        metadata=record.metadata,
        timestamp=record.timestamp,
    )
