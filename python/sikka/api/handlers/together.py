"""Many things in one request, each standing for itself: what batches have in common."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus

import msgspec

from sikka.api import faults
from sikka.api.call import Call, Reply
from sikka.domain.errors import InvalidRequest, SikkaError
from sikka.domain.views import encode
from sikka.flows.parts import Answer, Caller


@dataclass(frozen=True, slots=True)
class Part:
    """One thing of a batch.

    Args:
        idempotency_key: its own.
        body: the bytes that it is known by under its key.
        work: does it.
    """

    idempotency_key: str
    body: bytes
    work: Callable[[Caller], Awaitable[Answer]]


class _Error(msgspec.Struct):
    error: msgspec.Raw


def check_keys(keys: Sequence[str], place: str) -> None:
    """Refuse a batch that has one key twice.

    Args:
        keys: in the order of the parts.
        place: the field of the body that holds the parts.

    Raises:
        InvalidRequest: a key is there twice; `param` names it.
    """
    seen: set[str] = set()
    for number, key in enumerate(keys):
        if key in seen:
            raise InvalidRequest(
                "idempotency_key_invalid",
                "an idempotency key may stand only once in a batch",
                param=f"{place}[{number}].idempotency_key",
            )
        seen.add(key)


async def done_together(call: Call, name: str, parts: Sequence[Part]) -> Reply:
    """Do all parts, some at once, and answer with the result of each, in their order.

    The rate limit is spent once a part.

    Args:
        name: the field of a result that holds what a call of its own would have answered.

    Raises:
        RateLimited: the parts are more than the merchant may do now; nothing was done.
    """
    # The call itself has spent one already.
    key = call.principal.key
    mode = "live" if key.livemode else "test"
    await call.parts.rate_limiter.take(f"{key.merchant_id}/{mode}", len(parts) - 1)
    gate = asyncio.Semaphore(call.parts.limits.batch_concurrency)
    results = await asyncio.gather(*(_one(call, name, part, gate) for part in parts))
    return Reply(200, encode({"object": "batch", "data": results}))


async def _one(call: Call, name: str, part: Part, gate: asyncio.Semaphore) -> dict[str, object]:
    caller = call.caller(part.idempotency_key, part.body)
    async with gate:
        try:
            answer = await part.work(caller)
        except SikkaError as error:
            reply = faults.reply_to_error(error, call.request_id)
            answer = Answer(reply.status, reply.body)
        except Exception as error:  # noqa: BLE001 - one part's bug must not hide the others
            reply = faults.reply_to_bug(error, call.request_id)
            answer = Answer(reply.status, reply.body)
    done = answer.status < HTTPStatus.MULTIPLE_CHOICES
    return {
        "idempotency_key": part.idempotency_key,
        "status": answer.status,
        "replayed": answer.replayed,
        # The bytes of the answer are spliced in as they are.
        name: msgspec.Raw(answer.body) if done else None,
        "error": None if done else msgspec.json.decode(answer.body, type=_Error).error,
    }
