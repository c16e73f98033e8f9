"""One event becomes one delivery for each endpoint that wants it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sikka.domain.delivery import DeliveryStatus, WebhookDelivery
from sikka.domain.merchant import WebhookEndpoint
from sikka.domain.records import Event
from sikka.webhooks.patterns import wants
from sikka_core import new_id


def milliseconds(at: datetime) -> int:
    """Milliseconds since the epoch, as ids carry them."""
    return int(at.timestamp() * 1000)


def delivery_of(event: Event, endpoint: WebhookEndpoint, at: datetime) -> WebhookDelivery:
    """A new delivery, due at once."""
    return WebhookDelivery(
        id=new_id("whd", event.bucket, milliseconds(at)),
        bucket=event.bucket,
        event_id=event.id,
        endpoint_id=endpoint.id,
        merchant_id=event.merchant_id,
        payment_id=event.payment_id,
        sequence=event.sequence,
        status=DeliveryStatus.PENDING,
        attempts=0,
        next_attempt_at=at,
        last_status_code=None,
        last_error=None,
        livemode=event.livemode,
        created_at=at,
        updated_at=at,
        version=1,
    )


def deliveries_of(
    event: Event, endpoints: Iterable[WebhookEndpoint], at: datetime
) -> tuple[WebhookDelivery, ...]:
    """The deliveries of an event to the enabled endpoints of its merchant and mode."""
    return tuple(
        delivery_of(event, endpoint, at)
        for endpoint in endpoints
        if endpoint.merchant_id == event.merchant_id
        and endpoint.livemode is event.livemode
        and endpoint.enabled
        and wants(endpoint.event_types, event.type)
    )
