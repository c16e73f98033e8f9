"""Builds the change of each step: one version, one event, one audit record, its rows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sikka.domain.change import Amend, Change, amend
from sikka.domain.ledger import LedgerTransaction
from sikka.domain.payment import Payment, Status
from sikka.domain.records import Actor, AuditRecord, Event, EventType
from sikka.domain.views import (
    API_VERSION,
    EventData,
    EventView,
    PaymentView,
    RefundView,
    encode,
    payment_view,
)
from sikka.flows.parts import Parts
from sikka.ports import UpiState
from sikka_core import new_id


def milliseconds(at: datetime) -> int:
    """Milliseconds since the epoch."""
    return int(at.timestamp() * 1000)


def state_view(state: UpiState) -> PaymentView:
    """The payment of a state as the merchant sees it."""
    return payment_view(state.payment, state.upi, state.assessment)


def audit_record(
    payment: Payment, action: str, actor: Actor, at: datetime, **metadata: Any
) -> AuditRecord:
    """One line of the audit trail about a payment. The metadata must hold nothing secret."""
    return AuditRecord(
        id=new_id("aud", payment.bucket, milliseconds(at)),
        bucket=payment.bucket,
        payment_id=payment.id,
        merchant_id=payment.merchant_id,
        user_id=actor.user_id,
        action=action,
        status=f"{payment.status}/{payment.stage}",
        ip_address=actor.ip_address,
        user_agent=actor.user_agent,
        metadata=metadata,
        timestamp=at,
    )


def event_of(
    payment: Payment, type: EventType, subject: PaymentView | RefundView, at: datetime
) -> Event:
    """The one event of this version of the payment."""
    id = new_id("evt", payment.bucket, milliseconds(at))
    body = encode(
        EventView(
            object="event",
            id=id,
            type=type,
            api_version=API_VERSION,
            created_at=at,
            livemode=payment.livemode,
            payment_id=payment.id,
            sequence=payment.version,
            data=EventData(subject),
        )
    )
    return Event(
        id=id,
        bucket=payment.bucket,
        merchant_id=payment.merchant_id,
        payment_id=payment.id,
        sequence=payment.version,
        type=type,
        body=body.decode(),
        livemode=payment.livemode,
        relayed=False,
        created_at=at,
    )


def opening(payment: Payment, event: Event, actor: Actor, at: datetime, *rows: object) -> Change:
    """The first change of a payment: it, its event and its rows come into being."""
    record = audit_record(payment, event.type, actor, at)
    return Change(payment.bucket, (record, payment, *rows, event))


def step(
    before: Payment,
    after: Payment,
    event: Event,
    actor: Actor,
    at: datetime,
    *,
    rows: tuple[object, ...] = (),
    amends: tuple[Amend, ...] = (),
    postings: tuple[LedgerTransaction, ...] = (),
    **metadata: Any,
) -> Change:
    """The payment one version on, guarded by the version that was read."""
    record = audit_record(after, event.type, actor, at, **metadata)
    return Change(
        before.bucket,
        (record, *rows, event),
        (amend(before, after, expect=("version",)), *amends),
        postings,
    )


async def commit(parts: Parts, change: Change, event: Event, payment: Payment) -> None:
    """Commit, then tell the observers. Raises what the journal raises."""
    await parts.journal.commit(change)
    parts.observe(
        event.type,
        payment_id=payment.id,
        method=payment.payment_method,
        status=payment.status,
        stage=payment.stage,
        amount_minor=payment.amount_minor,
        age_s=(payment.updated_at - payment.created_at).total_seconds(),
        ended=payment.status is not Status.PENDING,
        postings=change.postings,
    )
