"""What the parts of an expression do for a payment: one step each, and none can raise.

A value is missing when it is None. See `sikka.fraud.rules.expression` for what that means.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from sikka.fraud.facts import Facts

Value = float | str | bool | None
Evaluate = Callable[[Facts], Any]


def negation(right: Evaluate) -> Evaluate:
    """`not`."""

    def evaluate(facts: Facts) -> bool | None:
        value = right(facts)
        return None if value is None else not value

    return evaluate


def both(left: Evaluate, right: Evaluate) -> Evaluate:
    """`and`."""

    def evaluate(facts: Facts) -> bool | None:
        first = left(facts)
        if first is False:
            return False
        second = right(facts)
        return second if first else (False if second is False else None)

    return evaluate


def either(left: Evaluate, right: Evaluate) -> Evaluate:
    """`or`."""

    def evaluate(facts: Facts) -> bool | None:
        first = left(facts)
        if first is True:
            return True
        second = right(facts)
        return second if first is False else (True if second is True else None)

    return evaluate


def compared(compare: Callable[[Any, Any], bool], left: Evaluate, right: Evaluate) -> Evaluate:
    """A comparison of two values."""

    def evaluate(facts: Facts) -> bool | None:
        first, second = left(facts), right(facts)
        return None if first is None or second is None else compare(first, second)

    return evaluate


def missing(side: Evaluate, *, whether: bool) -> Evaluate:
    """Whether a value is missing, or is not."""
    return lambda facts: (side(facts) is None) is whether


def computed(compute: Callable[[float, float], float], left: Evaluate, right: Evaluate) -> Evaluate:
    """A sum, difference, product, quotient or remainder; missing when it is no finite number."""

    def evaluate(facts: Facts) -> float | None:
        first, second = left(facts), right(facts)
        if first is None or second is None:
            return None
        try:
            result = compute(first, second)
        except (ArithmeticError, ValueError):
            return None
        return result if math.isfinite(result) else None

    return evaluate


def among(member: Evaluate, values: frozenset[Value]) -> Evaluate:
    """Whether a value is one of some."""

    def evaluate(facts: Facts) -> bool | None:
        value = member(facts)
        return None if value is None else value in values

    return evaluate


def negative(right: Evaluate) -> Evaluate:
    """The number with the other sign."""

    def evaluate(facts: Facts) -> float | None:
        value = right(facts)
        return None if value is None else -value

    return evaluate


def coalesced(left: Evaluate, right: Evaluate) -> Evaluate:
    """The first value, or the second where the first is missing."""

    def evaluate(facts: Facts) -> Value:
        value: Value = left(facts)
        return right(facts) if value is None else value

    return evaluate
