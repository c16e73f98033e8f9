"""Models of fraud, for administrators."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from sikka.api import fraud_model_schemas, schemas
from sikka.api.call import Call, Reply, reply_of
from sikka.api.decoding import decode_body
from sikka.api.handlers.paging import page
from sikka.api.queries import NoQuery, PageQuery
from sikka.api.views import page_of
from sikka.domain.errors import NotFound
from sikka.domain.fraud.model_views import fraud_model_view, whole_fraud_model_view
from sikka.domain.views import encode
from sikka.flows.fraud import models as fraud_models
from sikka.flows.parts import Answer, Caller, Parts


async def index(call: Call) -> Reply:
    """GET /v1/fraud/models."""
    query = call.query(PageQuery)
    rows = await call.parts.flows.fraud_models.models(page(query))
    return Reply(200, encode(page_of("/v1/fraud/models", query, rows, fraud_model_view)))


async def retrieve(call: Call) -> Reply:
    """GET /v1/fraud/models/{version}."""
    call.query(NoQuery)
    model = await call.parts.flows.fraud_models.model(_version(call))
    if model is None:
        raise NotFound
    return Reply(200, encode(whole_fraud_model_view(model)))


async def promote(call: Call) -> Reply:
    """POST /v1/fraud/models/{version}/promote."""
    return await _moved(call, fraud_models.promote)


async def challenge(call: Call) -> Reply:
    """POST /v1/fraud/models/{version}/challenge."""
    kind = fraud_model_schemas.ChallengeRequest
    request: fraud_model_schemas.ChallengeRequest = decode_body(call.body, kind)
    answer = await fraud_models.challenge(
        call.parts.flows, _version(call), request.percent, call.caller()
    )
    return reply_of(answer)


async def shadow(call: Call) -> Reply:
    """POST /v1/fraud/models/{version}/shadow."""
    return await _moved(call, fraud_models.shadow)


async def retire(call: Call) -> Reply:
    """POST /v1/fraud/models/{version}/retire."""
    return await _moved(call, fraud_models.retire)


async def rollback(call: Call) -> Reply:
    """POST /v1/fraud/models/{version}/rollback."""
    return await _moved(call, fraud_models.rollback_from)


async def _moved(call: Call, step: Callable[[Parts, str, Caller], Awaitable[Answer]]) -> Reply:
    decode_body(call.body, schemas.Nothing)
    return reply_of(await step(call.parts.flows, _version(call), call.caller()))


def _version(call: Call) -> str:
    version = call.path("version")
    # The database compares ASCII alone, and there is no such model anyway.
    if not version.isascii():
        raise NotFound
    return version
