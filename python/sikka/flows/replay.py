"""Idempotency: the same key and request is answered once, with the same bytes for ever."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sikka.domain.change import Amend, Change
from sikka.domain.errors import (
    Conflict,
    IdempotencyKeyInUse,
    IdempotencyMismatch,
    NotFound,
    PaymentDeclined,
    RailUnavailable,
    SikkaError,
)
from sikka.domain.payment import Status
from sikka.domain.records import IdempotencyRecord, IdempotencyStatus
from sikka.domain.refund import Refund, RefundStatus
from sikka.domain.views import (
    encode,
    error_body,
    refund_view,
    status_of,
)
from sikka.flows.parts import Answer, Caller, Parts
from sikka.flows.steps import audit_record, milliseconds, state_view
from sikka.ports import UpiState
from sikka_core import new_id


def _record(
    parts: Parts, caller: Caller, bucket: int, at: datetime, object_id: str | None
) -> IdempotencyRecord:
    return IdempotencyRecord(
        id=new_id("idk", bucket, milliseconds(at)),
        bucket=bucket,
        merchant_id=caller.merchant_id,
        livemode=caller.livemode,
        idempotency_key=caller.claim.key,
        route=caller.claim.route,
        request_hash=caller.claim.request_hash,
        status=IdempotencyStatus.RUNNING,
        response_status=None,
        response_body=None,
        object_id=object_id,
        running_until=at + timedelta(seconds=parts.policy.running_s),
        created_at=at,
    )


def running(
    parts: Parts, caller: Caller, bucket: int, at: datetime, object_id: str
) -> IdempotencyRecord:
    """The row that holds the key while the rail is being asked."""
    return _record(parts, caller, bucket, at, object_id)


def completed(
    parts: Parts,
    caller: Caller,
    bucket: int,
    at: datetime,
    answer: Answer,
    object_id: str | None = None,
) -> IdempotencyRecord:
    """The row of a request whose answer is known in the change that carries it out."""
    return replace(
        _record(parts, caller, bucket, at, object_id),
        status=IdempotencyStatus.COMPLETED,
        response_status=answer.status,
        response_body=answer.body.decode(),
    )


def completion(record: IdempotencyRecord, answer: Answer) -> Amend:
    """Store the answer under a running key, once."""
    return Amend(
        IdempotencyRecord,
        record.id,
        {"status": IdempotencyStatus.RUNNING},
        {
            "status": IdempotencyStatus.COMPLETED,
            "response_status": answer.status,
            "response_body": answer.body.decode(),
        },
    )


async def replayed(parts: Parts, caller: Caller) -> Answer | None:
    """What was answered under the caller's key, or None when the key is new.

    A request whose process died before it answered is answered here, from the state of its
    payment or refund.

    Raises:
        IdempotencyMismatch: the key was used with another route or body.
        IdempotencyKeyInUse: the first request is still running.
    """
    claim = caller.claim
    record = await parts.store.idempotency(caller.merchant_id, caller.livemode, claim.key)
    if record is None:
        return None
    if record.request_hash != claim.request_hash or record.route != claim.route:
        raise IdempotencyMismatch
    if record.status is IdempotencyStatus.COMPLETED:
        return _stored(record)
    if parts.clock.now() < record.running_until:
        raise IdempotencyKeyInUse
    return await _taken_over(parts, caller, record)


async def settled(parts: Parts, caller: Caller) -> Answer:
    """What the winner of a race for the same key has answered.

    Raises:
        IdempotencyMismatch, IdempotencyKeyInUse: as `replayed`.
        SikkaError: `duplicate` when something other than the key was taken.
    """
    answer = await replayed(parts, caller)
    if answer is None:
        raise SikkaError("duplicate")
    return answer


def _stored(record: IdempotencyRecord) -> Answer:
    return Answer(record.response_status or 500, (record.response_body or "").encode(), True)


async def _taken_over(parts: Parts, caller: Caller, record: IdempotencyRecord) -> Answer:
    object_id = record.object_id or ""
    refund = await parts.store.refund(object_id) if object_id.startswith("rfd_") else None
    payment_id = refund.payment_id if refund else object_id
    state = await parts.store.upi_state(payment_id)
    if state is None:
        raise NotFound(payment_id=payment_id)
    if refund:
        answer = refund_answer(refund, caller.request_id)
    else:
        answer = payment_answer(state, caller.request_id)
    now = parts.clock.now()
    audit = audit_record(state.payment, "idempotency.taken_over", caller.actor, now)
    change = Change(record.bucket, (audit,), (completion(record, answer),))
    try:
        await parts.journal.commit(change)
    except Conflict:
        return await settled(parts, caller)
    return answer


def payment_answer(state: UpiState, request_id: str) -> Answer:
    """201 with the payment, or the error of a payment that ended in failure."""
    payment = state.payment
    if payment.status is Status.FAILED and payment.failure_code:
        return _failed(payment.failure_code, payment.id, request_id)
    return Answer(201, encode(state_view(state)))


def refund_answer(refund: Refund, request_id: str) -> Answer:
    """201 with the refund, or the error of a refund that failed."""
    if refund.status is RefundStatus.FAILED and refund.failure_code:
        return _failed(refund.failure_code, refund.payment_id, request_id)
    return Answer(201, encode(refund_view(refund)))


def _failed(code: str, payment_id: str, request_id: str) -> Answer:
    kind = RailUnavailable if code == "rail_unavailable" else PaymentDeclined
    error = kind(code, payment_id=payment_id)
    return Answer(status_of(error), error_body(error, request_id))
