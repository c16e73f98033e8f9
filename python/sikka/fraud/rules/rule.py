"""What a rule is, and what it finds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Protocol

from sikka.fraud.facts import Facts


class Severity(IntEnum):
    """What a broken rule does: raises the score, asks a person, refuses, or lets through."""

    NOTE = 0
    REVIEW = 1
    DECLINE = 2
    ALLOW = 3


@dataclass(frozen=True, slots=True)
class Violation:
    """A broken rule. `weight_hundredths` is its part in the score; `reason` is for the merchant.

    An allow rule that holds is one too: it lets through what others would not.
    """

    name: str
    severity: Severity
    weight_hundredths: int
    reason: str


@dataclass(frozen=True, slots=True)
class RuleFindings:
    """What the rules say about one payment.

    Args:
        violations: the broken rules.
        shadow: what the rules in shadow would have said: `rule` (its name), `id` (of the version)
            and `decision` each.
    """

    violations: Sequence[Violation]
    shadow: Sequence[Mapping[str, str]] = field(default=())


class Rule(Protocol):
    """One rule. `name` is what violations are known by, or what their names begin with."""

    name: str

    def evaluate(self, facts: Facts) -> Violation | None:
        """The violation, or None when the rule holds. What is missing breaks no rule."""
        ...
