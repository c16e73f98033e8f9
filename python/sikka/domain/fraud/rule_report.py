"""What a rule found, or would have found, among past payments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import msgspec

from sikka.domain.fraud.assessment import Decision, RiskRequest


@dataclass(frozen=True, slots=True)
class PastPayment:
    """A payment as it was assessed, and what became known of it since.

    Args:
        request: the payment.
        features: the vector that was stored, by name; of older versions anything may be missing.
        score: the chance of fraud by the model that decided, 0 to 1; None without one.
        shadow: what the rules in shadow said then.
        decision: what was decided.
        fraud: the label that became known last; None without a label.
    """

    request: RiskRequest
    features: Mapping[str, Any]
    score: float | None
    shadow: Sequence[Mapping[str, Any]]
    decision: Decision
    fraud: bool | None


@dataclass(frozen=True, slots=True)
class ReportRange:
    """Which payments a report looks at.

    Args:
        merchant_id: whose; None for those of all merchants.
        since, until: when they were created; `until` itself is not included.
        rows_max: at most so many, the latest.
    """

    merchant_id: str | None
    livemode: bool
    since: datetime
    until: datetime
    rows_max: int


class RuleDay(msgspec.Struct, frozen=True):
    """One day (UTC) of a report; the counts are those of `RuleReport`."""

    day: str
    payments: int
    matched: int
    frauds: int
    matched_frauds: int


class RuleReport(msgspec.Struct, frozen=True):
    """What a rule found among past payments.

    A payment is matched where the rule holds. `decided` says what was decided about those that are
    matched: what the rule would have changed. Labels are what became known; a payment that was
    refused has none, as a rule. `precision` is the share of frauds among the labelled payments
    that are matched, `recall` the share of matched ones among the frauds; null where there is
    nothing to take a share of. Amounts are in minor units, by currency.

    `covered_since` is how far back the report goes; `complete` says whether that is as far as was
    asked for, or a bound of rows or time was in the way.
    """

    source: Literal["backtest", "shadow"]
    ran_at: datetime
    livemode: bool
    since: datetime
    until: datetime
    covered_since: datetime
    complete: bool
    payments: int
    matched: int
    matched_amount: dict[str, int]
    decided: dict[str, int]
    labelled: int
    frauds: int
    fraud_amount: dict[str, int]
    matched_labelled: int
    matched_frauds: int
    matched_fraud_amount: dict[str, int]
    precision: float | None
    recall: float | None
    days: list[RuleDay]
