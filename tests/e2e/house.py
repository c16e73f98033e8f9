"""A whole house in one process: the world outside, the gateway on a free port, and a worker."""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec

from sikka import bootstrap
from sikka.bootstrap import edges
from sikka.domain.merchant import Scope
from sikka.domain.records import Actor
from sikka.flows.administer import MerchantOrder, create_api_key, create_merchant
from sikka.flows.parts import Caller, IdempotencyClaim
from sikka.journal import migrate
from sikka.journal.database import Database
from sikka.journal.invariants import check_invariants
from sikka.settings import Settings
from sikka_sim import Timing, World, WorldConfig
from tests.e2e import orders
from tests.e2e.agreement import disagreements
from tests.e2e.archive import Archive
from tests.e2e.client import Client
from tests.e2e.configuration import ORG_ID, Keys, Place, write_settings

TIME_SCALE = 0.01
POLL_S = 0.02
DEADLINE_S = 20.0
# How long due work may have been lying about once all is quiet.
BACKLOG = timedelta(seconds=10)

Found = TypeVar("Found")


async def until(
    find: Callable[[], Awaitable[Found | None]], what: str, timeout_s: float = DEADLINE_S
) -> Found:
    """Ask again and again until something is found that is true, and return it.

    Raises:
        AssertionError: it was not within `timeout_s`; the message says `what`.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        if found := await find():
            return found
        assert time.monotonic() < deadline, f"not within {timeout_s} s: {what}"
        await asyncio.sleep(POLL_S)


@dataclass(frozen=True, slots=True)
class Tenant:
    """A merchant with its key, and the key of the house's administrator."""

    merchant_id: str
    secret: str
    admin_secret: str


async def world_of(keys: Keys, **config: Any) -> World:
    """Start a world that knows the gateway's key."""
    config.setdefault("time_scale", TIME_SCALE)
    config.setdefault("timing", Timing(customer_s=5.0))
    world = await World.start(WorldConfig(keys=keys.world, **config))
    world.register_organisation(ORG_ID, keys.gateway.certificate_pem)
    return world


async def settle_in(base: bootstrap.House, **merchant: Any) -> Tenant:
    """Create a merchant and keys, as an operator at the command line does."""
    given = {**orders.merchant(), **merchant}
    given["fee_fixed_minor"] = given.pop("fee_fixed", 0)
    order = MerchantOrder(account_type="CURRENT", **given)
    made = await create_merchant(base.parts, order, _operator("merchants create"))
    merchant_id = msgspec.json.decode(made.body)["id"]
    everyday = (Scope.PAYMENTS, Scope.REFUNDS, Scope.READ)
    return Tenant(
        merchant_id,
        await _new_secret(base, merchant_id, everyday),
        await _new_secret(base, merchant_id, tuple(Scope)),
    )


async def _new_secret(base: bootstrap.House, merchant_id: str, scopes: tuple[Scope, ...]) -> str:
    answer = await create_api_key(
        base.parts, base.key_pepper(), merchant_id, scopes, _operator("keys create"), livemode=False
    )
    secret: str = msgspec.json.decode(answer.body)["secret"]
    return secret


def _operator(action: str) -> Caller:
    key = secrets.token_hex(8)
    digest = hashlib.sha256(key.encode()).hexdigest()
    claim = IdempotencyClaim(key, f"CLI {action}", digest)
    return Caller("operator", True, Actor("cli:operator"), claim, f"req_{key}")


@dataclass(frozen=True, slots=True)
class House:
    """What a test has in hand.

    Attributes:
        observed: what the gateway's observers heard, in order: name and facts.
    """

    world: World
    settings: Settings
    gateway: edges.Gateway
    tenant: Tenant
    client: Client
    admin: Client
    archive: Archive
    observed: list[tuple[str, Mapping[str, Any]]]

    async def payment(self, payment_id: str) -> dict[str, Any]:
        """A payment as the merchant reads it."""
        return await self.client.get(f"/v1/payments/{payment_id}")

    async def reached(self, payment_id: str, *stages: str) -> dict[str, Any]:
        """Wait until a payment is in one of the stages, and return it."""

        async def find() -> dict[str, Any] | None:
            payment = await self.payment(payment_id)
            return payment if payment["stage"] in stages else None

        return await until(find, f"{payment_id} is {' or '.join(stages)}")

    async def ended(self, payment_id: str) -> dict[str, Any]:
        """Wait until a payment has ended, and return it."""
        return await self.reached(payment_id, "captured", "declined", "expired", "cancelled")

    async def pay(self, order: Mapping[str, Any], key: str | None = None) -> dict[str, Any]:
        """Create a payment that the gateway must take, and return it."""
        reply = await self.client.post("/v1/payments", order, key)
        assert reply.status == 201, (reply.status, reply.body)
        return reply.json

    async def refund(self, payment_id: str, **body: Any) -> dict[str, Any]:
        """Ask for a refund that the gateway must take, and return it."""
        reply = await self.client.post(f"/v1/payments/{payment_id}/refunds", body)
        assert reply.status == 201, (reply.status, reply.body)
        return reply.json

    async def refund_ended(self, refund_id: str) -> dict[str, Any]:
        """Wait until a refund has ended, and return it."""

        async def find() -> dict[str, Any] | None:
            refund = await self.client.get(f"/v1/refunds/{refund_id}")
            return refund if refund["status"] != "PENDING" else None

        return await until(find, f"{refund_id} has ended")

    async def observed_once(self, what: str, payment_id: str) -> Mapping[str, Any]:
        """Wait until something was observed of a payment, and return its facts."""

        async def find() -> Mapping[str, Any] | None:
            for name, facts in self.observed:
                if name == what and facts.get("payment_id") == payment_id:
                    return facts
            return None

        return await until(find, f"{what} of {payment_id}")

    async def events(self, payment_id: str) -> list[dict[str, Any]]:
        """The events of a payment, oldest first."""
        events = await self.client.all(f"/v1/events?payment_id={payment_id}")
        return sorted(events, key=lambda event: int(event["sequence"]))

    async def bookings(self, payment_id: str) -> list[str]:
        """The kinds of what was booked of a payment, in order; suspense is no merchant's."""
        path = f"/v1/ledger/transactions?payment_id={payment_id}"
        return [each["kind"] for each in await self.admin.all(path)]

    async def balances(self) -> dict[str, int]:
        """The balance of every account that has one, by its chart name."""
        accounts = await self.admin.all("/v1/ledger/accounts")
        return {each["chart"]: each["balance"] for each in accounts if each["balance"]}

    async def quiet(self, timeout_s: float = DEADLINE_S) -> None:
        """Wait until the world has nothing more to tell, and every webhook is delivered."""

        await self.world.npci.tasks.idle(timeout_s)
        await self.world.sponsor.tasks.idle(timeout_s)

        async def find() -> bool:
            return await self.archive.backlog() == 0

        await until(find, "nothing is on its way any more", timeout_s)

    def webhooks(self, payment_id: str) -> list[dict[str, Any]]:
        """What the merchant's endpoint took of a payment, in the order in which it came."""
        payloads = [each.payload for each in self.world.merchant.accepted()]
        return [each for each in payloads if each and each["payment_id"] == payment_id]

    async def prove(self) -> None:
        """The books are even, the audit chain holds, and the rail agrees; or AssertionError."""
        await prove(self.settings.database.url.reveal(), self.archive, self.world)
        trial = await self.admin.get("/v1/ledger/trial_balance")
        assert trial["balanced"], trial


async def prove(database_url: str, archive: Archive, world: World) -> None:
    """Check every invariant on the data, and the data against the rail's own record."""
    database = Database.open(database_url)
    try:
        assert await check_invariants(database, datetime.now(UTC), BACKLOG) == []
    finally:
        await database.close()
    transactions = [*world.npci.record, *world.sponsor.record]
    told = disagreements(await archive.payments(), await archive.refunds(), transactions)
    assert told == []
    assert world.errors() == []


@asynccontextmanager
async def house_at(
    place: Place,
    keys: Keys,
    over: Mapping[str, Any] | None = None,
    merchant: Mapping[str, Any] | None = None,
    **world_config: Any,
) -> AsyncIterator[House]:
    """A house with one merchant, whose webhook endpoint listens to every event.

    Args:
        place: where its data are.
        keys: the keys of the run.
        over: settings that differ from those of `write_settings`.
        merchant: what is special about the merchant.
        world_config: what is special about the world.
    """
    observed: list[tuple[str, Mapping[str, Any]]] = []

    def observe(what: str, /, **facts: Any) -> None:
        observed.append((what, facts))

    await migrate.upgrade(place.database_url)
    async with AsyncExitStack() as stack:
        world = await world_of(keys, **world_config)
        stack.push_async_callback(world.stop)
        path = write_settings(place, keys, world, over)
        settings = Settings.load(path, os.environ)
        gateway = await stack.enter_async_context(edges.gateway(settings, observe))
        world.set_gateway(gateway.url)
        tenant = await settle_in(gateway.house, **(merchant or {}))
        client = await stack.enter_async_context(Client(gateway.url, tenant.secret))
        admin = await stack.enter_async_context(Client(gateway.url, tenant.admin_secret))
        archive = await stack.enter_async_context(Archive(place.database_url))
        await listen(client, world)
        await stack.enter_async_context(edges.worker(settings, on=gateway.house))
        yield House(world, settings, gateway, tenant, client, admin, archive, observed)


async def listen(client: Client, world: World) -> str:
    """Register the simulated merchant's endpoint for every event; answers the endpoint's id."""
    reply = await client.post(
        "/v1/webhook_endpoints", {"url": f"{world.merchant_url}/webhooks", "event_types": ["*"]}
    )
    assert reply.status == 201, (reply.status, reply.body)
    world.merchant.set_secrets(reply.json["secret"])
    return str(reply.json["id"])
