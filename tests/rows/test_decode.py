"""What a driver hands over becomes Python values, or is refused by table and column."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sikka_rows import Table

MONEY = Table("payments", [("amount", "money")])
TIME = Table("payments", [("created_at", "time")])

REFUSED: list[tuple[str, object]] = [
    ("text", b"x"),
    ("int", True),
    ("int", "1"),
    ("bool", 2),
    ("bool", "1"),
    ("money", True),
    ("money", b"1.00"),
    ("money", ""),
    ("money", "-"),
    ("money", "."),
    ("money", ".5"),
    ("money", "1."),
    ("money", "1.2.3"),
    ("money", "1.005"),
    ("money", "1e3"),
    ("money", " 1"),
    ("money", "१.००"),
    ("money", "10000000000000.00"),
    ("money", "99999999999999999999999999"),
    ("money", Decimal("1.005")),
    ("money", Decimal("NaN")),
    ("money", Decimal("1E+20")),
    ("money", 10**13),
    ("money", 0.001),
    ("money", float("nan")),
    ("money", float("inf")),
    ("money", 1e13),
    ("time", datetime(2026, 1, 1, tzinfo=UTC)),
    ("time", 7),
    ("time", ""),
    ("time", "2026-01-01"),
    ("time", "2026-01-01T00:00:00"),
    ("time", "2026-01-01 00:00:00."),
    ("time", "2026-01-01 00:00:00.0000000"),
    ("time", "2026-01-01 00:00:00Z"),
    ("time", "2026-13-01 00:00:00"),
    ("time", "2026-02-30 00:00:00"),
    ("time", "2026-01-01 24:00:00"),
    ("time", "2O26-01-01 00:00:00"),
    ("json", "{"),
    ("json", True),
    ("json", b"\xff"),
    ("bytes", "x"),
]


@pytest.mark.parametrize(("kind", "value"), REFUSED)
def test_a_value_that_the_column_cannot_have_held_is_refused(kind: str, value: object) -> None:
    with pytest.raises((TypeError, ValueError), match=rf"^payments\.value: {kind} "):
        Table("payments", [("value", kind)]).decode([(value,)])


@pytest.mark.parametrize(
    ("value", "amount_minor"),
    [
        ("1299.00", 129900),
        ("1299", 129900),
        ("+0.5", 50),
        ("-0.05", -5),
        ("1.5000", 150),
        (Decimal("1299.00"), 129900),
        (Decimal("1E+3"), 100000),
        (Decimal("-0.00"), 0),
        (1299, 129900),
        (-7, -700),
        (49.5, 4950),
        (0.29, 29),
        (-0.07, -7),
        (9999999999999.99, 10**15 - 1),
    ],
)
def test_money_is_read_as_minor_units(value: object, amount_minor: int) -> None:
    assert MONEY.decode([(value,)]) == [(amount_minor,)]


@given(st.integers(-(10**15) + 1, 10**15 - 1))
def test_money_survives_every_form_a_database_gives_it(amount_minor: int) -> None:
    ((text,),) = MONEY.encode([(amount_minor,)])
    assert Decimal(text) == Decimal(amount_minor) / 100
    forms = [(text,), (Decimal(text),), (float(text),)]
    assert MONEY.decode(forms) == [(amount_minor,)] * 3


@given(st.text(alphabet="+-.0123456789eE_ ", max_size=20))
def test_a_text_is_money_only_when_it_is_exact_at_two_places(text: str) -> None:
    try:
        ((amount_minor,),) = MONEY.decode([(text,)])
    except ValueError:
        return
    assert Decimal(text) * 100 == amount_minor


@given(st.datetimes(datetime(1000, 1, 1)))  # noqa: DTZ001 - drivers answer naive times
def test_a_time_is_read_alike_from_a_datetime_and_from_a_text(moment: datetime) -> None:
    aware = moment.replace(tzinfo=UTC)
    text = moment.isoformat(" ", "microseconds")
    assert TIME.decode([(moment,), (text,)]) == [(aware,), (aware,)]
    assert TIME.encode([(aware,)]) == [(text,)]


@pytest.mark.parametrize(
    ("text", "microsecond"),
    [
        ("2026-01-01 00:00:00", 0),
        ("2026-01-01 00:00:00.5", 500000),
        ("2026-01-01 00:00:00.012", 12000),
        ("2026-01-01 00:00:00.000001", 1),
    ],
)
def test_a_time_may_have_up_to_six_places(text: str, microsecond: int) -> None:
    expected = datetime(2026, 1, 1, 0, 0, 0, microsecond, tzinfo=UTC)
    assert TIME.decode([(text,)]) == [(expected,)]


def test_rows_may_carry_some_columns_in_their_own_order() -> None:
    table = Table("t", [("id", "text"), ("live", "bool"), ("amount", "money")])
    assert table.decode([["1.00", 1]], ["amount", "live"]) == [(100, True)]
    with pytest.raises(ValueError, match="^t has no column 'other'$"):
        table.decode([], ["other"])


def test_json_that_the_driver_parsed_or_kept_as_a_number_is_taken() -> None:
    table = Table("t", [("j", "json")])
    assert table.decode([({"a": 1},), ([1],), (12,), ('{"a":2}',), (b"[3]",)]) == [
        ({"a": 1},),
        ([1],),
        (12,),
        ({"a": 2},),
        ([3],),
    ]
