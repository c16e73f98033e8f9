from __future__ import annotations

from typing import Any

from hypothesis import assume, example, given
from hypothesis import strategies as st

from sikka.domain.errors import InvalidRequest
from sikka.domain.fraud.assessment import Device
from sikka.fraud.facts import Facts
from sikka.fraud.rules.expression import compiled
from tests.unit.fraud.observed import facts
from tests.unit.fraud.requests import request
from tests.unit.fraud.rules.expressions import NUMBER_NAMES, Sample, truths, values_of


def seen(values: dict[str, Any]) -> Facts:
    payment = request(
        user_id=values.get("user"),
        instrument=values.get("instrument"),
        device=Device(values.get("device"), values.get("ip")),
    )
    features = {name: values[name] for name in NUMBER_NAMES[1:] if name in values}
    return facts(payment, features, values.get("score"))


def evaluated(sample: Sample, values: dict[str, Any]) -> bool | None:
    try:
        expression = compiled(sample.text)
    except InvalidRequest:
        # Too large, or a constant that cannot be computed: the grammar's bounds.
        assume(False)
        raise
    return expression.evaluate(seen(values))


@given(truths, values_of)
def test_an_expression_evaluates_to_what_it_says(sample: Sample, values: dict[str, Any]) -> None:
    assert evaluated(sample, values) is sample.value(values)


@given(truths, values_of, values_of)
def test_what_is_known_stays_so_when_more_is_known(
    sample: Sample, some: dict[str, Any], more: dict[str, Any]
) -> None:
    assume(not sample.asks_for_missing)
    before = evaluated(sample, some)
    after = evaluated(sample, {**more, **some})
    # A number that is no longer missing may overflow; what was known is never taken back.
    assert before is None or after is before


PARTS = (
    "amount", "score", "user", "currency", "device_age_s", "x", "for", "if", "in", "not", "and",
    "or", "true", "false", "null", "nan", "inf", "1", "0", "2.5", "1e9", "1e999", "'a'", '"b"',
    "'(a+)+$'", "b'x'", "d'2026-01-01'", "t'P1D'", "(", ")", "[", "]", "{", "}", ",", ":", "?",
    "??", "+", "-", "*", "**", "/", "//", "%", "<<", ">>", "<", ">", "<=", ">=", "==", "!=", "=~",
    "=~~", "!~", "&", "|", "^", ".", "&.", ".to_str", ".ljust", "$now", "$re_groups", "#", "\n",
    "\\", "'", '"', "é", "\x00",
)  # fmt: skip


@given(st.lists(st.sampled_from(PARTS), max_size=30), st.sampled_from(["", " "]))
@example(["1", "<<", "1e9", "==", "amount"], " ")
@example(["'a'", ".ljust", "(", "1e9", ")", "==", "user"], "")
def test_whatever_is_put_together_is_refused_by_name_or_evaluates(
    parts: list[str], between: str
) -> None:
    tried(between.join(parts))


@given(st.text(max_size=200))
def test_whatever_is_written_is_refused_by_name_or_evaluates(text: str) -> None:
    tried(text)


def tried(text: str) -> None:
    refused: InvalidRequest | None = None
    try:
        expression = compiled(text)
    except InvalidRequest as error:
        refused = error
    if refused is not None:
        assert (refused.code, refused.param) == ("rule_invalid", "expression")
        return
    for values in ({}, {"score": 0.5, "user": "a", "device_age_s": 0.0}):
        assert expression.evaluate(seen(values)) in (True, False, None)
