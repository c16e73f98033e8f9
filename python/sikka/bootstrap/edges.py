"""The edges of a house: the HTTP API, and the background duties."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from redis.asyncio import Redis

from sikka.api.app import build_app
from sikka.api.limits import RateLimiter, TokenBuckets, Unlimited
from sikka.api.parts import ApiLimits, ApiParts
from sikka.api.serve import listening
from sikka.background import end
from sikka.bootstrap.foundation import House, house
from sikka.bootstrap.fraud_watch import fraud_duties
from sikka.domain.errors import RailUnavailable
from sikka.fraud.trials import Trials
from sikka.journal.fraud.rule_history import SqlRuleHistory
from sikka.journal.leases import SqlLeases
from sikka.journal.outbox import SqlHousekeeping, SqlOutbox
from sikka.ops.rate_limit_redis import RedisTokenBuckets
from sikka.ports import Observer
from sikka.settings import Settings
from sikka.webhooks.attempt import Sender
from sikka.webhooks.client import WebhookClient
from sikka.webhooks.delivery import Deliverer
from sikka.webhooks.disabling import Disabler
from sikka.webhooks.endpoints import Endpoints
from sikka.webhooks.lanes import Limits as DeliveryLimits
from sikka.webhooks.relay import Relay
from sikka.webhooks.schedule import Schedule
from sikka.worker.duties import duties_of
from sikka.worker.worker import Worker

log = logging.getLogger(__name__)

# Unknown API keys that one address may try: look-ups a second, and at once.
STRANGERS_PER_S = 20.0
STRANGERS_BURST = 200


@dataclass(frozen=True, slots=True)
class Gateway:
    """A running API. `url` is where it listens."""

    house: House
    app: web.Application
    url: str


@asynccontextmanager
async def gateway(
    settings: Settings,
    observe: Observer | None = None,
    *,
    on: House | None = None,
    reuse_port: bool = False,
) -> AsyncIterator[Gateway]:
    """Serve the API while the context is open; leaving it finishes what has begun.

    Args:
        settings: all of them; those of `on` must be the same.
        observe: hears what happens, beside the metrics.
        on: a house to stand on; one of its own if None.
        reuse_port: whether other processes listen on the same port.

    Raises:
        ConfigurationError: a setting or a key file cannot be used.
        Unavailable: the database cannot be reached.
        OSError: the port cannot be had.
    """
    async with AsyncExitStack() as stack:
        base = await _house(stack, settings, observe, on)
        await stack.enter_async_context(base.fraud.opened())
        app = build_app(_api_parts(base, stack))
        server = settings.server
        address, port = await stack.enter_async_context(
            listening(
                app,
                server.host,
                server.port,
                reuse_port=reuse_port,
                drain_s=server.shutdown_timeout_s,
            )
        )
        shown = f"[{address}]" if ":" in address else address
        yield Gateway(base, app, f"http://{shown}:{port}")


@asynccontextmanager
async def worker(
    settings: Settings, observe: Observer | None = None, *, on: House | None = None
) -> AsyncIterator[Worker]:
    """Do the background duties while the context is open; leaving it gives the leases back.

    Args:
        settings, observe, on: as for `gateway`.

    Raises:
        ConfigurationError: a setting or a key file cannot be used.
        Unavailable: the database cannot be reached.
    """
    async with AsyncExitStack() as stack:
        base = await _house(stack, settings, observe, on)
        parts, outbox = base.parts, SqlOutbox(base.database)
        client = await stack.enter_async_context(
            WebhookClient(base.address_rules(), settings.webhooks.timeout_s)
        )
        deliverer = Deliverer(
            outbox,
            parts.journal,
            Sender(client, base.secret_box(), parts.clock),
            Disabler(outbox, outbox, parts.journal, parts.clock, parts.observe),
            Schedule(settings.webhooks.retry_delays_s),
            parts.clock,
            parts.observe,
            DeliveryLimits(per_endpoint=settings.webhooks.endpoint_concurrency),
        )
        batch, housekeeping = settings.worker.batch, SqlHousekeeping(base.database)
        running = Worker(
            SqlLeases(base.database),
            housekeeping,
            (
                *duties_of(
                    parts,
                    Relay(outbox, parts.journal, parts.clock, parts.observe, batch),
                    deliverer,
                    housekeeping,
                    interval_s=settings.worker.interval_s,
                    batch=batch,
                ),
                *await fraud_duties(base, stack),
            ),
            parts.clock,
            parts.observe,
            holder=f"{socket.gethostname()[:40]}/{os.getpid()}/{secrets.token_hex(4)}",
            lease_s=settings.worker.lease_s,
        )

        def nudge(what: str, /, **_facts: Any) -> None:
            if what == "journal.group":
                running.nudge()

        base.observers.add(nudge)
        stack.callback(base.observers.remove, nudge)
        heart = asyncio.create_task(_heartbeats(base), name="heartbeats")
        stack.push_async_callback(end, heart)
        yield await stack.enter_async_context(running)


def _limiters(base: House, stack: AsyncExitStack) -> tuple[RateLimiter, RateLimiter]:
    """What bounds merchants, and addresses that try unknown keys."""
    settings = base.settings
    rates = settings.rate_limit
    merchants: RateLimiter = (
        TokenBuckets(rates.per_s, rates.burst) if rates.enabled else Unlimited()
    )
    strangers: RateLimiter = TokenBuckets(STRANGERS_PER_S, STRANGERS_BURST)
    if settings.redis is None:
        return merchants, strangers
    timeout_s, observe = settings.redis.timeout_s, base.parts.observe
    redis = Redis.from_url(settings.redis.url.reveal(), socket_connect_timeout=timeout_s)
    stack.push_async_callback(redis.aclose)

    def shared(name: str, per_s: float, burst: int, fallback: RateLimiter) -> RateLimiter:
        return RedisTokenBuckets(
            redis, name, per_s, burst, fallback=fallback, observe=observe, timeout_s=timeout_s
        )

    if rates.enabled:
        merchants = shared("merchants", rates.per_s, rates.burst, merchants)
    return merchants, shared("strangers", STRANGERS_PER_S, STRANGERS_BURST, strangers)


def _api_parts(base: House, stack: AsyncExitStack) -> ApiParts:
    settings, parts = base.settings, base.parts
    server, outbox = settings.server, SqlOutbox(base.database)
    merchants, strangers = _limiters(base, stack)
    return ApiParts(
        flows=parts,
        reader=base.reader,
        key_pepper=base.key_pepper(),
        rate_limiter=merchants,
        address_limiter=strangers,
        upi_callbacks=base.upi_callbacks,
        sponsor_callbacks=base.sponsor_callbacks,
        webhook_endpoints=Endpoints(
            parts,
            outbox,
            base.address_rules(),
            base.secret_box(),
            rotation_overlap_s=settings.webhooks.rotation_overlap_s,
        ),
        rule_trials=Trials(SqlRuleHistory(base.database), parts.clock),
        is_vpa_blocked=base.fraud.engine.is_vpa_blocked,
        render_metrics=base.metrics.render,
        # Redis and the rails may be away while payments are still taken and written down.
        health_checks={"database": base.ping, "journal": base.writes},
        limits=ApiLimits(
            body_bytes=server.body_limit_bytes,
            batch_body_bytes=server.batch_body_limit_bytes,
            batch_concurrency=server.batch_concurrency,
            key_cache_s=server.key_cache_s,
            check_timeout_s=server.check_timeout_s,
            allowed_hosts=frozenset(server.allowed_hosts),
            trusted_proxies=server.trusted_proxies,
        ),
    )


async def _heartbeats(base: House) -> None:
    """Ask the switch from time to time whether it is there; it expects as much of us."""
    npci, configured = base.npci, base.settings.upi.npci
    if npci is None or configured is None:
        return
    while True:
        try:
            await npci.heartbeat(base.parts.clock.now())
        except RailUnavailable as error:
            log.warning("the switch: %s", error)
        await asyncio.sleep(configured.heartbeat_interval_s)


async def _house(
    stack: AsyncExitStack, settings: Settings, observe: Observer | None, on: House | None
) -> House:
    if on is not None:
        return on
    return await stack.enter_async_context(house(settings, observe))
