"""What became known of a payment is written down: by its merchant, or from chargebacks.

A label is a note about a payment: it has a line in the audit trail, and neither a version nor an
event. Several may contradict each other; all are kept, and `sikka.domain.fraud.verdict` says what
counts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sikka.domain.change import Change
from sikka.domain.errors import Duplicate, InvalidRequest, NotFound
from sikka.domain.fraud.label import FraudLabel, LabelSource
from sikka.domain.fraud.label_views import label_view
from sikka.domain.payment import Payment
from sikka.domain.records import Actor
from sikka.domain.views import encode
from sikka.flows.parts import Answer, Caller, Parts
from sikka.flows.replay import completed, replayed, settled
from sikka.flows.steps import audit_record, milliseconds
from sikka_core import new_id

ACTION = "fraud.labelled"
CONCURRENCY = 32


@dataclass(frozen=True, slots=True)
class LabelOrder:
    """What the merchant knows.

    Args:
        payment_id: of its payment.
        fraud: whether it was fraud.
        reason: the merchant's words.
        known_at: when it learnt of it; None for this moment.
    """

    payment_id: str
    fraud: bool
    reason: str | None = None
    known_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ChargebackLine:
    """One line about a payment of a file that somebody else has written.

    Args:
        number: of the line, for whoever reads the outcome.
        reference: what the source calls it. A reference labels its payment once with each answer,
            however often the line comes.
        known_at: when the source learnt of it.
        reason: the source's words or code.
    """

    number: int
    payment_id: str
    reference: str
    fraud: bool
    known_at: datetime
    reason: str | None = None


class LineStatus(StrEnum):
    """What became of a line."""

    LABELLED = "labelled"
    KNOWN = "known"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class LineOutcome:
    """What became of one line; `message` says why a line was refused."""

    number: int
    status: LineStatus
    message: str = ""


async def label(parts: Parts, order: LabelOrder, caller: Caller) -> Answer:
    """Label a payment of the caller.

    Returns:
        201 with the label; the same call again returns the same bytes.

    Raises:
        NotFound: no such payment of this merchant in this mode.
        InvalidRequest: `known_at` is not between the payment and this moment. In both cases
            nothing was changed.
        IdempotencyMismatch, IdempotencyKeyInUse: as `sikka.flows.replay.replayed`.
    """
    if (answer := await replayed(parts, caller)) is not None:
        return answer
    payment = await _payment(parts, order.payment_id)
    if payment.merchant_id != caller.merchant_id or payment.livemode != caller.livemode:
        raise NotFound(param="payment_id", payment_id=order.payment_id)
    now = parts.clock.now()
    known_at = order.known_at or now
    record = _label(
        payment, LabelSource.API, caller.actor, now, known_at, order.reason, fraud=order.fraud
    )
    answer = Answer(201, encode(label_view(record)))
    claim = completed(parts, caller, payment.bucket, now, answer, record.id)
    try:
        await _commit(parts, payment, record, caller.actor, claim)
    except Duplicate:
        return await settled(parts, caller)
    return answer


async def label_chargebacks(
    parts: Parts, lines: Sequence[ChargebackLine], actor: Actor
) -> Sequence[LineOutcome]:
    """Label the payments that lines of somebody's file name, of any merchant and mode.

    Each line is a change of its own. To be repeated whole after any failure: a reference that has
    labelled its payment before is `known`.

    Args:
        lines: in any order; some thousands at most.
        actor: who brings them, for the audit trail.

    Returns:
        What became of each line, in their order.

    Raises:
        Unavailable: the database is away; some of the lines may be done.
    """
    gate = asyncio.Semaphore(CONCURRENCY)

    async def one(line: ChargebackLine) -> LineOutcome:
        async with gate:
            try:
                return await _label_line(parts, line, actor)
            except NotFound:
                message = "there is no such payment"
            except InvalidRequest as error:
                message = error.message
        return LineOutcome(line.number, LineStatus.REFUSED, message)

    results = await asyncio.gather(*map(one, lines), return_exceptions=True)
    outcomes = []
    for result in results:
        if isinstance(result, BaseException):
            raise result
        outcomes.append(result)
    return outcomes


async def _label_line(parts: Parts, line: ChargebackLine, actor: Actor) -> LineOutcome:
    payment = await _payment(parts, line.payment_id)
    now = parts.clock.now()
    record = _label(
        payment,
        LabelSource.CHARGEBACK,
        actor,
        now,
        line.known_at,
        line.reason,
        line.reference,
        fraud=line.fraud,
    )
    try:
        await _commit(parts, payment, record, actor)
    except Duplicate:
        return LineOutcome(line.number, LineStatus.KNOWN)
    return LineOutcome(line.number, LineStatus.LABELLED)


async def _payment(parts: Parts, payment_id: str) -> Payment:
    state = await parts.store.upi_state(payment_id)
    if state is None:
        raise NotFound(param="payment_id", payment_id=payment_id)
    return state.payment


def _label(
    payment: Payment,
    source: LabelSource,
    actor: Actor,
    now: datetime,
    known_at: datetime,
    reason: str | None,
    reference: str | None = None,
    *,
    fraud: bool,
) -> FraudLabel:
    if known_at > now:
        raise InvalidRequest(message="known_at must not lie in the future", param="known_at")
    if known_at <= payment.created_at:
        raise InvalidRequest(message="known_at must be after the payment", param="known_at")
    return FraudLabel(
        id=new_id("lbl", payment.bucket, milliseconds(now)),
        bucket=payment.bucket,
        payment_id=payment.id,
        merchant_id=payment.merchant_id,
        fraud=fraud,
        source=source,
        reason=reason,
        known_at=known_at,
        created_by=actor.user_id,
        created_at=now,
        livemode=payment.livemode,
        reference=reference,
    )


async def _commit(
    parts: Parts, payment: Payment, record: FraudLabel, actor: Actor, *rows: object
) -> None:
    """Write a label with its line in the audit trail."""
    audit = audit_record(
        payment,
        ACTION,
        actor,
        record.created_at,
        label_id=record.id,
        fraud=record.fraud,
        source=record.source,
        reference=record.reference,
    )
    await parts.journal.commit(Change(payment.bucket, (audit, record, *rows)))
    parts.observe(ACTION, fraud=record.fraud, source=record.source)
