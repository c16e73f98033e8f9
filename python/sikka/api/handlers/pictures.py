"""The QR code of a payment."""

from __future__ import annotations

import io

import segno

from sikka.api.call import Call, Reply
from sikka.api.handlers.payments import owned_state
from sikka.api.queries import QrQuery
from sikka.domain.errors import UnprocessableRequest
from sikka.domain.payment import Stage

CONTENT_TYPES = {"svg": "image/svg+xml", "png": "image/png"}

# Pixels a module; a phone reads it off a screen at arm's length.
SCALE = 8


async def retrieve(call: Call) -> Reply:
    """GET /v1/payments/{id}/qr."""
    query = call.query(QrQuery)
    state = await owned_state(call, call.id("pay"), query.merchant_id)
    if state.upi.link is None or state.payment.stage is not Stage.ACTION_REQUIRED:
        raise UnprocessableRequest(
            message="only a payment that waits to be scanned has a QR code",
            payment_id=state.payment.id,
        )
    picture = drawn(state.upi.link, query.format)
    return Reply(200, picture, CONTENT_TYPES[query.format], {"Cache-Control": "private, no-store"})


def drawn(link: str, format: str) -> bytes:  # noqa: A002 - the word of the API
    """The link as a QR code with medium error correction, SVG or PNG."""
    buffer = io.BytesIO()
    segno.make(link, error="m", micro=False).save(buffer, kind=format, scale=SCALE)
    return buffer.getvalue()
