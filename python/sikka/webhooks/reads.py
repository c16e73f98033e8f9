"""What the webhooks read. Every read sees all that the journal has acknowledged."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from sikka.domain.delivery import DueDelivery
from sikka.domain.merchant import WebhookEndpoint
from sikka.domain.records import Event


class Outbox(Protocol):
    """Events that have not been fanned out, and deliveries that are due."""

    async def unrelayed(self, buckets: range, limit: int) -> Sequence[Event]:
        """Events that are not relayed yet, by bucket and age.

        Of every payment among some `limit` events all its unrelayed ones are returned, by their
        sequence: an event never comes without those before it.
        """
        ...

    async def subscribed(self, merchant_ids: Collection[str]) -> Sequence[WebhookEndpoint]:
        """The enabled endpoints of these merchants, in both modes."""
        ...

    async def due_deliveries(
        self, now: datetime, buckets: range, limit: int, excluded: Collection[str]
    ) -> Sequence[DueDelivery]:
        """Pending deliveries whose time has come, the longest due first.

        A delivery is left out while an earlier one of the same payment and endpoint is pending,
        and when its endpoint is among `excluded`.
        """
        ...

    async def delivered_since(self, endpoint_id: str, created_at: datetime) -> bool:
        """Whether any delivery to the endpoint that began then or later has succeeded."""
        ...


class EndpointReads(Protocol):
    """What the merchant's calls about endpoints read."""

    async def endpoint(self, endpoint_id: str) -> WebhookEndpoint | None:
        """One endpoint, also a disabled or deleted one, or None."""
        ...

    async def event(self, event_id: str) -> Event | None:
        """One event, or None."""
        ...

    async def subscribed(self, merchant_ids: Collection[str]) -> Sequence[WebhookEndpoint]:
        """The enabled endpoints of these merchants, in both modes."""
        ...
