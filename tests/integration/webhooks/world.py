"""Webhooks on a real database, delivered over HTTP to the simulated merchant."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from aiohttp import web
from sqlalchemy import select

from sikka.domain.change import Amend, Change
from sikka.domain.delivery import WebhookDelivery
from sikka.domain.records import Actor, Event, EventType
from sikka.flows.parts import Answer, Caller, IdempotencyClaim, Parts, Policy
from sikka.journal.database import Database
from sikka.journal.journal import SqlJournal
from sikka.journal.leases import SqlLeases
from sikka.journal.mapping import mapping_of
from sikka.journal.migrate import upgrade
from sikka.journal.outbox import SqlHousekeeping, SqlOutbox
from sikka.journal.store import SqlStore
from sikka.ports import Lease
from sikka.webhooks.addresses import AddressRules
from sikka.webhooks.attempt import Sender
from sikka.webhooks.client import WebhookClient
from sikka.webhooks.delivery import Deliverer
from sikka.webhooks.disabling import Disabler
from sikka.webhooks.endpoints import Endpoints
from sikka.webhooks.lanes import Limits
from sikka.webhooks.relay import Relay
from sikka.webhooks.schedule import Schedule
from sikka.webhooks.secrets import SecretBox
from sikka_core import bucket_of_id, new_id
from sikka_sim.merchant.app import Merchant

ALL = range(4096)
ROTATION_OVERLAP_S = 60.0
RULES = AddressRules(allow_private_addresses=True, allow_http=True)


class OffsetClock:
    """The machine's time, moved by hand: the judge of signatures goes by the real one."""

    def __init__(self) -> None:
        self.offset = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset

    def forward(self, seconds: float) -> None:
        self.offset += timedelta(seconds=seconds)


class Stage:
    """Everything on one database, and short words for what tests do again and again."""

    def __init__(self, database: Database, journal: SqlJournal, client: WebhookClient) -> None:
        self.clock = OffsetClock()
        self.database = database
        self.journal = journal
        self.client = client
        self.outbox = SqlOutbox(database)
        self.housekeeping = SqlHousekeeping(database)
        self.leases = SqlLeases(database)
        self.store = SqlStore(database, merchant_age_s=0.0)
        self.box = SecretBox(b"k" * 32)
        self.merchant_id = new_id("mer", 7, 1_763_892_000_000)
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.parts = Parts(
            clock=self.clock,
            journal=journal,
            store=self.store,
            reviews=cast("Any", None),
            fraud=cast("Any", None),
            rails={},
            numbers=cast("Any", None),
            policy=Policy(),
            observe=self.observe,
            fraud_policy=cast("Any", None),
            fraud_models=cast("Any", None),
        )
        self.endpoints = Endpoints(
            self.parts, self.outbox, RULES, self.box, rotation_overlap_s=ROTATION_OVERLAP_S
        )
        self.relay = self.new_relay()
        self.deliverer = self.new_deliverer()
        self.lease: Lease | None = None
        self._keys = itertools.count(1)

    def observe(self, what: str, /, **facts: Any) -> None:
        self.told.append((what, facts))

    def heard(self, what: str) -> list[dict[str, Any]]:
        return [facts for name, facts in self.told if name == what]

    def new_relay(self) -> Relay:
        return Relay(self.outbox, self.journal, self.clock, self.observe)

    def new_deliverer(self, journal: Any = None, limits: Limits | None = None) -> Deliverer:
        journal = journal or self.journal
        return Deliverer(
            self.outbox,
            journal,
            Sender(self.client, self.box, self.clock),
            Disabler(self.outbox, self.outbox, journal, self.clock, self.observe),
            Schedule(chance=lambda: 0.5),
            self.clock,
            self.observe,
            limits,
        )

    async def hold(self) -> Lease:
        """Take the lease that guards what `fan_out` and `deliver` write."""
        (lease,) = await self.leases.acquire(["lease"], "test", self.clock.now(), 3_600, 1)
        self.lease = lease
        return lease

    def guard(self, bucket: int) -> Amend:
        assert bucket in ALL
        assert self.lease is not None
        return Amend(Lease, self.lease.name, {"token": self.lease.token}, {})

    def caller(self, key: str | None = None, **values: Any) -> Caller:
        claim = IdempotencyClaim(key or f"key-{next(self._keys)}", "POST /v1/test", "hash")
        caller = Caller(self.merchant_id, False, Actor("key_1"), claim, "req_1")
        return replace(caller, **values)

    async def register(self, url: str, **values: Any) -> tuple[str, str]:
        """A new endpoint: its id and secret."""
        values.setdefault("event_types", ["*"])
        body = shown(await self.endpoints.create(self.caller(), url=url, **values))
        return str(body["id"]), str(body["secret"])

    def event(
        self,
        payment_id: str | None = None,
        sequence: int = 1,
        type_: EventType = EventType.PAYMENT_CREATED,
        bucket: int = 5,
    ) -> Event:
        now = self.clock.now()
        payment_id = payment_id or new_id("pay", bucket, int(now.timestamp() * 1000))
        bucket = bucket_of_id(payment_id)
        id_ = new_id("evt", bucket, int(now.timestamp() * 1000))
        return Event(
            id=id_,
            bucket=bucket,
            merchant_id=self.merchant_id,
            payment_id=payment_id,
            sequence=sequence,
            type=type_,
            body=json.dumps({"id": id_, "type": type_, "note": "₹1,299"}, ensure_ascii=False),
            livemode=False,
            relayed=False,
            created_at=now,
        )

    async def commit(self, *events: Event) -> None:
        await asyncio.gather(
            *(self.journal.commit(Change(event.bucket, (event,))) for event in events)
        )

    async def happen(self, count: int = 1, **values: Any) -> list[Event]:
        """Events of so many new payments, committed."""
        events = [self.event(**values) for _ in range(count)]
        await self.commit(*events)
        return events

    async def fan_out(self) -> int:
        return await self.relay.relay(ALL, self.guard)

    async def deliver(self) -> int:
        """Relay and deliver until nothing is due any more."""
        total = 0
        while await self.fan_out() + await self.deliverer.deliver(ALL, self.guard, _nothing):
            total += 1
            await self.deliverer.settle()
        return total

    async def all(self, kind: type) -> list[Any]:
        mapping = mapping_of(kind)
        return mapping.records(await self.database.rows(select(*mapping.selected)))

    async def delivery(self, event: Event) -> WebhookDelivery:
        (found,) = [each for each in await self.all(WebhookDelivery) if each.event_id == event.id]
        return cast("WebhookDelivery", found)


def _nothing() -> None:
    return


def shown(answer: Answer) -> dict[str, Any]:
    """The JSON of an answer."""
    body: dict[str, Any] = json.loads(answer.body)
    return body


async def until(is_so: Callable[[], bool], timeout_s: float = 20.0) -> None:
    """Let everybody else run until the condition holds."""
    deadline_s = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < deadline_s, "the condition did not come to hold"
        await asyncio.sleep(0.002)


@asynccontextmanager
async def shop() -> AsyncIterator[tuple[Merchant, str]]:
    """The simulated merchant on a free port, and its URL."""
    merchant = Merchant()
    runner = web.AppRunner(merchant.application())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield merchant, f"http://127.0.0.1:{runner.addresses[0][1]}/webhooks"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def stage_on(url: str) -> AsyncIterator[Stage]:
    await upgrade(url)
    async with AsyncExitStack() as stack:
        database = Database.open(url)
        stack.push_async_callback(database.close)
        client = await stack.enter_async_context(WebhookClient(RULES, timeout_s=0.5))
        journal = SqlJournal(database, lambda what, /, **facts: None)
        await journal.start()
        stack.push_async_callback(journal.stop)
        stage = Stage(database, journal, client)
        await stage.hold()
        yield stage
        await stage.deliverer.settle()
