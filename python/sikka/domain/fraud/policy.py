"""What decides beside the models: rules, lists and thresholds, and the revision they are at.

Each change of any of them, or of the models, is one revision: `FraudRevision` grows by one in the
same transaction, and the rows that changed carry its number. A process that knows a revision reads
what came after it, and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sikka.domain.fraud.assessment import Decision
from sikka.domain.fraud.model import FraudModel

# The one row of the table; the record that every change of the fraud policy amends.
REVISION_ID = "fraud"


@dataclass(frozen=True, slots=True)
class FraudRevision:
    """How often rules, lists, thresholds or models were changed. One row, `id` REVISION_ID."""

    id: str
    revision: int


class RuleState(StrEnum):
    """Where a version of a rule stands. A retired version never comes back; a new one may."""

    DRAFT = "draft"
    SHADOW = "shadow"
    LIVE = "live"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class FraudRule:
    """One version of a rule that is data. Columns of the table `fraud_rules`.

    Args:
        merchant_id: whose payments it looks at; None for all merchants.
        name: the same for all versions of the rule; what violations and reasons are known by.
        version: 1, 2, … within merchant and name. At most one version is live, one in shadow.
        expression: when it holds for a payment, the rule is broken.
        decision: APPROVE makes an allow rule, DECLINE a block, REVIEW a review.
        reason: the words that a merchant reads.
        backtest: what the last backtest found, or None.
        revision: at which the row was last changed.
    """

    id: str
    bucket: int
    merchant_id: str | None
    name: str
    version: int
    state: RuleState
    expression: str
    decision: Decision
    reason: str
    backtest: Mapping[str, Any] | None
    created_by: str
    created_at: datetime
    updated_at: datetime
    revision: int


class ListKind(StrEnum):
    """What a list does to those on it."""

    ALLOW = "allow"
    BLOCK = "block"
    REVIEW = "review"


class ListField(StrEnum):
    """What a list holds. An `ip` may be an address or a range in CIDR notation."""

    USER = "user"
    VPA = "vpa"
    CARD = "card"
    DEVICE = "device"
    IP = "ip"
    MERCHANT = "merchant"


@dataclass(frozen=True, slots=True)
class FraudListEntry:
    """One value on a list. Columns of the table `fraud_lists`.

    Args:
        merchant_id: to whose payments it applies; None for all merchants.
        value: in normal form (`sikka.domain.fraud.policy` does not make it so).
        reason: why it is there, for people.
        expires_at: from when it does not count any more; None for never.
        removed_at: since when it does not count because somebody took it off; None while it does.
        revision: at which the row was last changed.
    """

    id: str
    bucket: int
    merchant_id: str | None
    kind: ListKind
    field: ListField
    value: str
    reason: str | None
    created_by: str
    created_at: datetime
    expires_at: datetime | None = None
    removed_at: datetime | None = None
    revision: int = 0


@dataclass(frozen=True, slots=True)
class FraudThresholds:
    """What scores and amounts mean for one merchant. Columns of the table `fraud_thresholds`.

    Args:
        id: the merchant's.
        review_score_hundredths, decline_score_hundredths: the risk score from which a person
            looks at a payment, and from which it is refused; above 100 for never.
        review_amount_minor, decline_amount_minor: the same for the amount; None for never.
        revision: at which the row was last changed.
    """

    id: str
    review_score_hundredths: int
    decline_score_hundredths: int
    review_amount_minor: int | None
    decline_amount_minor: int | None
    updated_by: str
    updated_at: datetime
    revision: int


@dataclass(frozen=True, slots=True)
class PolicyRows:
    """What was changed after some revision: the rows as they are, and the revision they are at.

    What was retired or taken off is among them, so that it is dropped where it is known.
    """

    revision: int
    rules: Sequence[FraudRule] = ()
    entries: Sequence[FraudListEntry] = ()
    thresholds: Sequence[FraudThresholds] = ()
    models: Sequence[FraudModel] = ()
