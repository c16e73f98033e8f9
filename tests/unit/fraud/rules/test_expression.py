from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sikka.domain.errors import InvalidRequest
from sikka.domain.fraud.assessment import Device
from sikka.fraud.facts import Facts
from sikka.fraud.rules.expression import compiled
from sikka.fraud.rules.grammar import CHARACTERS_MAX, OPERATORS_MAX
from sikka_core import FEATURE_NAMES
from tests.unit.fraud.observed import facts
from tests.unit.fraud.requests import request

KNOWN = {"user_count_10m": 6.0, "device_age_s": 60.0, "new_device": 1.0, "amount": 129_900.0}


def seen(score: float | None = 0.25, **values: Any) -> Facts:
    return facts(request(**values), KNOWN, score)


def holds(text: str, of: Facts | None = None) -> bool | None:
    return compiled(text).evaluate(of or seen())


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("amount >= 129900", True),
        ("amount > 129900", False),
        ("user_count_10m > 5 and device_age_s < 3600", True),
        ("user_count_10m > 5 and not new_device == 1", False),
        ("not (user_count_10m > 5) or score > 0.2", True),
        ("amount / 100 == 1299", True),
        ("amount % 100 == 0", True),
        ("-amount < -129899.5 + 0", True),
        ("2 + 3 * user_count_10m == 20", True),
        ("(2 + 3) * user_count_10m == 30", True),
        ("amount - 100 - 100 == 129700", True),
        ("user == 'user_7'", True),
        ('user != "user_7"', False),
        ("user in ['user_8', 'user_7']", True),
        ("user not in ['user_8', 'user_7']", False),
        ("user_count_10m in [5, 6, -7]", True),
        ("amount in []", False),
        ("'@simbank' in instrument", True),
        ("'é' in instrument", False),
        ("currency == 'INR' and method == 'UPI' and merchant == 'mer_1'", True),
        ("ip == '203.0.113.9' and device == 'device-1'", True),
        ("score ?? 1 == 0.25", None),
        ("(score ?? 1) == 0.25", True),
        ("amount >\n 5\tand true", True),
        ("(user == 'user_7') == true", True),
    ],
)  # fmt: skip
def test_an_expression_says_what_it_says(text: str, result: bool | None) -> None:
    if result is None:
        with pytest.raises(InvalidRequest):
            compiled(text)
    else:
        assert holds(text) is result


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("speed_km_h > 5", None),
        ("speed_km_h != 5", None),
        ("not speed_km_h > 5", None),
        ("speed_km_h > 5 and amount > 5", None),
        ("speed_km_h > 5 and amount < 5", False),
        ("amount < 5 and speed_km_h > 5", False),
        ("speed_km_h > 5 or amount > 5", True),
        ("amount > 5 or speed_km_h > 5", True),
        ("speed_km_h > 5 or amount < 5", None),
        ("speed_km_h + 1 > 0", None),
        ("-speed_km_h < 0", None),
        ("speed_km_h in [1, 2]", None),
        ("speed_km_h not in [1, 2]", None),
        ("ip in instrument", None),
        ("'10.' in ip", None),
        ("speed_km_h == null", True),
        ("speed_km_h != null", False),
        ("null == amount", False),
        ("(speed_km_h ?? 0) > 5", False),
        ("(speed_km_h ?? distance_km) == null", True),
        ("(speed_km_h > 5) == null", True),
        ("amount / (new_device - 1) > 0", None),
        ("amount % (new_device - 1) == 0", None),
        ("(amount / 0.0 ?? 7) == 7", None),
        ("amount * 1e300 * 1e300 > 0", None),
    ],
)
def test_what_is_missing_makes_missing_what_depends_on_it(text: str, result: bool | None) -> None:
    of = seen(device=Device())
    if text == "(amount / 0.0 ?? 7) == 7":
        assert holds(text, of) is True
    else:
        assert holds(text, of) is result


def test_the_amount_is_exact_where_the_feature_is_not() -> None:
    large = seen(amount_minor=2**40 + 1)
    assert holds(f"amount == {2**40 + 1}", large) is True


def test_every_feature_can_be_named() -> None:
    for name in FEATURE_NAMES:
        of = replace(seen(amount_minor=7), features={name: 7.0})
        assert holds(f"{name} == 7", of) is True


REFUSED = [
    ("", "empty"),
    ("  \n", "empty"),
    ("amout > 5", "at character 1: nothing is called 'amout'; did you mean amount?"),
    ("true and secret > 5", "at character 10: nothing is called 'secret'"),
    ("amount >", "breaks off"),
    ("amount > > 5", "at character 10: this is not where it can stand"),
    ("amount 5", "at character 8"),
    ("1 < amount < 5", "at character 12"),
    ("amount > 'x'", "> takes a number, and a constant is a text"),
    ("currency > 'A'", "> takes a number, and currency is a text"),
    ("amount == 'x'", "== takes two of a kind, and amount is a number"),
    ("amount and amount > 5", "and takes true or false, and amount is a number"),
    ("not amount", "not takes true or false"),
    ("-currency == 'x'", "- takes a number, and currency is a text"),
    ("amount + currency > 5", "+ takes a number, and currency is a text"),
    ("score ?? 0 > 5", "?? takes two of a kind"),
    ("score ?? currency == 'x'", "?? takes two of a kind"),
    ("amount in currency", "in takes a text, and amount is a number"),
    ("amount in ['x']", "amount is a number in a list with a text"),
    ("amount in [amount]", "holds constants only, and amount is none"),
    ("(amount > 5) in [true]", "in looks for a number or a text"),
    ("[1, 2] == amount", "a list that does not stand behind in"),
    ("amount", "it must be true or false for a payment, and is a number"),
    ("currency", "is a text"),
    ("null", "is null"),
    ("true", "the same for all payments"),
    ("1 < 2", "the same for all payments"),
    ("1 / 0 > amount", "division by zero"),
    ("1e999 > amount", "too large"),
    # What the library knows and rules may not use.
    ("user =~ '.*'", "at character 6: '=~' is not part of the language"),
    ("user !~ '(a+)+$'", "'!~' is not part"),
    ("user =~~ 'a'", "'=~' is not part"),
    ("amount ** 9 > 5", "'**' is not part"),
    ("amount // 9 > 5", "'//' is not part"),
    ("amount << 9 > 5", "'<<' is not part"),
    ("1 >> 9 > amount", "'>>' is not part"),
    ("amount & 9 > 5", "'&' is not part"),
    ("amount | 9 > 5", "'|' is not part"),
    ("amount ^ 9 > 5", "'^' is not part"),
    ("user.length > 5", "at character 5: '.l' is not part"),
    ("user&.length > 5", "'&.' is not part"),
    ("'a'.ljust(9) == user", "'.l' is not part"),
    ("$now > d'2026-01-01'", "'$n' is not part"),
    ("amount > t'P1D'", "'t' is not part"),
    ("user == b'x'", "'b' is not part"),
    ("user == r'x'", "'r' is not part"),
    ("[x for x in [1, 2]]", "nothing is called 'x'"),
    ("[amount for amount in [1, 2]] == amount", "nothing is called 'for'"),
    ("amount > 5 ? true : false", "'?' is not part"),
    ("amount > 5 if true", "nothing is called 'if'"),
    ("amount > inf", "nothing is called 'inf'"),
    ("amount > nan", "nothing is called 'nan'"),
    ("{amount} == amount", "'{a' is not part"),
    ("amount > 5 # why", "'#' is not part"),
    ("amount(5) > 5", "a call is not part"),
    ("amount[0] > 5", "an element of something"),
    ("user == 'a\\x62'", "is not part"),
    ("user == 'a", "is not part"),
    ("amount > 0x10", "is not part"),
    ("amount > 5.", "is not part"),
    ("amount > .5", "is not part"),
    ("amount > 05", "leading zeros"),
    ("amount > 5a", "is not part"),
    ("amount = 5", "'=' is not part"),
    ("amount; 5", "';' is not part"),
    ("amount\u00a0> 5", "this is not part"),
    ("__import__('os')", "nothing is called '__import__'"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "words"), REFUSED, ids=range(len(REFUSED)))
def test_what_is_wrong_is_refused_and_named(text: str, words: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        compiled(text)
    assert (caught.value.code, caught.value.param) == ("rule_invalid", "expression")
    assert words in str(caught.value)


def test_an_expression_has_bounds() -> None:
    within = " and ".join(["amount > 5"] * (OPERATORS_MAX // 2))
    assert holds(within) is True
    for text in (
        " and ".join(["amount > 5"] * (OPERATORS_MAX // 2 + 1)),
        "not " * 101 + "amount > 5",
        "amount > 5 and user in [" + ",".join(["'u'"] * 500) + "]",
        "user == '" + "u" * CHARACTERS_MAX + "'",
        "(" * 900 + "amount > 5" + ")" * 900,
    ):
        with pytest.raises(InvalidRequest, match="more than"):
            compiled(text)


def test_the_deepest_expression_is_evaluated_without_touching_the_bound_of_recursion() -> None:
    nested = "amount > 5"
    for _ in range(49):
        nested = f"not ({nested} and true)"
    assert holds(nested) is False
    assert holds("(" * 100 + nested + ")" * 100) is False


@pytest.mark.parametrize(
    ("part", "times"),
    [
        ("(", 4_000), ("'", 4_001), ("-", 4_096), ("1", 4_096), ("a", 4_096), ("[", 4_000),
        ("\"'", 2_000), ("1e", 2_000), ("not ", 1_000), ("?? ", 1_300), ("1+", 2_000),
    ],
)  # fmt: skip
def test_what_is_long_and_senseless_is_refused_at_once(part: str, times: int) -> None:
    with pytest.raises(InvalidRequest):
        compiled(part * times)
