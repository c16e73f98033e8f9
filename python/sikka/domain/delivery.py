"""Deliveries of events to a merchant's endpoints, and the log of their attempts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sikka.domain.errors import IllegalTransition


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

    def ended(self, status: DeliveryStatus, at: datetime, **values: Any) -> WebhookDelivery:
        """Return the delivery at its end.

        Raises:
            IllegalTransition: when it has ended already.
        """
        if status is DeliveryStatus.PENDING:
            raise IllegalTransition(message="a delivery does not end as pending")
        return self._moved(status, at, next_attempt_at=None, **values)

    def postponed(self, until: datetime, at: datetime, **values: Any) -> WebhookDelivery:
        """Return the delivery after an attempt that failed, to be tried again then.

        Raises:
            IllegalTransition: when it has ended already.
        """
        return self._moved(DeliveryStatus.PENDING, at, next_attempt_at=until, **values)

    def _moved(self, status: DeliveryStatus, at: datetime, **values: Any) -> WebhookDelivery:
        if self.status is not DeliveryStatus.PENDING:
            raise IllegalTransition(
                message=f"delivery {self.id} cannot go from {self.status} to {status}"
            )
        return replace(self, status=status, version=self.version + 1, updated_at=at, **values)


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
