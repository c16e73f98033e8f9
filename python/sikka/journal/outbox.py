"""What the background work reads and clears away: the outbox, due deliveries, old rows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, Table, delete, func, select

from sikka.domain.delivery import DeliveryStatus, DueDelivery, WebhookDelivery
from sikka.domain.merchant import WebhookEndpoint
from sikka.domain.records import Event
from sikka.journal import tables
from sikka.journal.database import Database
from sikka.journal.mapping import MAPPINGS
from sikka.journal.queries import Joined, moment, one

_EVENT = MAPPINGS[Event]
_ENDPOINT = MAPPINGS[WebhookEndpoint]
_DUE = Joined(MAPPINGS[WebhookDelivery], _ENDPOINT)


class SqlOutbox:
    """Reads for the relay, the deliverer and the merchant's calls about endpoints.

    Args:
        database: where to read.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def unrelayed(self, buckets: range, limit: int) -> Sequence[Event]:
        events = tables.outbox_events.c
        first = (
            select(events.payment_id)
            .where(
                events.relayed == 0, events.bucket >= buckets.start, events.bucket < buckets.stop
            )
            .order_by(events.bucket, events.id)
            .limit(limit)
        )
        payments = {row[0] for row in await self._database.rows(first)}
        if not payments:
            return []
        # Ids come from the clocks of several processes; only the sequence tells the order.
        query = (
            select(*_EVENT.selected)
            .where(events.payment_id.in_(sorted(payments)), events.relayed == 0)
            .order_by(events.payment_id, events.sequence)
        )
        return _EVENT.records(await self._database.rows(query))

    async def subscribed(self, merchant_ids: Collection[str]) -> Sequence[WebhookEndpoint]:
        endpoints = tables.webhook_endpoints.c
        query = (
            select(*_ENDPOINT.selected)
            .where(endpoints.merchant_id.in_(sorted(merchant_ids)), endpoints.enabled == 1)
            .order_by(endpoints.created_at, endpoints.id)
        )
        return _ENDPOINT.records(await self._database.rows(query))

    async def due_deliveries(
        self, now: datetime, buckets: range, limit: int, excluded: Collection[str]
    ) -> Sequence[DueDelivery]:
        rows = await self._database.rows(_due_query(now, buckets, limit, excluded))
        bodies = [row[-1] for row in rows]
        records = _DUE.records([tuple(row)[:-1] for row in rows])
        return [
            DueDelivery(delivery, endpoint, body)
            for (delivery, endpoint), body in zip(records, bodies, strict=True)
        ]

    async def delivered_since(self, endpoint_id: str, created_at: datetime) -> bool:
        deliveries = tables.webhook_deliveries.c
        query = (
            select(deliveries.id)
            .where(
                deliveries.endpoint_id == endpoint_id,
                deliveries.created_at >= moment(created_at),
                deliveries.status == DeliveryStatus.DELIVERED,
            )
            .limit(1)
        )
        return bool(await self._database.rows(query))

    async def endpoint(self, endpoint_id: str) -> WebhookEndpoint | None:
        return await one(self._database, _ENDPOINT, tables.webhook_endpoints.c.id == endpoint_id)

    async def event(self, event_id: str) -> Event | None:
        return await one(self._database, _EVENT, tables.outbox_events.c.id == event_id)


def _due_query(now: datetime, buckets: range, limit: int, excluded: Collection[str]) -> Select[Any]:
    deliveries, endpoints = tables.webhook_deliveries, tables.webhook_endpoints
    events, earlier = tables.outbox_events, tables.webhook_deliveries.alias("earlier")
    waits_for_earlier = (
        select(earlier.c.id)
        .where(
            earlier.c.endpoint_id == deliveries.c.endpoint_id,
            earlier.c.payment_id == deliveries.c.payment_id,
            earlier.c.status == DeliveryStatus.PENDING,
            earlier.c.sequence < deliveries.c.sequence,
        )
        .exists()
    )
    where: list[ColumnElement[bool]] = [
        deliveries.c.status == DeliveryStatus.PENDING,
        deliveries.c.next_attempt_at <= moment(now),
        deliveries.c.bucket >= buckets.start,
        deliveries.c.bucket < buckets.stop,
        ~waits_for_earlier,
    ]
    if excluded:
        where.append(deliveries.c.endpoint_id.not_in(sorted(excluded)))
    return (
        select(*_DUE.selected)
        .add_columns(events.c.body)
        .select_from(
            deliveries.join(endpoints, endpoints.c.id == deliveries.c.endpoint_id).join(
                events, events.c.id == deliveries.c.event_id
            )
        )
        .where(*where)
        .order_by(deliveries.c.next_attempt_at)
        .limit(limit)
    )


class SqlHousekeeping:
    """Deletes what has outlived its purpose, and counts the workers that are alive.

    Args:
        database: where.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def live_leases(self, prefix: str, now: datetime) -> int:
        leases = tables.leases.c
        query = select(func.count()).where(
            leases.name.startswith(prefix, autoescape=True), leases.expires_at > moment(now)
        )
        rows = await self._database.rows(query)
        return int(rows[0][0])

    async def delete_idempotency_keys(self, before: datetime, buckets: range, limit: int) -> int:
        keys = tables.idempotency_keys
        return await self._delete(
            keys,
            keys.c.id,
            limit,
            keys.c.created_at < moment(before),
            keys.c.bucket >= buckets.start,
            keys.c.bucket < buckets.stop,
        )

    async def delete_replies(self, before: datetime, limit: int) -> int:
        replies = tables.replies
        return await self._delete(
            replies, replies.c.message_id, limit, replies.c.expires_at < moment(before)
        )

    async def delete_leases(self, prefix: str, before: datetime, limit: int) -> int:
        leases = tables.leases
        return await self._delete(
            leases,
            leases.c.name,
            limit,
            leases.c.name.startswith(prefix, autoescape=True),
            leases.c.expires_at < moment(before),
        )

    async def _delete(
        self, table: Table, key: Column[Any], limit: int, *where: ColumnElement[bool]
    ) -> int:
        """Find first and delete by key, so that no lock outlasts a short statement."""
        rows = await self._database.rows(select(key).where(*where).limit(limit))
        if not rows:
            return 0
        return await self._database.execute(
            delete(table).where(key.in_([row[0] for row in rows]), *where)
        )
