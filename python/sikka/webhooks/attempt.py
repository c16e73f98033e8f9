"""One attempt at a delivery: signed as Standard Webhooks 1.0.0 says, posted, written down."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import datetime

from sikka.domain.delivery import DueDelivery, WebhookAttempt
from sikka.domain.errors import ConfigurationError
from sikka.domain.merchant import WebhookEndpoint
from sikka.ports import Clock
from sikka.webhooks.client import Poster, Reply
from sikka.webhooks.fanout import milliseconds
from sikka.webhooks.secrets import SecretBox
from sikka_core import new_id, standard_webhooks_sign

_log = logging.getLogger(__name__)

_SUCCESS_CLASS = 2
_GONE = 410


@dataclass(frozen=True, slots=True)
class Attempt:
    """What an attempt came to. `gone` is the merchant's word that the endpoint is no more."""

    row: WebhookAttempt
    delivered: bool
    gone: bool


class Sender:
    """Makes attempts.

    Args:
        poster: posts.
        box: opens the endpoints' secrets.
        clock: the time that is signed.
    """

    def __init__(self, poster: Poster, box: SecretBox, clock: Clock) -> None:
        self._poster = poster
        self._box = box
        self._clock = clock

    async def attempt(self, due: DueDelivery) -> Attempt:
        """Try once. Whatever goes wrong is the attempt's `error`, so that the schedule goes on."""
        began_at = time.monotonic()
        try:
            reply = await self._post(due)
        except ConfigurationError:
            _log.exception("the secret of endpoint %s cannot be opened", due.endpoint.id)
            reply = Reply(None, "secret_unreadable")
        except Exception:  # noqa: BLE001 - one delivery's bug must not stop the others
            _log.exception("delivery %s failed on our side", due.delivery.id)
            reply = Reply(None, "internal_error")
        duration_ms = round((time.monotonic() - began_at) * 1000)
        delivered = reply.status_code is not None and reply.status_code // 100 == _SUCCESS_CLASS
        return Attempt(
            row=self._row(due, reply, duration_ms, error=None if delivered else "status"),
            delivered=delivered,
            gone=reply.status_code == _GONE,
        )

    async def _post(self, due: DueDelivery) -> Reply:
        now = self._clock.now()
        event_id, timestamp_s = due.delivery.event_id, int(now.timestamp())
        body = due.body.encode()
        signatures = [
            standard_webhooks_sign(secret, event_id, timestamp_s, body)
            for secret in self._secrets(due.endpoint, now)
        ]
        headers = {
            "webhook-id": event_id,
            "webhook-timestamp": str(timestamp_s),
            "webhook-signature": " ".join(signatures),
        }
        return await self._poster.post(due.endpoint.url, headers, body)

    def _secrets(self, endpoint: WebhookEndpoint, now: datetime) -> list[bytes]:
        """The present secret first, then the previous one while it still counts."""
        sealed = [endpoint.sealed_secret]
        until = endpoint.previous_secret_until
        if endpoint.sealed_previous_secret is not None and until is not None and now < until:
            sealed.append(endpoint.sealed_previous_secret)
        return [self._box.open(each, endpoint.id) for each in sealed]

    def _row(
        self, due: DueDelivery, reply: Reply, duration_ms: int, error: str | None
    ) -> WebhookAttempt:
        delivery, now = due.delivery, self._clock.now()
        return WebhookAttempt(
            id=new_id("wha", delivery.bucket, milliseconds(now)),
            bucket=delivery.bucket,
            delivery_id=delivery.id,
            event_id=delivery.event_id,
            endpoint_id=delivery.endpoint_id,
            attempt=delivery.attempts + 1,
            status_code=reply.status_code,
            error=reply.error or error,
            duration_ms=duration_ms,
            at=now,
        )
