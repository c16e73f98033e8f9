"""The language of rules that are data: comparisons of what is known of a payment.

    amount >= 5000000 and device_age_s < 3600 and score > 0.2
    instrument in ["asha@simbank", "ravi@simbank"] or "@newbank" in instrument
    (user_count_10m ?? 0) > 5 and not new_device == 0

Numbers, texts in quotes, `true`, `false`, `null`; `+ - * / %`; `< <= > >= == !=`; `in` a list of
constants or, for a text, in another text; `and or not`; `x ?? y` is y where x is missing.

**Missing values.** What is not known of a payment (a user's mean before the first payment, the
device where none was sent, the score without a model) is missing. A comparison or sum with a
missing value is missing itself, as is what has no finite number (a division by zero). `and`, `or`
and `not` follow Kleene's logic, as SQL's do: `false and missing` is false, `true or missing` is
true, all else with something missing is missing. A rule is broken when its expression is true, so
that nobody is refused, and nobody let through, because of what is not known. `x == null` and
`x != null` ask whether something is missing; they never are.

rule_engine parses, and this module checks and evaluates: the library raises where a value is
missing, and would have to be caught in the path of a payment. Evaluating takes one step for each
part of the expression, of which there is a bound, and cannot raise.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any

from rule_engine import ast

from sikka.fraud.facts import Facts
from sikka.fraud.rules.evaluation import (
    Evaluate,
    Value,
    among,
    both,
    coalesced,
    compared,
    computed,
    either,
    missing,
    negation,
    negative,
)
from sikka.fraud.rules.grammar import parsed, refused
from sikka.fraud.rules.names import NUMBERS, TEXTS

COMPILED_MAX = 20_000


class _Kind(Enum):
    """What a part of an expression is when it is not missing."""

    NUMBER = "a number"
    TEXT = "a text"
    TRUTH = "true or false"
    NULL = "null"


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of an expression; `words` is how an error names it."""

    kind: _Kind
    evaluate: Evaluate
    words: str


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked expression.

    Args:
        text: as it was written.
        evaluate: whether it holds for a payment: True, False, or None when that cannot be known
            because something is missing. Never raises.
    """

    text: str
    evaluate: Callable[[Facts], bool | None]


@lru_cache(maxsize=COMPILED_MAX)
def compiled(text: str) -> Expression:
    """Check an expression and make it ready for evaluation.

    Raises:
        InvalidRequest: `rule_invalid`: what `sikka.fraud.rules.grammar.parsed` refuses; kinds that
            do not go together; a result that is not true or false, or is the same for all payments.
    """
    part = _part(parsed(text))
    if part.kind is not _Kind.TRUTH:
        raise refused(f"it must be true or false for a payment, and is {part.kind.value}")
    if isinstance(part.evaluate, _Constant):
        raise refused("it is the same for all payments")
    return Expression(text, part.evaluate)


class _Constant:
    """Evaluates to the same for every payment."""

    __slots__ = ("value",)

    def __init__(self, value: Value) -> None:
        self.value = value

    def __call__(self, facts: Facts) -> Value:  # noqa: ARG002 - it is the same for all
        return self.value


def _part(node: Any) -> _Part:
    build = _BUILDERS.get(type(node))
    if build is None:
        raise refused(f"{_OUTSIDE.get(type(node), 'a part of it')} is not part of the language")
    return build(node)


_OUTSIDE = {
    ast.FunctionCallExpression: "a call",
    ast.GetItemExpression: "an element of something, in brackets,",
    ast.ArrayExpression: "a list that does not stand behind in",
}


def _constant(node: Any) -> _Part:
    if isinstance(node, ast.FloatExpression):
        number = float(node.value)
        if not math.isfinite(number):
            raise refused("a number in it is too large")
        return _Part(_Kind.NUMBER, _Constant(number), "a constant")
    if isinstance(node, ast.StringExpression):
        return _Part(_Kind.TEXT, _Constant(node.value), "a constant")
    if isinstance(node, ast.BooleanExpression):
        return _Part(_Kind.TRUTH, _Constant(node.value), str(node.value).lower())
    return _Part(_Kind.NULL, _Constant(None), "null")


def _symbol(node: Any) -> _Part:
    if node.scope is None and node.name in NUMBERS:
        return _Part(_Kind.NUMBER, NUMBERS[node.name], node.name)
    if node.scope is None and node.name in TEXTS:
        return _Part(_Kind.TEXT, TEXTS[node.name], node.name)
    raise refused("a name in it does not exist")


def _unary(node: Any) -> _Part:
    right = _part(node.right)
    if node.type == "not":
        _require(_Kind.TRUTH, "not", right)
        return _Part(_Kind.TRUTH, negation(right.evaluate), "not …")
    _require(_Kind.NUMBER, "-", right)
    return _Part(_Kind.NUMBER, negative(right.evaluate), "-…")


def _logic(node: Any) -> _Part:
    left, right = _part(node.left), _part(node.right)
    _require(_Kind.TRUTH, node.type, left, right)
    join = both if node.type == "and" else either
    return _Part(_Kind.TRUTH, join(left.evaluate, right.evaluate), f"… {node.type} …")


_EQUALITIES: dict[str, Callable[[Any, Any], bool]] = {"eq": operator.eq, "ne": operator.ne}
_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
}
_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "tdiv": operator.truediv,
    "mod": math.fmod,
}
_SIGNS = {
    "eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">=",
    "add": "+", "sub": "-", "mul": "*", "tdiv": "/", "mod": "%",
}  # fmt: skip


def _equality(node: Any) -> _Part:
    left, right, sign = _part(node.left), _part(node.right), _SIGNS[node.type]
    if _Kind.NULL in (left.kind, right.kind):
        side = left if right.kind is _Kind.NULL else right
        is_missing = missing(side.evaluate, whether=node.type == "eq")
        return _Part(_Kind.TRUTH, is_missing, f"… {sign} …")
    _require_same(left, right, sign)
    compare = compared(_EQUALITIES[node.type], left.evaluate, right.evaluate)
    return _Part(_Kind.TRUTH, compare, f"… {sign} …")


def _order(node: Any) -> _Part:
    left, right, sign = _part(node.left), _part(node.right), _SIGNS[node.type]
    _require(_Kind.NUMBER, sign, left, right)
    compare = compared(_ORDERS[node.type], left.evaluate, right.evaluate)
    return _Part(_Kind.TRUTH, compare, f"… {sign} …")


def _arithmetic(node: Any) -> _Part:
    if node.type not in _ARITHMETIC:
        raise refused("a part of it is not part of the language")
    left, right, sign = _part(node.left), _part(node.right), _SIGNS[node.type]
    _require(_Kind.NUMBER, sign, left, right)
    compute = computed(_ARITHMETIC[node.type], left.evaluate, right.evaluate)
    return _Part(_Kind.NUMBER, compute, f"… {sign} …")


def _coalesce(node: Any) -> _Part:
    left, right = _part(node.left), _part(node.right)
    _require_same(left, right, "??")
    return _Part(left.kind, coalesced(left.evaluate, right.evaluate), "… ?? …")


def _contains(node: Any) -> _Part:
    member = _part(node.member)
    if not isinstance(node.container, ast.ArrayExpression):
        container = _part(node.container)
        _require(_Kind.TEXT, "in", member, container)
        compare = compared(operator.contains, container.evaluate, member.evaluate)
        return _Part(_Kind.TRUTH, compare, "… in …")
    if member.kind not in (_Kind.NUMBER, _Kind.TEXT):
        raise refused(f"in looks for a number or a text, and {member.words} is {member.kind.value}")
    is_among = among(member.evaluate, _constants(node.container.value, member))
    return _Part(_Kind.TRUTH, is_among, "… in …")


def _constants(nodes: Sequence[Any], member: _Part) -> frozenset[Value]:
    """The values of a list, all of the kind of what is looked for in it."""
    values = set()
    for node in nodes:
        part = _part(node)
        if not isinstance(part.evaluate, _Constant):
            raise refused(f"a list holds constants only, and {part.words} is none")
        if part.kind is not member.kind:
            raise refused(f"{member.words} is {member.kind.value} in a list with {part.kind.value}")
        values.add(part.evaluate.value)
    return frozenset(values)


def _require(kind: _Kind, sign: str, *sides: _Part) -> None:
    for side in sides:
        if side.kind is not kind:
            raise refused(
                f"{sign} takes {kind.value}, and {side.words} is {side.kind.value}; {_HINT}"
            )


def _require_same(left: _Part, right: _Part, sign: str) -> None:
    if left.kind is not right.kind:
        what = f"{left.words} is {left.kind.value} and {right.words} is {right.kind.value}"
        raise refused(f"{sign} takes two of a kind, and {what}; {_HINT}")


_HINT = "parentheses say what belongs together"


_BUILDERS: dict[type, Callable[[Any], _Part]] = {
    ast.FloatExpression: _constant,
    ast.StringExpression: _constant,
    ast.BooleanExpression: _constant,
    ast.NullExpression: _constant,
    ast.SymbolExpression: _symbol,
    ast.UnaryExpression: _unary,
    ast.LogicExpression: _logic,
    ast.ComparisonExpression: _equality,
    ast.ArithmeticComparisonExpression: _order,
    ast.AddExpression: _arithmetic,
    ast.SubtractExpression: _arithmetic,
    ast.ArithmeticExpression: _arithmetic,
    ast.CoalesceExpression: _coalesce,
    ast.ContainsExpression: _contains,
}
