"""What requests about labels and monitoring may hold."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from sikka.api.queries import TenantPageQuery
from sikka.api.schemas import IdempotencyKey, Moment, PaymentId


class LabelRequest(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What became known of a payment; `known_at` is this moment unless it is given."""

    payment_id: PaymentId
    fraud: bool
    reason: Annotated[str, Meta(min_length=1, max_length=500)] | None = None
    known_at: Moment | None = None


class LabelItem(Struct, frozen=True, forbid_unknown_fields=True):
    """One label of a batch, under an idempotency key of its own."""

    idempotency_key: IdempotencyKey
    label: LabelRequest


class LabelBatchRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Up to 1,000 labels. Each stands for itself: one that fails changes no other."""

    labels: Annotated[list[LabelItem], Meta(min_length=1, max_length=1000)]


class LabelsQuery(TenantPageQuery, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Filters of the list of labels."""

    payment_id: PaymentId | None = None
