"""What a query string may hold: one Struct a list or object, bounded like the bodies."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from sikka.api.schemas import (
    END,
    AnyId,
    MerchantId,
    Moment,
    PaymentId,
    ReviewerName,
    UserId,
)
from sikka.domain.fraud.assessment import RiskLevel
from sikka.domain.payment import PaymentMethod, Status
from sikka.domain.records import EventType
from sikka.domain.review import QueueOrder, QueueState

AccountId = Annotated[
    str, Meta(min_length=1, max_length=128, pattern=rf"^[!-~]+{END}", description="Its name.")
]


class PageQuery(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which part of a list: newest first, after or before an object of it."""

    limit: Annotated[int, Meta(ge=1, le=100)] = 10
    starting_after: AnyId | None = None
    ending_before: AnyId | None = None


class TenantQuery(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Whose object: a key with the scope `admin` may name any merchant."""

    merchant_id: MerchantId | None = None


class TenantPageQuery(PageQuery, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A part of a merchant's list."""

    merchant_id: MerchantId | None = None


class PaymentsQuery(TenantPageQuery, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Filters of the list of payments."""

    status: Status | None = None
    method: PaymentMethod | None = None
    created_gte: Moment | None = field(name="created[gte]", default=None)
    created_lte: Moment | None = field(name="created[lte]", default=None)
    user_id: UserId | None = None


class PaymentQuery(TenantQuery, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`expand` is a comma-separated list of `attempts`, `assessment`, `refunds`."""

    expand: (
        Annotated[
            str,
            Meta(
                max_length=64,
                pattern=(
                    r"^(attempts|assessment|refunds)(,(attempts|assessment|refunds)){0,2}" + END
                ),
                examples=["attempts,refunds"],
            ),
        ]
        | None
    ) = None


class QrQuery(TenantQuery, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The picture's format."""

    format: Literal["svg", "png"] = "svg"


class RefundsQuery(TenantPageQuery, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Filters of the list of refunds."""

    payment_id: PaymentId | None = None


class ReviewsQuery(TenantPageQuery, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Filters of the queue of reviews.

    `waiting` are all that nobody has decided about; of these, `open` are in nobody's hand,
    `claimed` in somebody's, `mine` in that of `reviewer` (of the key, when none is named).
    """

    state: QueueState = QueueState.WAITING
    order: QueueOrder = QueueOrder.DUE
    risk_level: RiskLevel | None = None
    reviewer: ReviewerName | None = None


class EventsQuery(TenantPageQuery, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Filters of the list of events."""

    type: EventType | None = None
    payment_id: PaymentId | None = None


class LedgerTransactionsQuery(
    TenantPageQuery, frozen=True, forbid_unknown_fields=True, kw_only=True
):
    """Filters of the list of ledger transactions."""

    payment_id: PaymentId | None = None
    account_id: AccountId | None = None


class ApiKeysQuery(PageQuery, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Whose keys."""

    merchant_id: MerchantId | None = None


class AuditQuery(PageQuery, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Of a payment, a bucket's whole chain, or a merchant (the key's own): at most one of them."""

    payment_id: PaymentId | None = None
    bucket: Annotated[int, Meta(ge=0, le=4095)] | None = None
    merchant_id: MerchantId | None = None


class AccountsQuery(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A part of the accounts, in the order of their names."""

    limit: Annotated[int, Meta(ge=1, le=100)] = 10
    starting_after: AccountId | None = None
    ending_before: AccountId | None = None
    merchant_id: MerchantId | None = None


class NoQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """No query parameter is known here."""
