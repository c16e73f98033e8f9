"""Many payments in one request, each standing for itself."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

import msgspec

from sikka.api import faults, schemas
from sikka.api.call import Call, Reply
from sikka.api.decoding import decode_body
from sikka.api.handlers.payments import order_of, pay
from sikka.domain.errors import InvalidRequest, SikkaError
from sikka.domain.views import encode
from sikka.flows.parts import Answer
from sikka.flows.pay_upi import UpiOrder


class _Result(msgspec.Struct, frozen=True):
    """`BatchResult` with the bytes of the answer spliced in as they are."""

    idempotency_key: str
    status: int
    replayed: bool
    payment: msgspec.Raw | None
    error: msgspec.Raw | None


class _Body(msgspec.Struct, frozen=True):
    object: str
    data: list[_Result]


class _Error(msgspec.Struct):
    error: msgspec.Raw


async def create(call: Call) -> Reply:
    """POST /v1/payments/batch."""
    request = decode_body(call.body, schemas.BatchRequest)
    _check_keys(request.payments)
    orders = [
        order_of(item.payment, f"payments[{number}].payment.")
        for number, item in enumerate(request.payments)
    ]
    # The call itself has spent one already.
    key = call.principal.key
    mode = "live" if key.livemode else "test"
    await call.parts.rate_limiter.take(f"{key.merchant_id}/{mode}", len(request.payments) - 1)
    gate = asyncio.Semaphore(call.parts.limits.batch_concurrency)
    results = await asyncio.gather(
        *(
            _one(call, item, order, gate)
            for item, order in zip(request.payments, orders, strict=True)
        )
    )
    return Reply(200, encode(_Body("batch", results)))


def _check_keys(items: list[schemas.BatchItem]) -> None:
    seen: set[str] = set()
    for number, item in enumerate(items):
        if item.idempotency_key in seen:
            raise InvalidRequest(
                "idempotency_key_invalid",
                "an idempotency key may stand only once in a batch",
                param=f"payments[{number}].idempotency_key",
            )
        seen.add(item.idempotency_key)


async def _one(
    call: Call, item: schemas.BatchItem, order: UpiOrder | None, gate: asyncio.Semaphore
) -> _Result:
    caller = call.caller(item.idempotency_key, msgspec.json.encode(item.payment))
    async with gate:
        try:
            answer = await pay(call, order, caller)
        except SikkaError as error:
            reply = faults.reply_to_error(error, call.request_id)
            answer = Answer(reply.status, reply.body)
        except Exception as error:  # noqa: BLE001 - one payment's bug must not hide the others
            reply = faults.reply_to_bug(error, call.request_id)
            answer = Answer(reply.status, reply.body)
    if answer.status < HTTPStatus.MULTIPLE_CHOICES:
        return _Result(
            item.idempotency_key, answer.status, answer.replayed, msgspec.Raw(answer.body), None
        )
    error_part = msgspec.json.decode(answer.body, type=_Error).error
    return _Result(item.idempotency_key, answer.status, answer.replayed, None, error_part)
