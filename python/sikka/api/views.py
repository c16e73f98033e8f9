"""How the objects of administration, the books and the lists look; payments are in the domain."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

import msgspec

from sikka.api.queries import AccountsQuery, PageQuery
from sikka.domain.views import ErrorDetail, PaymentView

Item = TypeVar("Item")
Record = TypeVar("Record")


class ListView(msgspec.Struct, Generic[Item], frozen=True):
    """A part of a list, newest first."""

    object: Literal["list"]
    url: str
    has_more: bool
    data: list[Item]


class BatchResult(msgspec.Struct, frozen=True):
    """What became of one payment of a batch: what a call of its own would have been answered."""

    idempotency_key: str
    status: int
    replayed: bool
    payment: PaymentView | None
    error: ErrorDetail | None


class BatchView(msgspec.Struct, frozen=True):
    """What became of the payments of a batch, in the order of the request."""

    object: Literal["batch"]
    data: list[BatchResult]


class LedgerAccountView(msgspec.Struct, frozen=True):
    """An account and its balance: positive on the side that increases it."""

    object: Literal["ledger_account"]
    id: str
    chart: str
    kind: str
    owner: str
    currency: str
    livemode: bool
    balance: int


class LedgerEntryView(msgspec.Struct, frozen=True):
    """One side of a ledger transaction."""

    account_id: str
    direction: str
    amount: int
    currency: str


class LedgerTransactionView(msgspec.Struct, frozen=True):
    """A balanced transaction of the books."""

    object: Literal["ledger_transaction"]
    id: str
    kind: str
    payment_id: str
    refund_id: str | None
    reverses: str | None
    entries: list[LedgerEntryView]
    created_at: datetime


class TrialBalanceLine(msgspec.Struct, frozen=True):
    """One account in the trial balance; minor units."""

    account_id: str
    chart: str
    kind: str
    currency: str
    debits: int
    credits: int


class TrialBalanceView(msgspec.Struct, frozen=True):
    """All the books at one moment; they balance when debits equal credits in every currency."""

    object: Literal["trial_balance"]
    livemode: bool
    balanced: bool
    accounts: list[TrialBalanceLine]


class AuditView(msgspec.Struct, frozen=True):
    """One line of the audit trail; its chain of hashes is checked by `sikka audit`."""

    object: Literal["audit_record"]
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


class HealthView(msgspec.Struct, frozen=True):
    """The process is alive."""

    status: Literal["ok"]


class ReadinessView(msgspec.Struct, frozen=True):
    """What the process needs, each `ok` or the kind of what is wrong with it."""

    status: Literal["ready", "not_ready"]
    checks: dict[str, str]


def page_of(
    url: str,
    query: PageQuery | AccountsQuery,
    rows: Sequence[Record],
    view: Callable[[Record], Item],
) -> ListView[Item]:
    """The part of a list that was asked for.

    Args:
        rows: at most one more than the limit. The one more only tells that there is more, and
            stands on the side from which the caller comes.
    """
    has_more = len(rows) > query.limit
    if has_more:
        rows = rows[1:] if query.ending_before else rows[: query.limit]
    return ListView("list", url, has_more, [view(row) for row in rows])
