"""Random expressions, each as text and as what it must evaluate to, said a second time."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

NUMBER_NAMES = ("score", "user_count_10m", "speed_km_h", "amount_deviation")
TEXT_NAMES = ("device", "ip", "instrument", "user")
WORDS = ("a", "b", "ab", "a@b", "10.0.0.1", "ü")

Values = Mapping[str, Any]
Meaning = Callable[[Values], Any]


@dataclass(frozen=True)
class Sample:
    """An expression in parentheses, and its value; None is missing."""

    text: str
    value: Meaning
    asks_for_missing: bool = False


def _strict(compute: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def value(left: Any, right: Any) -> Any:
        if left is None or right is None:
            return None
        try:
            result = compute(left, right)
        except (ArithmeticError, ValueError):
            return None
        if isinstance(result, float) and not math.isfinite(result):
            return None
        return result

    return value


def _kleene_and(left: Any, right: Any) -> Any:
    if left is False or right is False:
        return False
    return None if left is None or right is None else True


def _kleene_or(left: Any, right: Any) -> Any:
    if left is True or right is True:
        return True
    return None if left is None or right is None else False


def _coalesce(left: Any, right: Any) -> Any:
    return right if left is None else left


ARITHMETIC = {
    "+": _strict(lambda a, b: a + b),
    "-": _strict(lambda a, b: a - b),
    "*": _strict(lambda a, b: a * b),
    "/": _strict(lambda a, b: a / b),
    "%": _strict(math.fmod),
}
ORDERS = {
    "<": _strict(lambda a, b: a < b),
    "<=": _strict(lambda a, b: a <= b),
    ">": _strict(lambda a, b: a > b),
    ">=": _strict(lambda a, b: a >= b),
}
EQUALITIES = {"==": _strict(lambda a, b: a == b), "!=": _strict(lambda a, b: a != b)}
LOGIC = {"and": _kleene_and, "or": _kleene_or}


def _binary(sign: str, join: Callable[[Any, Any], Any], left: Sample, right: Sample) -> Sample:
    return Sample(
        f"({left.text} {sign} {right.text})",
        lambda values: join(left.value(values), right.value(values)),
        left.asks_for_missing or right.asks_for_missing or sign == "??",
    )


def _joined(table: Mapping[str, Any], sides: st.SearchStrategy[Sample]) -> Any:
    return st.builds(
        lambda sign, left, right: _binary(sign, table[sign], left, right),
        st.sampled_from(sorted(table)),
        sides,
        sides,
    )


def _constant(value: Any) -> Sample:
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return Sample(text, lambda _: float(value) if not isinstance(value, str) else value)


def _name(name: str) -> Sample:
    return Sample(name, lambda values: values.get(name))


def _not(side: Sample) -> Sample:
    def value(values: Values) -> Any:
        found = side.value(values)
        return None if found is None else not found

    return Sample(f"(not {side.text})", value, side.asks_for_missing)


def _minus(side: Sample) -> Sample:
    def value(values: Values) -> Any:
        found = side.value(values)
        return None if found is None else -found

    return Sample(f"(-{side.text})", value, side.asks_for_missing)


def _missing(side: Sample, sign: str) -> Sample:
    return Sample(
        f"({side.text} {sign} null)",
        lambda values: (side.value(values) is None) is (sign == "=="),
        True,
    )


def _among(side: Sample, members: list[Any]) -> Sample:
    shown = ", ".join(f'"{each}"' if isinstance(each, str) else str(each) for each in members)

    def value(values: Values) -> Any:
        found = side.value(values)
        return None if found is None else found in members

    return Sample(f"({side.text} in [{shown}])", value, side.asks_for_missing)


small = st.integers(-4, 9)
numbers: st.SearchStrategy[Sample] = st.deferred(
    lambda: st.one_of(
        st.sampled_from([_name(each) for each in NUMBER_NAMES]),
        st.sampled_from([_name(each) for each in NUMBER_NAMES]),
        st.builds(_constant, st.integers(0, 9)),
        _joined(ARITHMETIC, numbers),
        _joined({"??": _coalesce}, numbers),
        st.builds(_minus, numbers),
    )
)
texts: st.SearchStrategy[Sample] = st.one_of(
    st.sampled_from([_name(each) for each in TEXT_NAMES]),
    st.builds(_constant, st.sampled_from(WORDS)),
)
truths: st.SearchStrategy[Sample] = st.deferred(
    lambda: st.one_of(
        _joined(ORDERS, numbers),
        _joined(EQUALITIES, numbers),
        _joined(EQUALITIES, texts),
        _joined({"in": _strict(lambda a, b: a in b)}, texts),
        _joined(LOGIC, truths),
        st.builds(_not, truths),
        st.builds(_missing, st.one_of(numbers, texts), st.sampled_from(["==", "!="])),
        st.builds(_among, numbers, st.lists(small, max_size=4)),
        st.builds(_among, texts, st.lists(st.sampled_from(WORDS), max_size=4)),
    )
)

values_of = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(NUMBER_NAMES, st.integers(-9, 9).map(float)),
        **dict.fromkeys(TEXT_NAMES, st.sampled_from(WORDS)),
    },
)
