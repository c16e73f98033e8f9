"""Payments whose time has run out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sikka.domain.change import Change, amend
from sikka.domain.errors import Conflict
from sikka.domain.payment import Stage, Status
from sikka.domain.records import Actor, EventType
from sikka.flows.parts import Parts
from sikka.flows.steps import audit_record, commit, event_of, state_view, step
from sikka.ports import UpiState

CLOCK = Actor("expiry")


async def expire(parts: Parts, state: UpiState) -> None:
    """End a payment that waits past its expiry, or have the rail asked about it.

    One in review was never sent: it expires here. One that the customer could have paid is
    asked about first; the poller expires it once the rail says that it knows nothing of it.
    """
    payment, upi = state.payment, state.upi
    now = parts.clock.now()
    if payment.expires_at is None or now < payment.expires_at or not payment.is_open:
        return
    try:
        if payment.stage is Stage.IN_REVIEW:
            await _expired(parts, state)
            return
        grace = timedelta(seconds=parts.policy.expiry_grace_s)
        if upi.next_check_at is None and now >= payment.expires_at + grace:
            asked = replace(upi, next_check_at=now, updated_at=now)
            line = audit_record(payment, "payment.overdue", CLOCK, now)
            guard = amend(upi, asked, expect=("checks_made", "outcome"))
            await parts.journal.commit(Change(payment.bucket, (line,), (guard,)))
    except Conflict:
        return


async def _expired(parts: Parts, state: UpiState) -> None:
    now = parts.clock.now()
    after = state.payment.moved(
        Status.EXPIRED, Stage.EXPIRED, now, failure_code="payment_collect_request_expired"
    )
    view = state_view(UpiState(after, state.upi, state.assessment))
    event = event_of(after, EventType.PAYMENT_EXPIRED, view, now)
    await commit(parts, step(state.payment, after, event, CLOCK, now), event, after)
