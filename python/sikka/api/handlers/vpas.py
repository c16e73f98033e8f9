"""Addresses of customers."""

from __future__ import annotations

from sikka.api import schemas
from sikka.api.call import Call, Reply, reply_of
from sikka.api.decoding import decode_body
from sikka.api.handlers.payments import normal_vpa
from sikka.flows.validate_vpa import validate_vpa


async def validate(call: Call) -> Reply:
    """POST /v1/upi/vpa/validate."""
    request: schemas.VpaValidationRequest = decode_body(call.body, schemas.VpaValidationRequest)
    answer = await validate_vpa(
        call.parts.flows,
        call.principal.merchant,
        normal_vpa(request.vpa, "vpa"),
        call.parts.is_vpa_blocked,
        call.caller(),
        live=request.live,
    )
    return reply_of(answer)
