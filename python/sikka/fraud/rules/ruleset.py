"""All rules that are in force: the built-in ones, and those that are data."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sikka.domain.errors import InvalidRequest
from sikka.domain.fraud.assessment import Decision
from sikka.domain.fraud.policy import FraudRule, RuleState
from sikka.fraud.config import FraudConfig
from sikka.fraud.facts import Facts
from sikka.fraud.round_trips import RoundTrips
from sikka.fraud.rules.amounts import AmountRule, UnusualAmountRule
from sikka.fraud.rules.circular import ROUND_TRIPS, RoundTripRule
from sikka.fraud.rules.language import compiled
from sikka.fraud.rules.patterns import (
    AmountClimbingRule,
    AmountProbingRule,
    CardTestingRule,
    MerchantTestingRule,
    SharedDeviceRule,
)
from sikka.fraud.rules.places import (
    DistantPlaceRule,
    ImpossibleTravelRule,
    NewDeviceRule,
    NewPlaceRule,
)
from sikka.fraud.rules.rule import Rule, RuleFindings, Severity, Violation
from sikka.fraud.rules.velocity import velocity_rules
from sikka.ports import Observer

_log = logging.getLogger(__name__)

_FORCE = {
    Decision.APPROVE: (Severity.ALLOW, 0),
    Decision.DECLINE: (Severity.DECLINE, 90),
    Decision.REVIEW: (Severity.REVIEW, 60),
}
_SKIPPED = Violation(
    "rule_skipped", Severity.NOTE, 0, "A rule failed and was left out; it has been reported."
)


def built_in(config: FraudConfig, round_trips: RoundTrips | None = None) -> tuple[Rule, ...]:
    """The built-in rules under these thresholds."""
    rules: tuple[Rule, ...] = (
        AmountRule(),
        *velocity_rules(config),
        SharedDeviceRule(config),
        CardTestingRule(config, "device"),
        CardTestingRule(config, "ip"),
        MerchantTestingRule(config),
        AmountProbingRule(config, "user"),
        AmountProbingRule(config, "instrument"),
        AmountClimbingRule(config),
        UnusualAmountRule(config),
        ImpossibleTravelRule(config),
        DistantPlaceRule(config),
        NewDeviceRule(),
        NewPlaceRule(),
    )
    return rules if round_trips is None else (*rules, RoundTripRule(round_trips))


# What violations are called that do not come of rules that are data.
BUILT_IN_NAMES = frozenset(
    {rule.name for rule in built_in(FraudConfig(), None)}
    | {"amount_decline", "amount_review", _SKIPPED.name}
    | {found.name for found in ROUND_TRIPS.values()}
)


@dataclass(frozen=True, slots=True)
class _Stored:
    """A rule that is data, ready for evaluation."""

    holds: Callable[[Facts], bool | None]
    violation: Violation
    shadow: Mapping[str, str]


class Ruleset:
    """All rules that are in force. It does not change.

    A rule that fails (which none should) is left out for that payment, is observed, and marks the
    assessment with a note: a bug in one rule must neither refuse everybody nor go unnoticed. The
    other rules count all the same. A stored rule that cannot be compiled is left out altogether,
    and observed whenever rules are read.

    Args:
        config: thresholds of the built-in rules.
        rules: those that are data, of all merchants, in whatever state: drafts and retired ones
            are left out.
        round_trips: knows which payers are merchants; None looks for no round trips.
        observe: hears `fraud.rule_failed` (`phase`: `compile` or `evaluate`).
    """

    def __init__(
        self,
        config: FraudConfig,
        rules: Iterable[FraudRule],
        *,
        round_trips: RoundTrips | None = None,
        observe: Observer | None = None,
    ) -> None:
        self._observe = observe
        self._told: set[tuple[str, str]] = set()
        self._built_in = built_in(config, round_trips)
        self._live: dict[str | None, list[_Stored]] = {}
        self._shadow: dict[str | None, list[_Stored]] = {}
        for rule in sorted(rules, key=lambda rule: (rule.name, rule.version)):
            if rule.state in (RuleState.LIVE, RuleState.SHADOW):
                self._add(rule)

    def _add(self, rule: FraudRule) -> None:
        try:
            expression = compiled(rule.expression)
        except InvalidRequest as error:
            self._failed("compile", rule.id, error)
            return
        severity, weight = _FORCE[rule.decision]
        stored = _Stored(
            expression.evaluate,
            Violation(rule.name, severity, weight, rule.reason),
            {"rule": rule.name, "id": rule.id, "decision": rule.decision.value},
        )
        side = self._live if rule.state is RuleState.LIVE else self._shadow
        side.setdefault(rule.merchant_id, []).append(stored)

    def evaluate(self, facts: Facts) -> RuleFindings:
        """What all rules say about a payment. Never raises."""
        found: list[Violation] = []
        for rule in self._built_in:
            try:
                violation = rule.evaluate(facts)
            except Exception as error:  # noqa: BLE001 - one rule's bug must not refuse everybody
                self._failed("evaluate", rule.name, error)
                violation = _SKIPPED
            if violation is not None:
                found.append(violation)
        merchant_id = facts.request.merchant_id
        for stored in _of(self._live, merchant_id):
            holds = self._holds(stored, facts)
            if holds is not False:
                found.append(stored.violation if holds else _SKIPPED)
        shadow = [
            stored.shadow for stored in _of(self._shadow, merchant_id) if self._holds(stored, facts)
        ]
        return RuleFindings(found, shadow)

    def _holds(self, stored: _Stored, facts: Facts) -> bool | None:
        """Whether a stored rule is broken; None when it failed."""
        try:
            return stored.holds(facts) is True
        except Exception as error:  # noqa: BLE001 - one rule's bug must not refuse everybody
            self._failed("evaluate", stored.shadow["id"], error)
            return None

    def _failed(self, phase: str, rule: str, error: Exception) -> None:
        # Once is enough for people: a rule that fails may fail with every payment.
        if (phase, rule) not in self._told:
            self._told.add((phase, rule))
            _log.error("a fraud rule was left out: %s %s", rule, phase, exc_info=error)
        if self._observe is not None:
            self._observe("fraud.rule_failed", phase=phase, rule=rule)


def _of(rules: Mapping[str | None, Sequence[Any]], merchant_id: str) -> list[Any]:
    """The rules for all merchants, and those of one."""
    return [*rules.get(None, ()), *rules.get(merchant_id, ())]
