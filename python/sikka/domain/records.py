"""What is written down beside the payment itself: events, the audit trail, idempotency."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class EventType(StrEnum):
    """What a merchant can be told."""

    PAYMENT_CREATED = "payment.created"
    PAYMENT_IN_REVIEW = "payment.in_review"
    PAYMENT_REVIEWED = "payment.reviewed"
    PAYMENT_SUBMITTED = "payment.submitted"
    PAYMENT_SUCCEEDED = "payment.succeeded"
    PAYMENT_FAILED = "payment.failed"
    PAYMENT_EXPIRED = "payment.expired"
    PAYMENT_DEEMED = "payment.deemed"
    PAYMENT_NEEDS_ATTENTION = "payment.needs_attention"
    PAYMENT_LATE_SUCCESS = "payment.late_success"
    REFUND_CREATED = "refund.created"
    REFUND_SUCCEEDED = "refund.succeeded"
    REFUND_FAILED = "refund.failed"
    REFUND_NEEDS_ATTENTION = "refund.needs_attention"


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a payment. `sequence` is the payment's version that it tells of.

    `body` is the JSON text that is delivered, byte for byte, at every attempt.
    """

    id: str
    bucket: int
    merchant_id: str
    payment_id: str
    sequence: int
    type: EventType
    body: str
    livemode: bool
    relayed: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it: a key, a rail, a worker, a person; with where from, if it came over HTTP."""

    user_id: str
    ip_address: str | None = None
    user_agent: str | None = None


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One line of the audit trail. The journal adds sequence and hashes as it writes."""

    id: str
    bucket: int
    payment_id: str | None
    merchant_id: str | None
    user_id: str
    action: str
    status: str
    ip_address: str | None
    user_agent: str | None
    metadata: Mapping[str, Any]
    timestamp: datetime


class IdempotencyStatus(StrEnum):
    """Whether the first request with the key has been answered."""

    RUNNING = "running"
    COMPLETED = "completed"


@dataclass(frozen=True, slots=True)
class IdempotencyRecord:
    """A merchant's key, and what was answered under it.

    `object_id` is the payment or refund that came of it. `running_until` is when a request that
    never finished may be taken over: its process is dead by then, and the payment's own state
    gives the answer.
    """

    id: str
    bucket: int
    merchant_id: str
    livemode: bool
    idempotency_key: str
    route: str
    request_hash: str
    status: IdempotencyStatus
    response_status: int | None
    response_body: str | None
    object_id: str | None
    running_until: datetime
    created_at: datetime
