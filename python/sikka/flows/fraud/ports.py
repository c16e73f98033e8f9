"""What changing the fraud policy needs from outside, beside `sikka.ports`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from sikka.domain.fraud.policy import (
    FraudListEntry,
    FraudRule,
    FraudThresholds,
    ListField,
    ListKind,
    RuleState,
)
from sikka.domain.fraud.rule_report import ReportRange, RuleReport
from sikka.ports import Page


class FraudPolicyStore(Protocol):
    """Reads for who changes the fraud policy. Every read sees all that `commit` has acknowledged.

    A merchant None stands for what is so for all merchants, and for nothing else. Lists are as
    those of `sikka.ports.Reader`. All raise Unavailable when the database is away.
    """

    async def revision(self) -> int:
        """How often the policy was changed: the number in `FraudRevision`."""
        ...

    async def rule(self, rule_id: str) -> FraudRule | None:
        """One version of a rule, or None."""
        ...

    async def rule_versions(self, merchant_id: str | None, name: str) -> Sequence[FraudRule]:
        """All versions of a merchant's rule, the latest first."""
        ...

    async def rules_in(self, merchant_id: str | None, state: RuleState) -> int:
        """How many of a merchant's rules are in a state."""
        ...

    async def rules(
        self,
        merchant_id: str | None,
        page: Page,
        *,
        state: RuleState | None = None,
        name: str | None = None,
    ) -> Sequence[FraudRule]:
        """A merchant's rules, every version of them."""
        ...

    async def list_entry(self, entry_id: str) -> FraudListEntry | None:
        """One entry of a list, or None."""
        ...

    async def entries_of(
        self, merchant_id: str | None, field: ListField, values: Sequence[str]
    ) -> Sequence[FraudListEntry]:
        """What a merchant's lists hold of some values, without what was taken off."""
        ...

    async def list_entries(
        self,
        merchant_id: str | None,
        page: Page,
        *,
        kind: ListKind | None = None,
        field: ListField | None = None,
        value: str | None = None,
        removed: bool = False,
    ) -> Sequence[FraudListEntry]:
        """A merchant's entries; those that were taken off only if `removed`."""
        ...

    async def thresholds(self, merchant_id: str) -> FraudThresholds | None:
        """A merchant's own thresholds, or None."""
        ...


class RuleTrials(Protocol):
    """What rules that are data are put to before they count."""

    def check(self, name: str, expression: str) -> None:
        """Check a new rule.

        Raises:
            InvalidRequest: a built-in rule has the name, or the expression breaks a rule of the
                language (`rule_invalid`, says what and where).
        """
        ...

    async def backtest(
        self, rule: FraudRule, over: ReportRange, is_wanted: Callable[[], bool]
    ) -> RuleReport:
        """What the rule would have found among past payments.

        Args:
            is_wanted: asked now and then; when it says no, the work ends with what there is.

        Raises:
            InvalidRequest: the expression is not (any more) part of the language.
            Unavailable: the database is away.
        """
        ...

    async def hits(
        self, rule: FraudRule, over: ReportRange, is_wanted: Callable[[], bool]
    ) -> RuleReport:
        """What the rule said in shadow while the payments were assessed. See `backtest`."""
        ...
