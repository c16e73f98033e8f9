"""Many payments in one request, each standing for itself."""

from __future__ import annotations

import msgspec

from sikka.api import schemas
from sikka.api.call import Call, Reply
from sikka.api.decoding import decode_body
from sikka.api.handlers.payments import order_of, pay
from sikka.api.handlers.together import Part, check_keys, done_together
from sikka.flows.parts import Answer, Caller
from sikka.flows.pay_upi import UpiOrder


async def create(call: Call) -> Reply:
    """POST /v1/payments/batch."""
    request: schemas.BatchRequest = decode_body(call.body, schemas.BatchRequest)
    check_keys([item.idempotency_key for item in request.payments], "payments")
    parts = [
        _part(call, item, order_of(item.payment, f"payments[{number}].payment."))
        for number, item in enumerate(request.payments)
    ]
    return await done_together(call, "payment", parts)


def _part(call: Call, item: schemas.BatchItem, order: UpiOrder | None) -> Part:
    async def work(caller: Caller) -> Answer:
        return await pay(call, order, caller)

    return Part(item.idempotency_key, msgspec.json.encode(item.payment), work)
