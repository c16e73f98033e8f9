"""What the API is handed by the composition root."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from msgspec import UNSET, UnsetType

from sikka.api.limits import RateLimiter
from sikka.flows.fraud.ports import RuleTrials
from sikka.flows.parts import Answer, Caller, Parts
from sikka.ports import Reader


class UpiCallbacks(Protocol):
    """Takes what the UPI switch posts. It verifies, and answers with a status and an Ack."""

    async def receive(
        self, api: str, version: str, path_txn_id: str, body: bytes
    ) -> tuple[int, bytes]:
        """Return the HTTP status and the XML of the Ack."""
        ...


class SponsorCallbacks(Protocol):
    """Takes what a sponsor bank posts. It verifies, and answers with a status and JSON."""

    async def receive(
        self, bank: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, bytes]:
        """Return the HTTP status and the body. Header names are in lower case."""
        ...


class WebhookEndpoints(Protocol):
    """Changes a merchant's webhook endpoints, idempotent under `caller.claim`.

    All raise NotFound for what is not the caller's, and what `flows.replay.replayed` raises.
    """

    async def create(
        self,
        caller: Caller,
        *,
        url: str,
        event_types: Sequence[str],
        description: str | None = None,
    ) -> Answer:
        """201 with the endpoint and, this once, its secret."""
        ...

    async def update(
        self,
        caller: Caller,
        endpoint_id: str,
        *,
        url: str | UnsetType = UNSET,
        event_types: Sequence[str] | UnsetType = UNSET,
        description: str | UnsetType | None = UNSET,
        enabled: bool | UnsetType = UNSET,
    ) -> Answer:
        """200 with the endpoint."""
        ...

    async def rotate_secret(self, caller: Caller, endpoint_id: str) -> Answer:
        """200 with the endpoint and, this once, its new secret."""
        ...

    async def delete(self, caller: Caller, endpoint_id: str) -> Answer:
        """200 with the id and `deleted`."""
        ...

    async def replay(self, caller: Caller, event_id: str, endpoint_id: str | None = None) -> Answer:
        """201 with the deliveries that will be made."""
        ...


KEY_CACHE_MAXIMUM_S = 5.0

HealthCheck = Callable[[], Awaitable[None]]
"""Raises when what it looks at is not well."""


@dataclass(frozen=True, slots=True)
class ApiLimits:
    """Bounds of the API.

    Args:
        body_bytes: the most a body may hold.
        batch_body_bytes: the most the body of a batch may hold.
        batch_concurrency: how many payments of one batch are on their way at once.
        key_cache_s: how long a key is believed without asking again: the longest time for
            which a revoked key can still be used. At most 5.
        check_timeout_s: how long a readiness check may take.
        allowed_hosts: the values of `Host` (without port) that are served; all when empty.
        trusted_proxies: how many proxies in front add themselves to `X-Forwarded-For`.
    """

    body_bytes: int = 64 * 1024
    batch_body_bytes: int = 4 * 1024 * 1024
    batch_concurrency: int = 64
    key_cache_s: float = 3.0
    check_timeout_s: float = 2.0
    allowed_hosts: frozenset[str] = frozenset()
    trusted_proxies: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.key_cache_s <= KEY_CACHE_MAXIMUM_S:
            raise ValueError(f"key_cache_s must be within 0 to {KEY_CACHE_MAXIMUM_S}")


@dataclass(frozen=True, slots=True)
class ApiParts:
    """The API's world.

    Args:
        flows: what the use cases run on.
        reader: the reads of the API.
        key_pepper: the key of the keyed hash of API keys, at least 16 bytes.
        rate_limiter: spends one a request and merchant (a batch: one a payment).
        address_limiter: spends one a look-up of a key that is not remembered, and client address.
        upi_callbacks, sponsor_callbacks: where messages of the rails go.
        webhook_endpoints: changes endpoints and replays events.
        rule_trials: checks new rules, and tries them on past payments.
        is_vpa_blocked: whether the house refuses an address (in normal form).
        render_metrics: the body and content type of `/metrics`.
        health_checks: by name; `/readyz` is ready when none raises.
        limits: bounds.
    """

    flows: Parts
    reader: Reader
    key_pepper: bytes
    rate_limiter: RateLimiter
    address_limiter: RateLimiter
    upi_callbacks: UpiCallbacks
    sponsor_callbacks: SponsorCallbacks
    webhook_endpoints: WebhookEndpoints
    rule_trials: RuleTrials
    is_vpa_blocked: Callable[[str], Awaitable[bool]]
    render_metrics: Callable[[], tuple[bytes, str]]
    health_checks: Mapping[str, HealthCheck]
    limits: ApiLimits = field(default_factory=ApiLimits)
