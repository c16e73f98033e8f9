"""A bound is kept to the last character, byte or digit, and told by table, column and rule."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sikka_rows import Column, Table

# A column, the largest value that it takes and the smallest that it does not, and the rule.
BOUNDS: list[tuple[Column, Any, Any, str]] = [
    (Column("v", "text", characters_max=3), "abc", "abcd", "takes at most 3 characters"),
    (Column("v", "text", characters_max=3), "😀é₹", "😀é₹a", "takes at most 3 characters"),
    (Column("v", "text", characters_max=3), "ab ", "abc ", "takes at most 3 characters"),
    (Column("v", "text", bytes_max=4), "😀", "😀a", "takes at most 4 bytes of UTF-8"),
    (Column("v", "text", bytes_max=4), "éé", "ééa", "takes at most 4 bytes of UTF-8"),
    (Column("v", "text", bytes_max=4), "abcd", "abcde", "takes at most 4 bytes of UTF-8"),
    (Column("v", "text", is_ascii=True), "a\x7f\0", "a\x80", "takes ASCII alone"),
    (Column("v", "text", 2, is_ascii=True), "ab", "abc", "takes at most 2 characters"),
    (Column("v", "int", value_max=7), 7, 8, "takes an int from -8 to 7"),
    (Column("v", "int", value_max=7), -8, -9, "takes an int from -8 to 7"),
    (Column("v", "int", value_max=7), 0, 2**70, "takes an int from -8 to 7"),
    (Column("v", "money", value_max=999), 999, 1000, "takes at most 999 minor units"),
    (Column("v", "money", value_max=999), -999, -1000, "takes at most 999 minor units"),
    (Column("v", "json", bytes_max=5), ["a"], ["é"], "takes at most 5 bytes of UTF-8"),
    (Column("v", "json", bytes_max=4), b"[10]", b"[100]", "takes at most 4 bytes of UTF-8"),
    (Column("v", "bytes", bytes_max=2), b"\xff\0", b"\xff\0a", "takes at most 2 bytes"),
    (Column("v", "bytes", bytes_max=2), bytearray(2), bytearray(3), "takes at most 2 bytes"),
]


@pytest.mark.parametrize(("column", "largest", "over", "rule"), BOUNDS)
def test_a_bound_is_kept_to_the_last_unit(
    column: Column, largest: Any, over: Any, rule: str
) -> None:
    table = Table("t", [column])
    for encode in (table.encode, table.insert_parameters, table.insert_written):
        assert len(encode([(largest,), (None,)])) > 0
        with pytest.raises(ValueError, match=f"^t\\.v: {column.kind} {rule}$"):
            encode([(largest,), (over,)])


def test_a_column_without_a_bound_takes_what_its_kind_takes() -> None:
    table = Table("t", [Column("a", "text"), ("b", "int"), Column("c", "money")])
    row = ("₹" * 100_000, -(2**63), 10**15 - 1)
    assert table.encode([row]) == [(row[0], row[1], "9999999999999.99")]


def test_a_bound_does_not_stand_in_the_way_of_what_was_stored() -> None:
    table = Table("t", [Column("v", "text", characters_max=1), Column("b", "bytes", bytes_max=1)])
    assert table.decode([("stored before", b"stored before")]) == [
        ("stored before", b"stored before")
    ]


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=12), st.integers(1, 12))
def test_characters_are_code_points_and_bytes_are_those_of_utf8(text: str, bound: int) -> None:
    for column, size in (
        (Column("v", "text", characters_max=bound), len(text)),
        (Column("v", "text", bytes_max=bound), len(text.encode())),
    ):
        table = Table("t", [column])
        if size <= bound:
            assert table.encode([(text,)]) == [(text,)]
        else:
            with pytest.raises(ValueError, match="takes at most"):
                table.encode([(text,)])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "a b", "kind": "text"}, "^column 'a b' is not a plain SQL name$"),
        ({"name": "a", "kind": "float"}, "^column a: kind 'float' is not one of text, int, "),
        ({"name": "a", "kind": "int", "is_ascii": True}, "^column a: int is never ASCII alone$"),
        ({"name": "a", "kind": "int", "bytes_max": 4}, "^column a: int is not bounded by bytes_"),
        ({"name": "a", "kind": "bool", "value_max": 1}, "^column a: bool is not bounded by value_"),
        ({"name": "a", "kind": "text", "characters_max": 0}, "characters_max must be at least 1"),
        (
            {"name": "a", "kind": "text", "characters_max": 1, "bytes_max": 4},
            "^column a: takes one bound, not characters_max and bytes_max$",
        ),
    ],
)
def test_an_impossible_column_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Column(**options)


def test_a_column_says_what_it_is() -> None:
    assert repr(Column("a", "int")) == "Column('a', 'int')"
    column = Column("id", "text", characters_max=36, is_ascii=True)
    assert repr(column) == "Column('id', 'text', characters_max=36, is_ascii=True)"
    assert eval(repr(column)) == column  # noqa: S307 - what repr wrote a line above
