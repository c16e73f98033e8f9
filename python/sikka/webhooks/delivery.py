"""Delivers what is due: at least once, in order per payment, and nobody waits for a slow merchant.

A delivery is marked after its attempt. A process that dies in between leaves it due, and it is
made again; a receiver tells by `webhook-id`. Which deliveries are on their way is known to the
holder of the lease alone, and its marks are fenced by the lease's token.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta

from sikka.domain.change import Amend, Change, amend
from sikka.domain.delivery import DeliveryStatus, DueDelivery, WebhookDelivery
from sikka.domain.errors import Conflict, Duplicate, JournalError, Unavailable
from sikka.ports import Clock, Journal, Observer
from sikka.webhooks.attempt import Attempt, Sender
from sikka.webhooks.backoff import Backoff
from sikka.webhooks.disabling import Disabler
from sikka.webhooks.lanes import Lanes, Limits
from sikka.webhooks.reads import Outbox
from sikka.webhooks.relay import Guard
from sikka.webhooks.schedule import Schedule

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Mark:
    """What became of a delivery, on its way into the journal. Discarded ones had no attempt."""

    change: Change
    delivery: WebhookDelivery
    attempt: Attempt | None


class Deliverer:
    """Delivers.

    Args:
        outbox: reads what is due.
        journal: writes what became of it.
        sender: makes the attempts.
        disabler: disables endpoints.
        schedule: when to try again.
        clock: the time.
        observe: hears `webhook.delivered`, `webhook.failed`, `webhook.exhausted`,
            `webhook.discarded`.
        limits: how much at once.
    """

    def __init__(
        self,
        outbox: Outbox,
        journal: Journal,
        sender: Sender,
        disabler: Disabler,
        schedule: Schedule,
        clock: Clock,
        observe: Observer,
        limits: Limits | None = None,
    ) -> None:
        self._outbox = outbox
        self._journal = journal
        self._sender = sender
        self._disabler = disabler
        self._schedule = schedule
        self._clock = clock
        self._observe = observe
        self._limits = limits or Limits()
        self._lanes = Lanes(self._limits, clock, self._run)
        self._unmarked: dict[str, _Mark] = {}
        self._backoff = Backoff()

    async def deliver(self, buckets: range, guard: Guard, wake: Callable[[], None]) -> int:
        """Start what is due in the buckets, as far as the limits allow; return how many it was.

        Args:
            buckets: whose deliveries.
            guard: the fencing check for a bucket.
            wake: called whenever a delivery has been dealt with, so that there may be more to do.

        Raises:
            Unavailable: the database is away.
        """
        await self._write_again(buckets)
        lanes, started = self._lanes, 0
        while lanes.has_room:
            full = lanes.full()
            flying = lanes.begin_reading() | self._unmarked.keys()
            unwanted = lanes.load_beside(full) + len(self._unmarked) + len(self._backoff)
            limit = self._limits.page + unwanted
            now = self._clock.now()
            dues = await self._outbox.due_deliveries(now, buckets, limit, full)
            # What was on its way when the reading began, or began meanwhile, may have ended since
            # and only seem to be due.
            known = flying | set(lanes.started)
            fresh = [
                due
                for due in dues
                if due.delivery.id not in known and not self._backoff.waits(due.delivery.id, now)
            ]
            count = lanes.plan(fresh, guard, now, wake)
            started += count
            if not count or len(dues) < limit:
                break
        return started

    def busy(self, buckets: Collection[int]) -> bool:
        """Whether a delivery of these buckets is on its way."""
        return self._lanes.busy(buckets)

    async def settle(self) -> None:
        """Return when nothing is on its way any more."""
        await self._lanes.settle()

    async def abandon(self) -> None:
        """Drop what is on its way and return when it has ended; it stays due and is made again."""
        await self._lanes.abandon()

    async def _run(self, due: DueDelivery, fence: Amend) -> None:
        try:
            if due.endpoint.enabled:
                await self._attempt(due, fence)
            else:
                await self._discard(due, fence)
            self._backoff.succeeded(due.delivery.id)
        except Exception:  # noqa: BLE001 - one delivery's bug must not stop the others
            _log.exception("delivery %s could not be dealt with", due.delivery.id)
            self._backoff.failed(due.delivery.id, self._clock.now())

    async def _attempt(self, due: DueDelivery, fence: Amend) -> None:
        attempt = await self._sender.attempt(due)
        if attempt.delivered:
            self._lanes.succeeded(due.endpoint.id)
        else:
            self._lanes.failed(due.endpoint.id)
        after = self._after(due.delivery, attempt)
        mark = amend(due.delivery, after, expect=("version", "status"))
        change = Change(after.bucket, (attempt.row,), (fence, mark))
        await self._write(_Mark(change, after, attempt))

    def _after(self, delivery: WebhookDelivery, attempt: Attempt) -> WebhookDelivery:
        row = attempt.row
        if attempt.delivered:
            return delivery.attempted(row, DeliveryStatus.DELIVERED, None)
        delay_s = self._schedule.delay_after_s(row.attempt)
        if attempt.gone:
            return delivery.attempted(row, DeliveryStatus.DISCARDED, None)
        if delay_s is None:
            return delivery.attempted(row, DeliveryStatus.EXHAUSTED, None)
        return delivery.attempted(row, DeliveryStatus.PENDING, row.at + timedelta(seconds=delay_s))

    async def _discard(self, due: DueDelivery, fence: Amend) -> None:
        after = due.delivery.discarded(self._clock.now())
        mark = amend(due.delivery, after, expect=("version", "status"))
        await self._write(_Mark(Change(after.bucket, (), (fence, mark)), after, None))

    async def _write(self, mark: _Mark) -> None:
        """Write it down; what cannot be written now is kept, and not delivered again meanwhile."""
        try:
            await self._journal.commit(mark.change)
        except (Conflict, Duplicate):
            # Another worker has the lease by now; it delivers again, and its word counts.
            self._observe("webhook.mark_conflict", delivery_id=mark.delivery.id)
        except Unavailable:
            self._unmarked[mark.delivery.id] = mark
            self._observe("webhook.mark_postponed", delivery_id=mark.delivery.id)
        else:
            await self._marked(mark)

    async def _write_again(self, buckets: range) -> None:
        """Write the marks that a database that was away has left over.

        Raises:
            Unavailable: it still is.
        """
        for id, mark in list(self._unmarked.items()):
            if mark.change.bucket not in buckets:
                continue
            try:
                await self._journal.commit(mark.change)
            except (Conflict, Duplicate):
                # It was written after all, or somebody else delivers it.
                self._observe("webhook.mark_conflict", delivery_id=id)
            except Unavailable:
                raise
            except JournalError:
                _log.exception("delivery %s cannot be marked", id)
                self._backoff.failed(id, self._clock.now())
            else:
                await self._marked(mark)
            del self._unmarked[id]

    async def _marked(self, mark: _Mark) -> None:
        delivery, attempt = mark.delivery, mark.attempt
        if attempt is None:
            self._observe(
                "webhook.discarded", endpoint_id=delivery.endpoint_id, delivery_id=delivery.id
            )
            return
        self._tell(delivery, attempt)
        if attempt.gone:
            await self._disabler.gone(delivery)
        elif delivery.status is DeliveryStatus.EXHAUSTED:
            await self._disabler.exhausted(delivery)

    def _tell(self, delivery: WebhookDelivery, attempt: Attempt) -> None:
        row = attempt.row
        facts = {
            "endpoint_id": row.endpoint_id,
            "event_id": row.event_id,
            "delivery_id": row.delivery_id,
            "payment_id": delivery.payment_id,
            "attempt": row.attempt,
            "status_code": row.status_code,
            "duration_ms": row.duration_ms,
        }
        if attempt.delivered:
            age_s = (row.at - delivery.created_at).total_seconds()
            self._observe("webhook.delivered", **facts, age_s=age_s)
            return
        self._observe("webhook.failed", **facts, error=row.error, next=delivery.next_attempt_at)
        if delivery.status is DeliveryStatus.EXHAUSTED:
            self._observe("webhook.exhausted", **facts)
