"""Deliveries of events to a merchant's endpoints, and the log of their attempts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from sikka.domain.errors import IllegalTransition
from sikka.domain.merchant import WebhookEndpoint

# The `disabled_reason` of an endpoint that its merchant deleted; its row stays for the log.
DELETED = "deleted"


class DeliveryStatus(StrEnum):
    """Where a delivery stands. Everything but `pending` is an end.

    `exhausted` was tried as often as the schedule says; `discarded` was not tried any more,
    because its endpoint is disabled or deleted.
    """

    PENDING = "pending"
    DELIVERED = "delivered"
    EXHAUSTED = "exhausted"
    DISCARDED = "discarded"


@dataclass(frozen=True, slots=True)
class WebhookDelivery:
    """One event on its way to one endpoint. Columns of the table `webhook_deliveries`.

    `sequence` is the event's place in its payment: deliveries of one payment to one endpoint are
    made in that order. `next_attempt_at` is None once the delivery has ended. `version` starts
    at 1 and grows by one with every attempt.
    """

    id: str
    bucket: int
    event_id: str
    endpoint_id: str
    merchant_id: str
    payment_id: str
    sequence: int
    status: DeliveryStatus
    attempts: int
    next_attempt_at: datetime | None
    last_status_code: int | None
    last_error: str | None
    livemode: bool
    created_at: datetime
    updated_at: datetime
    version: int

    def discarded(self, at: datetime) -> WebhookDelivery:
        """Return the delivery given up, because its endpoint takes none any more.

        Raises:
            IllegalTransition: when it has ended already.
        """
        return self._moved(DeliveryStatus.DISCARDED, at, None)

    def attempted(
        self, attempt: WebhookAttempt, status: DeliveryStatus, next_attempt_at: datetime | None
    ) -> WebhookDelivery:
        """Return the delivery after an attempt: at its end, or pending until the next one.

        Raises:
            IllegalTransition: when it has ended already.
        """
        return replace(
            self._moved(status, attempt.at, next_attempt_at),
            attempts=attempt.attempt,
            last_status_code=attempt.status_code,
            last_error=attempt.error,
        )

    def _moved(
        self, status: DeliveryStatus, at: datetime, next_attempt_at: datetime | None
    ) -> WebhookDelivery:
        if self.status is not DeliveryStatus.PENDING:
            raise IllegalTransition(
                message=f"delivery {self.id} cannot go from {self.status} to {status}"
            )
        if (status is DeliveryStatus.PENDING) is not (next_attempt_at is not None):
            raise IllegalTransition(
                message=f"delivery {self.id}: exactly a pending one has a next attempt"
            )
        return replace(
            self,
            status=status,
            next_attempt_at=next_attempt_at,
            version=self.version + 1,
            updated_at=at,
        )


@dataclass(frozen=True, slots=True)
class WebhookAttempt:
    """One attempt at a delivery. Columns of the table `webhook_attempts`; never changed.

    `status_code` is None when no answer came; `error` is None when the attempt succeeded, and a
    short word otherwise (`timeout`, `connection`, `tls`, `dns`, `address_forbidden`, `status`).
    """

    id: str
    bucket: int
    delivery_id: str
    event_id: str
    endpoint_id: str
    attempt: int
    status_code: int | None
    error: str | None
    duration_ms: int
    at: datetime


@dataclass(frozen=True, slots=True)
class DueDelivery:
    """A delivery that may be tried now, with what it takes to try it."""

    delivery: WebhookDelivery
    endpoint: WebhookEndpoint
    body: str
