"""What rules that are data are put to before they count: the language, and past payments."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from math import isfinite
from typing import Literal, Protocol

from sikka.domain.errors import InvalidRequest
from sikka.domain.fraud.assessment import Decision
from sikka.domain.fraud.policy import FraudRule
from sikka.domain.fraud.rule_report import PastPayment, ReportRange, RuleDay, RuleReport
from sikka.fraud.config import FraudConfig
from sikka.fraud.facts import Facts
from sikka.fraud.rules.language import compiled
from sikka.fraud.rules.ruleset import BUILT_IN_NAMES
from sikka.fraud.thresholds import Thresholds
from sikka.ports import Clock

REPORT_S_MAX = 30.0
_LISTS = ("allow_list_", "block_list_", "review_list_")

# No expression can name a threshold.
_THRESHOLDS = Thresholds.configured(FraudConfig())

Matches = Callable[[PastPayment], bool]


class RuleHistory(Protocol):
    """Reads past payments with their assessments and labels."""

    def chunks(self, over: ReportRange) -> AsyncGenerator[Sequence[PastPayment]]:
        """The payments of a range, the latest first, some at a time.

        Raises:
            Unavailable: the database cannot be read.
        """
        ...


class Trials:
    """See `sikka.flows.fraud.ports.RuleTrials`.

    Args:
        history: the past payments.
        clock: the time, for the report.
        seconds_max: how long one report may take; it then ends where it got to.
    """

    def __init__(
        self, history: RuleHistory, clock: Clock, seconds_max: float = REPORT_S_MAX
    ) -> None:
        self._history = history
        self._clock = clock
        self._seconds_max = seconds_max
        # One at a time: each takes as much of the process as it can get between payments.
        self._turn = asyncio.Lock()

    def check(self, name: str, expression: str) -> None:
        if name in BUILT_IN_NAMES or name.startswith(_LISTS):
            raise InvalidRequest(message="name is that of a built-in rule", param="name")
        compiled(expression)

    async def backtest(
        self, rule: FraudRule, over: ReportRange, is_wanted: Callable[[], bool]
    ) -> RuleReport:
        holds = compiled(rule.expression).evaluate

        def matches(past: PastPayment) -> bool:
            return holds(_facts(past)) is True

        return await self._report("backtest", matches, over, is_wanted)

    async def hits(
        self, rule: FraudRule, over: ReportRange, is_wanted: Callable[[], bool]
    ) -> RuleReport:
        def matches(past: PastPayment) -> bool:
            return any(said.get("id") == rule.id for said in past.shadow)

        return await self._report("shadow", matches, over, is_wanted)

    async def _report(
        self,
        source: Literal["backtest", "shadow"],
        matches: Matches,
        over: ReportRange,
        is_wanted: Callable[[], bool],
    ) -> RuleReport:
        tally, complete = _Tally(), True
        async with self._turn, aclosing(self._history.chunks(over)) as chunks:
            until_s = time.monotonic() + self._seconds_max
            async for chunk in chunks:
                for past in chunk:
                    tally.add(past, matched=matches(past))
                # Whoever pays meanwhile is served between two chunks.
                await asyncio.sleep(0)
                if time.monotonic() >= until_s or not is_wanted():
                    complete = False
                    break
        if tally.payments >= over.rows_max:
            complete = False
        return tally.report(source, over, self._clock.now(), complete=complete)


def _facts(past: PastPayment) -> Facts:
    """What the rule would have seen. Of older vectors only numbers count."""
    features = {
        name: float(value)
        for name, value in past.features.items()
        if isinstance(value, float | int) and isfinite(value)
    }
    return Facts(past.request, features, past.score, _THRESHOLDS)


class _Tally:
    """The counts of a report."""

    def __init__(self) -> None:
        self.payments = 0
        self._oldest: datetime | None = None
        self._counts: Counter[str] = Counter()
        self._decided: Counter[Decision] = Counter()
        self._amounts: dict[str, Counter[str]] = {}
        self._days: dict[str, Counter[str]] = {}

    def add(self, past: PastPayment, *, matched: bool) -> None:
        """Count a payment; they come the latest first."""
        self.payments += 1
        self._oldest = past.request.at
        day = past.request.at.astimezone(UTC).date().isoformat()
        names = ["payments"]
        if matched:
            names.append("matched")
            self._decided[past.decision] += 1
        if past.fraud is not None:
            names += ["labelled", "matched_labelled"] if matched else ["labelled"]
        if past.fraud:
            names += ["frauds", "matched_frauds"] if matched else ["frauds"]
        self._counts.update(names)
        self._days.setdefault(day, Counter()).update(names)
        for name in ("matched", "frauds", "matched_frauds"):
            if name in names:
                amounts = self._amounts.setdefault(name, Counter())
                amounts[past.request.currency] += past.request.amount_minor

    def report(
        self,
        source: Literal["backtest", "shadow"],
        over: ReportRange,
        ran_at: datetime,
        *,
        complete: bool,
    ) -> RuleReport:
        """What was counted."""
        counts = self._counts
        covered = over.since if complete or self._oldest is None else self._oldest
        return RuleReport(
            source=source,
            ran_at=ran_at,
            livemode=over.livemode,
            since=over.since,
            until=over.until,
            covered_since=covered,
            complete=complete,
            payments=self.payments,
            matched=counts["matched"],
            matched_amount=dict(self._amounts.get("matched", {})),
            decided={decision.value: self._decided[decision] for decision in Decision},
            labelled=counts["labelled"],
            frauds=counts["frauds"],
            fraud_amount=dict(self._amounts.get("frauds", {})),
            matched_labelled=counts["matched_labelled"],
            matched_frauds=counts["matched_frauds"],
            matched_fraud_amount=dict(self._amounts.get("matched_frauds", {})),
            precision=_share(counts["matched_frauds"], counts["matched_labelled"]),
            recall=_share(counts["matched_frauds"], counts["frauds"]),
            days=[
                RuleDay(
                    day=day,
                    payments=of_day["payments"],
                    matched=of_day["matched"],
                    frauds=of_day["frauds"],
                    matched_frauds=of_day["matched_frauds"],
                )
                for day, of_day in sorted(self._days.items())
            ],
        )


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 6) if whole else None
