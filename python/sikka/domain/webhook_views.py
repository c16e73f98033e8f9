"""How webhook endpoints, deliveries and attempts look to a merchant. One shape each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from sikka.domain.delivery import WebhookAttempt, WebhookDelivery
from sikka.domain.merchant import WebhookEndpoint


class EndpointView(msgspec.Struct, frozen=True):
    """A webhook endpoint. `secret` is shown once, when it is created or rotated, and is null else.

    Until `previous_secret_until` deliveries are signed with the previous secret too.
    """

    object: str
    id: str
    url: str
    event_types: Sequence[str]
    description: str | None
    enabled: bool
    disabled_reason: str | None
    secret: str | None
    previous_secret_until: datetime | None
    livemode: bool
    created_at: datetime
    updated_at: datetime


class DeletedEndpointView(msgspec.Struct, frozen=True):
    """What is left to say of an endpoint that was deleted."""

    object: str
    id: str
    deleted: bool


class DeliveryView(msgspec.Struct, frozen=True):
    """One event on its way to one endpoint."""

    object: str
    id: str
    event_id: str
    endpoint_id: str
    payment_id: str
    status: str
    attempts: int
    next_attempt_at: datetime | None
    last_status_code: int | None
    last_error: str | None
    livemode: bool
    created_at: datetime
    updated_at: datetime


class DeliveryAttemptView(msgspec.Struct, frozen=True):
    """One attempt at a delivery."""

    object: str
    id: str
    delivery_id: str
    attempt: int
    status_code: int | None
    error: str | None
    duration_ms: int
    at: datetime


class ReplayView(msgspec.Struct, frozen=True):
    """The deliveries that a replay of an event began."""

    object: str
    event_id: str
    deliveries: list[DeliveryView]


def endpoint_view(endpoint: WebhookEndpoint, secret: str | None = None) -> EndpointView:
    """An endpoint as the merchant sees it."""
    return EndpointView(
        object="webhook_endpoint",
        id=endpoint.id,
        url=endpoint.url,
        event_types=endpoint.event_types,
        description=endpoint.description,
        enabled=endpoint.enabled,
        disabled_reason=endpoint.disabled_reason,
        secret=secret,
        previous_secret_until=endpoint.previous_secret_until,
        livemode=endpoint.livemode,
        created_at=endpoint.created_at,
        updated_at=endpoint.updated_at,
    )


def delivery_view(delivery: WebhookDelivery) -> DeliveryView:
    """A delivery as the merchant sees it."""
    return DeliveryView(
        object="webhook_delivery",
        id=delivery.id,
        event_id=delivery.event_id,
        endpoint_id=delivery.endpoint_id,
        payment_id=delivery.payment_id,
        status=delivery.status,
        attempts=delivery.attempts,
        next_attempt_at=delivery.next_attempt_at,
        last_status_code=delivery.last_status_code,
        last_error=delivery.last_error,
        livemode=delivery.livemode,
        created_at=delivery.created_at,
        updated_at=delivery.updated_at,
    )


def delivery_attempt_view(attempt: WebhookAttempt) -> DeliveryAttemptView:
    """An attempt as the merchant sees it."""
    return DeliveryAttemptView(
        object="webhook_attempt",
        id=attempt.id,
        delivery_id=attempt.delivery_id,
        attempt=attempt.attempt,
        status_code=attempt.status_code,
        error=attempt.error,
        duration_ms=attempt.duration_ms,
        at=attempt.at,
    )
