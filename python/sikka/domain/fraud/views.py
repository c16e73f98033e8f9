"""How rules, lists and thresholds look in answers."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from sikka.domain.fraud.assessment import Decision
from sikka.domain.fraud.policy import (
    FraudListEntry,
    FraudRule,
    FraudThresholds,
    ListField,
    ListKind,
    RuleState,
)
from sikka.domain.fraud.rule_report import RuleReport
from sikka.domain.views import score_text

# A score above this is never reached, so a threshold beyond it means never.
SCORE_HUNDREDTHS_MAX = 100


class FraudRuleView(msgspec.Struct, frozen=True):
    """One version of a rule. `merchant_id` null is a rule for all merchants."""

    object: Literal["fraud_rule"]
    id: str
    merchant_id: str | None
    name: str
    version: int
    state: RuleState
    expression: str
    decision: Decision
    reason: str
    backtest: RuleReport | None
    created_by: str
    created_at: datetime
    updated_at: datetime


class RuleHitsView(msgspec.Struct, frozen=True):
    """What a rule said in shadow about the payments that were assessed meanwhile."""

    object: Literal["fraud_rule_hits"]
    rule_id: str
    report: RuleReport


class FraudListEntryView(msgspec.Struct, frozen=True):
    """One value on a list. `merchant_id` null counts for all merchants."""

    object: Literal["fraud_list_entry"]
    id: str
    merchant_id: str | None
    kind: ListKind
    field: ListField
    value: str
    reason: str | None
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    removed_at: datetime | None


class FraudListBulkView(msgspec.Struct, frozen=True):
    """What became of many values: put on the list, changed there, or there already as they are."""

    object: Literal["fraud_list_bulk"]
    added: int
    changed: int
    unchanged: int


class FraudThresholdsView(msgspec.Struct, frozen=True):
    """From which score and amount on a merchant's payments are reviewed or refused; null: never.

    Scores are decimals from 0.00 to 1.00, amounts are in minor units.
    """

    object: Literal["fraud_thresholds"]
    merchant_id: str
    review_score: str | None
    decline_score: str | None
    review_amount: int | None
    decline_amount: int | None
    updated_by: str
    updated_at: datetime


def rule_view(rule: FraudRule) -> FraudRuleView:
    """A version of a rule as an administrator sees it."""
    report = rule.backtest
    return FraudRuleView(
        object="fraud_rule",
        id=rule.id,
        merchant_id=rule.merchant_id,
        name=rule.name,
        version=rule.version,
        state=rule.state,
        expression=rule.expression,
        decision=rule.decision,
        reason=rule.reason,
        backtest=None if report is None else msgspec.convert(dict(report), RuleReport),
        created_by=rule.created_by,
        created_at=rule.created_at,
        updated_at=rule.updated_at,
    )


def list_entry_view(entry: FraudListEntry) -> FraudListEntryView:
    """An entry of a list as an administrator sees it."""
    return FraudListEntryView(
        object="fraud_list_entry",
        id=entry.id,
        merchant_id=entry.merchant_id,
        kind=entry.kind,
        field=entry.field,
        value=entry.value,
        reason=entry.reason,
        created_by=entry.created_by,
        created_at=entry.created_at,
        expires_at=entry.expires_at,
        removed_at=entry.removed_at,
    )


def thresholds_view(thresholds: FraudThresholds) -> FraudThresholdsView:
    """A merchant's thresholds as an administrator sees them."""
    return FraudThresholdsView(
        object="fraud_thresholds",
        merchant_id=thresholds.id,
        review_score=_score(thresholds.review_score_hundredths),
        decline_score=_score(thresholds.decline_score_hundredths),
        review_amount=thresholds.review_amount_minor,
        decline_amount=thresholds.decline_amount_minor,
        updated_by=thresholds.updated_by,
        updated_at=thresholds.updated_at,
    )


def _score(hundredths: int) -> str | None:
    return None if hundredths > SCORE_HUNDREDTHS_MAX else score_text(hundredths)
