"""A value that its column cannot keep is refused by name, before anything reaches a database."""

from __future__ import annotations

import enum
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from sikka_rows import Table

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)

WRONG_TYPES: list[tuple[str, object]] = [
    ("text", 1),
    ("text", b"x"),
    ("int", True),
    ("int", 1.0),
    ("int", "1"),
    ("int", Decimal(1)),
    ("bool", 1),
    ("bool", "true"),
    ("money", 12.5),
    ("money", Decimal("12.50")),
    ("money", "12.50"),
    ("money", True),
    ("time", "2026-01-01 00:00:00"),
    ("time", date(2026, 1, 1)),
    ("time", 1767225600),
    ("json", 1),
    ("json", True),
    ("json", {1, 2}),
    ("bytes", "x"),
    ("bytes", 7),
]

OUT_OF_RANGE: list[tuple[str, object]] = [
    ("text", "\ud800"),
    ("text", "₹\udfff"),
    ("int", 2**63),
    ("int", -(2**63) - 1),
    ("int", 10**30),
    ("money", 10**15),
    ("money", -(10**15)),
    ("money", 10**30),
    ("time", datetime(2026, 1, 1)),  # noqa: DTZ001 - naive on purpose
    ("time", datetime(999, 12, 31, tzinfo=UTC)),
    ("time", datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1)))),
    ("time", datetime(9999, 12, 31, 23, 59, tzinfo=timezone(timedelta(hours=-1)))),
    ("json", {"a": float("nan")}),
    ("json", {"a": object()}),
    ("json", b"\xff"),
    ("json", '"\ud800"'),
]


class Status(enum.StrEnum):
    PENDING = "PENDING"


class Brand(str, enum.Enum):  # noqa: UP042 - the older way, which is still met
    RUPAY = "RUPAY"


class Level(enum.IntEnum):
    HIGH = 3


def column(kind: str) -> Table:
    return Table("payments", [("id", "text"), ("value", kind)])


def encoded(kind: str, value: object) -> object:
    ((_, found),) = column(kind).encode([("pay_1", value)])
    return found


@pytest.mark.parametrize(("kind", "value"), WRONG_TYPES)
def test_a_value_of_the_wrong_type_is_refused_by_table_column_and_type(
    kind: str, value: object
) -> None:
    table = column(kind)
    expected = rf"payments\.value: {kind} takes .+, not {type(value).__name__}$"
    for encode in (table.encode, table.insert_parameters):
        with pytest.raises(TypeError, match=expected):
            encode([("pay_1", value)])


@pytest.mark.parametrize(("kind", "value"), OUT_OF_RANGE)
def test_a_value_out_of_range_is_refused_by_table_and_column(kind: str, value: object) -> None:
    table = column(kind)
    for encode in (table.encode, table.insert_parameters):
        with pytest.raises(ValueError, match=rf"^payments\.value: {kind} "):
            encode([("pay_1", value)])


def test_a_refusal_never_repeats_the_value() -> None:
    secret = "4111111111111111"
    for kind, value in (("int", secret), ("bytes", secret), ("text", f"{secret}\ud800")):
        with pytest.raises((TypeError, ValueError)) as caught:
            encoded(kind, value)
        assert secret not in str(caught.value)


@pytest.mark.parametrize("kind", ["text", "int", "bool", "money", "time", "json", "bytes"])
def test_none_is_null_in_every_kind(kind: str) -> None:
    assert encoded(kind, None) is None
    assert column(kind).decode([("pay_1", None)]) == [("pay_1", None)]


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("text", Status.PENDING, "PENDING"),
        ("text", Brand.RUPAY, "RUPAY"),
        ("int", Level.HIGH, 3),
        ("money", Level.HIGH, "0.03"),
        ("bool", True, 1),
        ("bytes", bytearray(b"x"), b"x"),
        ("bytes", memoryview(b"x"), b"x"),
        ("time", MOMENT, "2026-01-01 00:00:00.000000"),
        ("json", {"a": [1, None, "₹"]}, '{"a":[1,null,"₹"]}'),
    ],
)
def test_a_value_becomes_the_plain_type_that_drivers_know(
    kind: str, value: object, expected: object
) -> None:
    found = encoded(kind, value)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("amount_minor", "text"),
    [
        (0, "0.00"),
        (1, "0.01"),
        (-1, "-0.01"),
        (99, "0.99"),
        (100, "1.00"),
        (129900, "1299.00"),
        (-4950, "-49.50"),
        (10**15 - 1, "9999999999999.99"),
    ],
)
def test_money_is_an_exact_decimal(amount_minor: int, text: str) -> None:
    assert encoded("money", amount_minor) == text


def test_a_row_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(ValueError, match="^payments: a row has 1 values for 2 columns$"):
        column("int").encode([("pay_1",)])


def test_a_mapping_is_no_row() -> None:
    with pytest.raises(TypeError, match="^payments: a row is a sequence of values, not a dict$"):
        column("text").decode([{"id": "pay_1", "value": "x"}])  # type: ignore[list-item]


def test_json_is_written_and_read_by_the_functions_that_were_given() -> None:
    table = Table(
        "t", [("j", "json")], dumps=lambda _: b'["written"]', loads=lambda text: ["read", text]
    )
    assert table.encode([({},)]) == [('["written"]',)]
    assert table.decode([("[]",)]) == [(["read", "[]"],)]
