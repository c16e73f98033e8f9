"""What sikka_rows is told of a column is what the column's type on MariaDB holds."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Column, Enum
from sqlalchemy.dialects import mysql

from sikka.journal.tables import metadata

COLUMNS = {
    f"{table.name}.{column.name}": column
    for table in metadata.tables.values()
    for column in table.columns
}
INTEGERS = {"SMALLINT": 2**15 - 1, "INTEGER": 2**31 - 1, "BIGINT": None}
DIALECT = mysql.dialect()  # type: ignore[no-untyped-call]


def holds(column: Column[Any]) -> dict[str, Any]:
    """The bound of a column by its type on MariaDB, in the words of sikka_rows."""
    type_: Any = column.type.dialect_impl(DIALECT)
    name = type_.compile(DIALECT).partition("(")[0].partition(" ")[0]
    if name == "VARCHAR":
        bound = {"characters_max": type_.length}
        return bound | ({"is_ascii": True} if type_.charset == "ascii" else {})
    if name == "TEXT":
        return {"bytes_max": 65_535}
    if name == "VARBINARY":
        return {"bytes_max": type_.length}
    if name == "MEDIUMBLOB":
        return {"bytes_max": 2**24 - 1}
    if name == "DECIMAL" and (type_.precision, type_.scale) == (3, 2):
        return {"value_max": 999}
    if name in INTEGERS and INTEGERS[name] is not None:
        return {"value_max": INTEGERS[name]}
    assert name in {"LONGTEXT", "JSON", "DECIMAL", "DATETIME", "TINYINT", "BIGINT", "ENUM"}
    return {}


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_is_bounded_as_its_type_is(name: str) -> None:
    column = COLUMNS[name]
    told = {key: value for key, value in column.info.items() if key != "kind"}
    assert told == holds(column)


def test_the_words_of_a_choice_are_its_bound() -> None:
    choices = [column for column in COLUMNS.values() if isinstance(column.type, Enum)]
    assert choices
    assert all(column.info == {"kind": "text"} for column in choices)
