"""The outbox relay: every committed event becomes deliveries, once, in the order of its payment."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from itertools import groupby

from sikka.domain.change import Amend, Change
from sikka.domain.errors import Conflict, Unavailable
from sikka.domain.merchant import WebhookEndpoint
from sikka.domain.records import Event
from sikka.ports import Clock, Journal, Observer
from sikka.webhooks.backoff import Backoff
from sikka.webhooks.fanout import deliveries_of
from sikka.webhooks.reads import Outbox

Guard = Callable[[int], Amend]
"""The fencing check that goes into every change of a bucket."""

_log = logging.getLogger(__name__)


class Relay:
    """Fans events out.

    Deliveries and the mark on the event are one change, so an event is fanned out exactly once;
    all waiting events of a payment are one change, so none overtakes an earlier one.

    Args:
        outbox: reads events and endpoints.
        journal: writes.
        clock: the time of the new deliveries.
        observe: hears `webhook.relayed`.
        batch: events looked at in a round.
    """

    def __init__(
        self, outbox: Outbox, journal: Journal, clock: Clock, observe: Observer, batch: int = 256
    ) -> None:
        self._outbox = outbox
        self._journal = journal
        self._clock = clock
        self._observe = observe
        self._batch = batch
        self._backoff = Backoff()
        # Where the last full round of a range ended; a backlog is worked off bucket by bucket.
        self._resume_at: dict[range, int] = {}

    async def relay(self, buckets: range, guard: Guard) -> int:
        """Fan out what waits in the buckets, up to a batch; return how many events it was.

        Raises:
            Unavailable: the database is away. What was not relayed stays as it was.
        """
        events = await self._next_events(buckets)
        now = self._clock.now()
        payments = [
            list(group)
            for payment_id, group in groupby(events, key=lambda event: event.payment_id)
            if not self._backoff.waits(payment_id, now)
        ]
        if not payments:
            return 0
        endpoints = await self._outbox.subscribed({each[0].merchant_id for each in payments})
        counts = await asyncio.gather(
            *(self._relay_payment(each, endpoints, guard) for each in payments),
            return_exceptions=True,
        )
        for count in counts:
            if isinstance(count, BaseException):
                raise count
        return sum(count for count in counts if isinstance(count, int))

    async def _next_events(self, buckets: range) -> Sequence[Event]:
        limit = self._batch + len(self._backoff)
        start = self._resume_at.pop(buckets, buckets.start)
        events = await self._outbox.unrelayed(range(start, buckets.stop), limit)
        if not events and start > buckets.start:
            events = await self._outbox.unrelayed(buckets, limit)
        if len(events) >= limit:
            self._resume_at[buckets] = max(event.bucket for event in events)
        return events

    async def _relay_payment(
        self, events: Sequence[Event], endpoints: Sequence[WebhookEndpoint], guard: Guard
    ) -> int:
        first = events[0]
        now = self._clock.now()
        deliveries = [each for event in events for each in deliveries_of(event, endpoints, now)]
        marks = (Amend(Event, each.id, {"relayed": False}, {"relayed": True}) for each in events)
        change = Change(first.bucket, tuple(deliveries), (guard(first.bucket), *marks))
        try:
            await self._journal.commit(change)
        except Conflict:
            # Somebody else has relayed them, or holds the lease by now.
            self._observe("webhook.relay_conflict", payment_id=first.payment_id)
            return 0
        except Unavailable:
            raise
        except Exception:  # noqa: BLE001 - one payment's events must not stop the others'
            _log.exception("relaying the events of %s failed", first.payment_id)
            self._observe("webhook.relay_failed", payment_id=first.payment_id)
            self._backoff.failed(first.payment_id, now)
            return 0
        self._backoff.succeeded(first.payment_id)
        self._observe("webhook.relayed", events=len(events), deliveries=len(deliveries))
        return len(events)
