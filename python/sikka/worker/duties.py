"""The duties of the gateway, put together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from sikka.flows.expire import expire
from sikka.flows.parts import Parts
from sikka.flows.poll import poll_payment, poll_refund
from sikka.ports import UpiState
from sikka.webhooks.delivery import Deliverer
from sikka.webhooks.relay import Relay
from sikka.worker.duty import DeliverDuty, Duty, ItemsDuty, RelayDuty, Rhythm, RoundDuty
from sikka.worker.territory import Shift

HOUSEKEEPING_INTERVAL_S = 60.0
PRESENCE_KEPT_S = 86_400.0


class Housekeeping(Protocol):
    """Deletes what has outlived its purpose, at most `limit` rows a call; returns how many."""

    async def delete_idempotency_keys(self, before: datetime, buckets: range, limit: int) -> int:
        """Idempotency keys created before then."""
        ...

    async def delete_replies(self, before: datetime, limit: int) -> int:
        """Replies that had expired by then."""
        ...

    async def delete_leases(self, prefix: str, before: datetime, limit: int) -> int:
        """Leases of this prefix of the name that had expired by then."""
        ...


class HousekeepingDuty(RoundDuty):
    """Deletes old idempotency keys, expired replies, and the presence of workers long gone."""

    name = "housekeeping"
    rhythm = Rhythm(shortest_s=0.1, longest_s=HOUSEKEEPING_INTERVAL_S)

    def __init__(self, parts: Parts, housekeeping: Housekeeping, batch: int = 500) -> None:
        self._parts = parts
        self._housekeeping = housekeeping
        self._batch = batch

    async def run(self, shift: Shift) -> int:
        now = self._parts.clock.now()
        before = now - timedelta(seconds=self._parts.policy.retention_s)
        keys = await self._housekeeping.delete_idempotency_keys(before, shift.buckets, self._batch)
        replies = await self._housekeeping.delete_replies(now, self._batch)
        gone = now - timedelta(seconds=PRESENCE_KEPT_S)
        leases = await self._housekeeping.delete_leases("worker/", gone, self._batch)
        return keys + replies + leases


def duties_of(
    parts: Parts,
    relay: Relay,
    deliverer: Deliverer,
    housekeeping: Housekeeping,
    *,
    interval_s: float = 0.5,
    batch: int = 256,
) -> Sequence[Duty]:
    """Every duty of a worker.

    Args:
        parts: the flows' world.
        relay, deliverer, housekeeping: the machinery of the other duties.
        interval_s: how often an idle worker looks for events and deliveries of other processes;
            for payments, refunds and expiries it looks half as often.
        batch: items looked at in a round.
    """
    prompt = Rhythm(longest_s=interval_s, prompt=True)
    calm = Rhythm(longest_s=2.0 * interval_s)

    async def poll(state: UpiState) -> None:
        await poll_payment(parts, state)

    async def run_out(state: UpiState) -> None:
        await expire(parts, state)

    def payment_id(state: UpiState) -> str:
        return state.payment.id

    clock, observe, store = parts.clock, parts.observe, parts.store
    return (
        RelayDuty(relay, prompt),
        DeliverDuty(deliverer, prompt),
        ItemsDuty(
            "poll payments", store.due_payment_checks, poll, payment_id, clock, observe, calm, batch
        ),
        ItemsDuty(
            "poll refunds",
            store.due_refund_checks,
            lambda refund: poll_refund(parts, refund),
            lambda refund: refund.id,
            clock,
            observe,
            calm,
            batch,
        ),
        ItemsDuty("expire", store.overdue, run_out, payment_id, clock, observe, calm, batch),
        HousekeepingDuty(parts, housekeeping),
    )
