"""A merchant's calls about webhook endpoints: create, update, rotate, delete, replay.

Each is one change, carries its audit record, and answers a repeated Idempotency-Key with the
same body, except that a secret is shown in the first answer alone: the stored one has null.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from aiohttp.abc import AbstractResolver
from msgspec import UNSET, UnsetType

from sikka.domain.change import Amend, Change, amend
from sikka.domain.delivery import DELETED
from sikka.domain.errors import Duplicate, NotFound, UnprocessableRequest
from sikka.domain.merchant import WebhookEndpoint
from sikka.domain.records import AuditRecord
from sikka.domain.views import encode
from sikka.domain.webhook_views import (
    DeletedEndpointView,
    ReplayView,
    delivery_view,
    endpoint_view,
)
from sikka.flows.parts import Answer, Caller, Parts
from sikka.flows.replay import completed, replayed, settled
from sikka.webhooks.addresses import AddressRules, ForbiddenAddressError, forbidden
from sikka.webhooks.fanout import deliveries_of, delivery_of, milliseconds
from sikka.webhooks.patterns import checked_patterns
from sikka.webhooks.reads import EndpointReads
from sikka.webhooks.resolver import CheckedResolver
from sikka.webhooks.secrets import SecretBox, new_secret, shown
from sikka_core import bucket_of_id, new_id

ENDPOINTS_MAX = 16
RESOLVE_TIMEOUT_S = 5.0
DISABLED_BY_MERCHANT = "merchant"


@dataclass(frozen=True, slots=True)
class _Step:
    """One write: where, what is said about it, and what is answered."""

    bucket: int
    action: str
    status: str
    payment_id: str | None
    metadata: dict[str, Any]
    rows: tuple[object, ...]
    amends: tuple[Amend, ...]
    status_code: int
    body: bytes
    kept_body: bytes | None = None


class Endpoints:
    """The calls.

    Args:
        parts: clock, journal, store and policy.
        reads: endpoints and events as stored.
        rules: where webhooks may go.
        box: seals the secrets.
        rotation_overlap_s: how long a previous secret signs too.
        resolver: who resolves names at registration; the operating system unless given.
    """

    def __init__(
        self,
        parts: Parts,
        reads: EndpointReads,
        rules: AddressRules,
        box: SecretBox,
        *,
        rotation_overlap_s: float = 86_400.0,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self._parts = parts
        self._reads = reads
        self._rules = rules
        self._box = box
        self._overlap = timedelta(seconds=rotation_overlap_s)
        self._resolver = resolver

    async def create(
        self,
        caller: Caller,
        *,
        url: str,
        event_types: Sequence[str],
        description: str | None = None,
    ) -> Answer:
        """Register an endpoint: 201 with its secret.

        Raises:
            InvalidRequest: the URL or an event type breaks a rule.
            UnprocessableRequest: the merchant has as many endpoints as there may be.
        """
        if answer := await replayed(self._parts, caller):
            return answer
        patterns = checked_patterns(event_types)
        await self._check_url(url)
        present = await self._reads.subscribed((caller.merchant_id,))
        if sum(each.livemode is caller.livemode for each in present) >= ENDPOINTS_MAX:
            raise UnprocessableRequest(message=f"at most {ENDPOINTS_MAX} endpoints are enabled")
        now = self._parts.clock.now()
        id = new_id("whe", bucket_of_id(caller.merchant_id), milliseconds(now))
        secret = new_secret()
        endpoint = WebhookEndpoint(
            id=id,
            merchant_id=caller.merchant_id,
            url=url,
            event_types=patterns,
            description=description,
            sealed_secret=self._box.seal(secret, id),
            sealed_previous_secret=None,
            previous_secret_until=None,
            enabled=True,
            disabled_reason=None,
            livemode=caller.livemode,
            version=1,
            created_at=now,
            updated_at=now,
        )
        return await self._answer(
            caller, self._endpoint_step(endpoint, None, "created", 201, secret), keyed=True
        )

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
        """Change what is given, leave the rest: 200 with the endpoint.

        Enabling an endpoint that was disabled, by whomever, lets new events go there.

        Raises:
            InvalidRequest, NotFound, Conflict: nothing was changed.
        """
        if answer := await replayed(self._parts, caller):
            return answer
        before = await self._owned(caller, endpoint_id)
        values: dict[str, Any] = {}
        if url is not UNSET:
            await self._check_url(url)
            values["url"] = url
        if event_types is not UNSET:
            values["event_types"] = checked_patterns(event_types)
        if description is not UNSET:
            values["description"] = description
        if enabled is not UNSET and enabled is not before.enabled:
            values["enabled"] = enabled
            values["disabled_reason"] = None if enabled else DISABLED_BY_MERCHANT
        after = self._next(before, **values)
        return await self._answer(
            caller, self._endpoint_step(after, before, "updated", 200), keyed=True
        )

    async def rotate_secret(self, caller: Caller, endpoint_id: str) -> Answer:
        """Give the endpoint a new secret: 200 with it. The old one signs too for a while.

        Raises:
            NotFound, Conflict: nothing was changed.
        """
        if answer := await replayed(self._parts, caller):
            return answer
        before = await self._owned(caller, endpoint_id)
        secret = new_secret()
        after = self._next(
            before,
            sealed_secret=self._box.seal(secret, before.id),
            sealed_previous_secret=before.sealed_secret,
            previous_secret_until=self._parts.clock.now() + self._overlap,
        )
        return await self._answer(
            caller, self._endpoint_step(after, before, "secret_rotated", 200, secret), keyed=True
        )

    async def delete(self, caller: Caller, endpoint_id: str) -> Answer:
        """Delete the endpoint: 200. Its secrets are erased; what was on its way is discarded.

        Raises:
            NotFound, Conflict: nothing was changed.
        """
        before = await self._owned(caller, endpoint_id)
        after = self._next(
            before,
            enabled=False,
            disabled_reason=DELETED,
            sealed_secret=b"",
            sealed_previous_secret=None,
            previous_secret_until=None,
        )
        view = DeletedEndpointView(object="webhook_endpoint", id=before.id, deleted=True)
        step = self._endpoint_step(after, before, "deleted", 200)
        return await self._answer(caller, replace(step, body=encode(view)), keyed=False)

    async def replay(self, caller: Caller, event_id: str, endpoint_id: str | None = None) -> Answer:
        """Deliver an event again: to one endpoint, or to all that want it. 201 with the deliveries.

        Raises:
            NotFound: no such event or endpoint.
            UnprocessableRequest: the endpoint is disabled, or none wants the event.
        """
        if answer := await replayed(self._parts, caller):
            return answer
        event = await self._reads.event(event_id)
        if event is None or not self._owns(caller, event.merchant_id, livemode=event.livemode):
            raise NotFound
        now = self._parts.clock.now()
        if endpoint_id is None:
            endpoints = await self._reads.subscribed((caller.merchant_id,))
            deliveries = deliveries_of(event, endpoints, now)
        else:
            endpoint = await self._owned(caller, endpoint_id)
            deliveries = (delivery_of(event, endpoint, now),) if endpoint.enabled else ()
        if not deliveries:
            raise UnprocessableRequest(message="no enabled endpoint takes this event")
        view = ReplayView("event_replay", event.id, [delivery_view(each) for each in deliveries])
        step = _Step(
            bucket=event.bucket,
            action="event.replayed",
            status="accepted",
            payment_id=event.payment_id,
            metadata={"event_id": event.id, "deliveries": [each.id for each in deliveries]},
            rows=deliveries,
            amends=(),
            status_code=201,
            body=encode(view),
        )
        return await self._answer(caller, step, keyed=True)

    async def _check_url(self, url: str) -> None:
        """A name that does not resolve yet is accepted: every connection is judged anew."""
        host = self._rules.check_url(url).raw_host or ""
        resolver = CheckedResolver(self._rules, self._resolver)
        try:
            async with asyncio.timeout(RESOLVE_TIMEOUT_S):
                await resolver.resolve(host)
        except ForbiddenAddressError:
            raise forbidden() from None
        except OSError as error:
            self._parts.observe("webhook.name_unresolved", error=type(error).__name__)

    async def _owned(self, caller: Caller, endpoint_id: str) -> WebhookEndpoint:
        endpoint = await self._reads.endpoint(endpoint_id)
        if (
            endpoint is None
            or endpoint.disabled_reason == DELETED
            or not self._owns(caller, endpoint.merchant_id, livemode=endpoint.livemode)
        ):
            raise NotFound
        return endpoint

    @staticmethod
    def _owns(caller: Caller, merchant_id: str, *, livemode: bool) -> bool:
        return merchant_id == caller.merchant_id and livemode is caller.livemode

    def _next(self, endpoint: WebhookEndpoint, **values: Any) -> WebhookEndpoint:
        now = self._parts.clock.now()
        return replace(endpoint, version=endpoint.version + 1, updated_at=now, **values)

    @staticmethod
    def _endpoint_step(
        endpoint: WebhookEndpoint,
        before: WebhookEndpoint | None,
        action: str,
        status_code: int,
        secret: bytes | None = None,
    ) -> _Step:
        return _Step(
            bucket=bucket_of_id(endpoint.merchant_id),
            action=f"webhook_endpoint.{action}",
            status="enabled" if endpoint.enabled else "disabled",
            payment_id=None,
            metadata={"endpoint_id": endpoint.id, "version": endpoint.version},
            rows=() if before else (endpoint,),
            amends=(amend(before, endpoint, expect=("version",)),) if before else (),
            status_code=status_code,
            body=encode(endpoint_view(endpoint, shown(secret) if secret else None)),
            kept_body=encode(endpoint_view(endpoint)),
        )

    async def _answer(self, caller: Caller, step: _Step, *, keyed: bool) -> Answer:
        now = self._parts.clock.now()
        audit = AuditRecord(
            id=new_id("aud", step.bucket, milliseconds(now)),
            bucket=step.bucket,
            payment_id=step.payment_id,
            merchant_id=caller.merchant_id,
            user_id=caller.actor.user_id,
            action=step.action,
            status=step.status,
            ip_address=caller.actor.ip_address,
            user_agent=caller.actor.user_agent,
            metadata=step.metadata,
            timestamp=now,
        )
        rows: tuple[object, ...] = (audit, *step.rows)
        if keyed:
            kept = Answer(step.status_code, step.kept_body or step.body)
            rows = (*rows, completed(self._parts, caller, step.bucket, now, kept))
        try:
            await self._parts.journal.commit(Change(step.bucket, rows, step.amends))
        except Duplicate:
            return await settled(self._parts, caller)
        self._parts.observe(step.action, livemode=caller.livemode)
        return Answer(step.status_code, step.body)
