"""What requests about the fraud policy may hold: bodies and query strings."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from sikka.api.queries import PageQuery
from sikka.api.schemas import END, MerchantId, Moment
from sikka.domain.fraud.assessment import Decision
from sikka.domain.fraud.policy import ListField, ListKind, RuleState
from sikka.domain.money import MAXIMUM_MINOR

RuleName = Annotated[
    str,
    Meta(
        pattern=rf"^[a-z][a-z0-9_]{{0,63}}{END}",
        description="What violations are known by: 1 to 64 of a-z, 0-9 and _.",
        examples=["new_device_large_amount"],
    ),
]
RuleExpression = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=4096,
        description="When it is true for a payment, the rule is broken.",
        examples=["amount >= 5000000 and device_age_s < 3600"],
    ),
]
RuleReason = Annotated[
    str, Meta(min_length=1, max_length=255, description="The words that a merchant reads.")
]
AllMerchants = Annotated[
    bool, Meta(description="For all merchants, instead of one; needs the scope `admin`.")
]
Score = Annotated[
    str,
    Meta(
        pattern=rf"^(0\.[0-9]{{2}}|1\.00){END}",
        description="A decimal from 0.00 to 1.00.",
        examples=["0.40"],
    ),
]
Threshold = Annotated[int, Meta(ge=1, le=MAXIMUM_MINOR, description="Integer minor units.")]


class RuleRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """A new rule, or a new version of the rule of that name: a draft."""

    name: RuleName
    expression: RuleExpression
    decision: Decision
    reason: RuleReason
    merchant_id: MerchantId | None = None
    all_merchants: AllMerchants = False


class LiveRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """`force` brings a version into force that was not tried on past payments; say why."""

    force: bool = False
    reason: Annotated[str, Meta(min_length=1, max_length=500)] | None = None


class BacktestRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """The past payments to look at: at most 92 days of them, and the latest `rows_max`."""

    since: Moment
    until: Moment
    rows_max: Annotated[int, Meta(ge=1, le=100_000)] = 50_000


class ListEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """A value for a list. An IP may be a range (`198.51.100.0/24`)."""

    kind: ListKind
    field: ListField
    value: Annotated[str, Meta(min_length=1, max_length=255)]
    reason: Annotated[str, Meta(min_length=1, max_length=500)] | None = None
    expires_at: Moment | None = None


class ListEntryRequest(ListEntry, frozen=True, forbid_unknown_fields=True):
    """A value for a list of one merchant, or for all."""

    merchant_id: MerchantId | None = None
    all_merchants: AllMerchants = False


class BulkListRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Up to 10,000 values for lists of one merchant, or for all: all or none."""

    entries: Annotated[list[ListEntry], Meta(min_length=1, max_length=10_000)]
    merchant_id: MerchantId | None = None
    all_merchants: AllMerchants = False


class ThresholdsRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """A merchant's thresholds, all of them; null is never."""

    review_score: Score | None
    decline_score: Score | None
    review_amount: Threshold | None = None
    decline_amount: Threshold | None = None
    merchant_id: MerchantId | None = None


class PolicyQuery(PageQuery, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Whose policy: a merchant's, or that of all (`all_merchants`, for the scope `admin`)."""

    merchant_id: MerchantId | None = None
    all_merchants: AllMerchants = False


class RulesQuery(PolicyQuery, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Filters of the list of rules."""

    state: RuleState | None = None
    name: RuleName | None = None


class ListsQuery(PolicyQuery, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Filters of the list of entries; `removed` shows those that were taken off."""

    kind: ListKind | None = None
    field: ListField | None = None
    value: Annotated[str, Meta(min_length=1, max_length=255)] | None = None
    removed: bool = False


class HitsQuery(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The payments to look at: at most 92 days of them, the latest 50,000; a day unless said."""

    since: Moment | None = None
    until: Moment | None = None
