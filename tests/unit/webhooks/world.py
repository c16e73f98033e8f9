"""A journal and outbox in memory, a clock moved by hand, a merchant that answers as told."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sikka.domain.change import Amend, Change
from sikka.domain.delivery import DeliveryStatus, DueDelivery, WebhookAttempt, WebhookDelivery
from sikka.domain.errors import Conflict, Duplicate
from sikka.domain.merchant import WebhookEndpoint
from sikka.domain.records import Event, EventType
from sikka.ports import Lease
from sikka.webhooks.attempt import Sender
from sikka.webhooks.client import Reply
from sikka.webhooks.delivery import Deliverer
from sikka.webhooks.disabling import Disabler
from sikka.webhooks.lanes import Limits
from sikka.webhooks.relay import Relay
from sikka.webhooks.schedule import Schedule
from sikka.webhooks.secrets import SecretBox
from sikka_core import bucket_of_id, new_id

NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
ALL = range(4096)
KEY = b"k" * 32
SECRET = b"s" * 32
MERCHANT = new_id("mer", 7, 0)


class HandClock:
    """A clock that stands still until it is moved."""

    def __init__(self, at: datetime = NOW) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def forward(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class MemoryJournal:
    """Applies changes to dictionaries, all or nothing, and answers what the webhooks read."""

    def __init__(self) -> None:
        self.rows: dict[tuple[type, str], Any] = {}
        self.changes: list[Change] = []
        self.failures: list[Callable[[Change], Exception | None]] = []

    async def commit(self, change: Change) -> None:
        await asyncio.sleep(0)
        for failure in self.failures:
            if error := failure(change):
                raise error
        for amend in change.amends:
            row = self.rows.get((amend.kind, amend.id))
            if row is None or any(getattr(row, k) != v for k, v in amend.expect.items()):
                raise Conflict(message=f"{amend.kind.__name__} {amend.id}")
        if any((type(row), row.id) in self.rows for row in change.inserts):
            raise Duplicate
        for amend in change.amends:
            place = (amend.kind, amend.id)
            self.rows[place] = replace(self.rows[place], **amend.values)
        self.rows.update(((type(row), row.id), row) for row in change.inserts)
        self.changes.append(change)

    def put(self, *rows: Any) -> None:
        self.rows.update(((type(row), getattr(row, "id", "")), row) for row in rows)

    def lease(self, token: int) -> None:
        self.rows[Lease, "lease"] = Lease("lease", "holder", token, NOW)

    def all(self, kind: type) -> list[Any]:
        return [row for (each, _), row in self.rows.items() if each is kind]

    async def unrelayed(self, buckets: range, limit: int) -> Sequence[Event]:
        waiting = [e for e in self.all(Event) if not e.relayed and e.bucket in buckets]
        first = sorted(waiting, key=lambda event: (event.bucket, event.id))[:limit]
        payments = {event.payment_id for event in first}
        chosen = [event for event in waiting if event.payment_id in payments]
        return sorted(chosen, key=lambda event: (event.payment_id, event.sequence))

    async def subscribed(self, merchant_ids: Collection[str]) -> Sequence[WebhookEndpoint]:
        return [e for e in self.all(WebhookEndpoint) if e.enabled and e.merchant_id in merchant_ids]

    async def due_deliveries(
        self, now: datetime, buckets: range, limit: int, excluded: Collection[str]
    ) -> Sequence[DueDelivery]:
        pending = [d for d in self.all(WebhookDelivery) if d.status is DeliveryStatus.PENDING]
        due = [
            DueDelivery(
                each,
                self.rows[WebhookEndpoint, each.endpoint_id],
                self.rows[Event, each.event_id].body,
            )
            for each in pending
            if each.next_attempt_at <= now
            and each.bucket in buckets
            and each.endpoint_id not in excluded
            and not any(
                other.payment_id == each.payment_id
                and other.endpoint_id == each.endpoint_id
                and other.sequence < each.sequence
                for other in pending
            )
        ]
        await asyncio.sleep(0)
        return sorted(due, key=lambda one: (one.delivery.next_attempt_at, one.delivery.id))[:limit]

    async def delivered_since(self, endpoint_id: str, created_at: datetime) -> bool:
        return any(
            each.endpoint_id == endpoint_id
            and each.created_at >= created_at
            and each.status is DeliveryStatus.DELIVERED
            for each in self.all(WebhookDelivery)
        )

    async def endpoint(self, endpoint_id: str) -> WebhookEndpoint | None:
        return self.rows.get((WebhookEndpoint, endpoint_id))

    async def event(self, event_id: str) -> Event | None:
        return self.rows.get((Event, event_id))


@dataclass(frozen=True)
class Post:
    url: str
    headers: Mapping[str, str]
    body: bytes


Answerer = Callable[[Post], Reply]


@dataclass
class FakePoster:
    """Answers each URL as told; a URL in `held` waits until its event is set."""

    answers: dict[str, Answerer] = field(default_factory=dict)
    held: dict[str, asyncio.Event] = field(default_factory=dict)
    posts: list[Post] = field(default_factory=list)
    at_once: dict[str, int] = field(default_factory=dict)
    most_at_once: dict[str, int] = field(default_factory=dict)

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        post = Post(url, headers, body)
        self.posts.append(post)
        self.at_once[url] = self.at_once.get(url, 0) + 1
        self.most_at_once[url] = max(self.most_at_once.get(url, 0), self.at_once[url])
        try:
            if url in self.held:
                await self.held[url].wait()
            await asyncio.sleep(0)
        finally:
            self.at_once[url] -= 1
        return self.answers.get(url, lambda _: Reply(200, None))(post)

    def ids(self, url: str | None = None) -> list[str]:
        return [each.headers["webhook-id"] for each in self.posts if url in (None, each.url)]


def always(status_code: int) -> Answerer:
    return lambda _: Reply(status_code, None)


class World:
    """The relay and the deliverer over it all."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.clock = HandClock()
        self.journal = MemoryJournal()
        self.journal.lease(1)
        self.poster = FakePoster()
        self.box = SecretBox(KEY)
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.relay = Relay(self.journal, self.journal, self.clock, self.observe, batch=100)
        self.deliverer = self.new_deliverer(limits)
        self.token = 1
        self._numbers = itertools.count(1)

    def new_deliverer(self, limits: Limits | None = None) -> Deliverer:
        """What a process that has just started has."""
        journal, clock = self.journal, self.clock
        return Deliverer(
            journal,
            journal,
            Sender(self.poster, self.box, clock),
            Disabler(journal, journal, journal, clock, self.observe),
            Schedule(chance=lambda: 0.5),
            clock,
            self.observe,
            limits,
        )

    def observe(self, what: str, /, **facts: Any) -> None:
        self.told.append((what, facts))

    def heard(self, what: str) -> list[dict[str, Any]]:
        return [facts for name, facts in self.told if name == what]

    def guard(self, bucket: int) -> Amend:
        assert bucket in ALL
        return Amend(Lease, "lease", {"token": self.token}, {})

    def endpoint(self, url: str = "https://shop.example/hooks", **values: Any) -> WebhookEndpoint:
        id = new_id("whe", 7, 0)
        endpoint = WebhookEndpoint(
            id=id,
            merchant_id=MERCHANT,
            url=url,
            event_types=("*",),
            description=None,
            sealed_secret=self.box.seal(SECRET, id),
            sealed_previous_secret=None,
            previous_secret_until=None,
            enabled=True,
            disabled_reason=None,
            livemode=False,
            version=1,
            created_at=NOW,
            updated_at=NOW,
        )
        endpoint = replace(endpoint, **values)
        self.journal.put(endpoint)
        return endpoint

    def payment(self, bucket: int = 5) -> str:
        return new_id("pay", bucket, next(self._numbers))

    def event(
        self,
        payment_id: str | None = None,
        sequence: int = 1,
        type: EventType = EventType.PAYMENT_CREATED,
        **values: Any,
    ) -> Event:
        payment_id = payment_id or self.payment()
        bucket = bucket_of_id(payment_id)
        id = new_id("evt", bucket, next(self._numbers))
        event = Event(
            id=id,
            bucket=bucket,
            merchant_id=MERCHANT,
            payment_id=payment_id,
            sequence=sequence,
            type=type,
            body=f'{{"id":"{id}","sequence":{sequence}}}',
            livemode=False,
            relayed=False,
            created_at=NOW,
        )
        event = replace(event, **values)
        self.journal.put(event)
        return event

    async def fan_out(self) -> int:
        return await self.relay.relay(ALL, self.guard)

    async def start(self) -> int:
        """Start what is due, and wait for nothing."""
        return await self.deliverer.deliver(ALL, self.guard, lambda: None)

    async def deliver(self) -> int:
        """Deliver until nothing is due any more."""
        total = 0
        await self.deliverer.settle()
        while started := await self.start():
            total += started
            await self.deliverer.settle()
        return total

    def delivery(self, event: Event, endpoint: WebhookEndpoint | None = None) -> WebhookDelivery:
        (found,) = [
            each
            for each in self.journal.all(WebhookDelivery)
            if each.event_id == event.id and endpoint in (None, self._endpoint(each))
        ]
        return found

    def deliveries(self) -> list[WebhookDelivery]:
        return self.journal.all(WebhookDelivery)

    def attempts(self) -> list[WebhookAttempt]:
        return self.journal.all(WebhookAttempt)

    def _endpoint(self, delivery: WebhookDelivery) -> WebhookEndpoint:
        endpoint: WebhookEndpoint = self.journal.rows[WebhookEndpoint, delivery.endpoint_id]
        return endpoint
