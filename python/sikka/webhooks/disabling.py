"""Disables an endpoint that is gone, or that nothing has reached for the whole schedule."""

from __future__ import annotations

from dataclasses import replace

from sikka.domain.change import Change, amend
from sikka.domain.delivery import WebhookDelivery
from sikka.domain.errors import Conflict, Unavailable
from sikka.domain.records import AuditRecord
from sikka.ports import Clock, Journal, Observer
from sikka.webhooks.fanout import milliseconds
from sikka.webhooks.reads import EndpointReads, Outbox
from sikka_core import bucket_of_id, new_id

GONE = "gone"
EXHAUSTED = "exhausted"
ACTOR = "worker:webhooks"


class Disabler:
    """Disables endpoints, each in a change of its own with an audit record.

    It is not part of the delivery's mark, which must not fail because a merchant edits the
    endpoint at that moment. If it is lost, the next delivery to the endpoint brings it back.

    Args:
        endpoints: the endpoint as it is now.
        outbox: whether anything has reached it.
        journal: writes.
        clock: the time.
        observe: hears `webhook.endpoint_disabled`.
    """

    def __init__(
        self,
        endpoints: EndpointReads,
        outbox: Outbox,
        journal: Journal,
        clock: Clock,
        observe: Observer,
    ) -> None:
        self._endpoints = endpoints
        self._outbox = outbox
        self._journal = journal
        self._clock = clock
        self._observe = observe

    async def gone(self, delivery: WebhookDelivery) -> None:
        """The merchant's server answered 410."""
        await self._disable(GONE, delivery)

    async def exhausted(self, delivery: WebhookDelivery) -> None:
        """A delivery was tried for the last time.

        The endpoint stays enabled when anything younger has arrived: then it is that one event
        which the merchant cannot take, and not the endpoint that is down.
        """
        if not await self._outbox.delivered_since(delivery.endpoint_id, delivery.created_at):
            await self._disable(EXHAUSTED, delivery)

    async def _disable(self, reason: str, delivery: WebhookDelivery) -> None:
        endpoint_id = delivery.endpoint_id
        before = await self._endpoints.endpoint(endpoint_id)
        if before is None or not before.enabled:
            return
        now = self._clock.now()
        after = replace(
            before,
            enabled=False,
            disabled_reason=reason,
            version=before.version + 1,
            updated_at=now,
        )
        bucket = bucket_of_id(before.merchant_id)
        audit = AuditRecord(
            id=new_id("aud", bucket, milliseconds(now)),
            bucket=bucket,
            payment_id=None,
            merchant_id=before.merchant_id,
            user_id=ACTOR,
            action="webhook_endpoint.disabled",
            status=reason,
            ip_address=None,
            user_agent=None,
            metadata={"endpoint_id": before.id, "delivery_id": delivery.id},
            timestamp=now,
        )
        change = Change(bucket, (audit,), (amend(before, after, expect=("version",)),))
        try:
            await self._journal.commit(change)
        except (Conflict, Unavailable) as error:
            self._observe("webhook.disable_postponed", endpoint_id=endpoint_id, error=error.code)
            return
        self._observe("webhook.endpoint_disabled", endpoint_id=endpoint_id, reason=reason)
