"""The SQL of each step, for either dialect, as texts with parameters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, Literal

from sikka.journal.changes import AddBalances, Insert, Lock, Update
from sikka.journal.tables import metadata

Dialect = Literal["mysql", "sqlite"]
Statement = tuple[str, Sequence[Any]]

# A statement stays well below the server's packet and the parameters that SQLite takes, and an
# IN below the length from which MariaDB would make a subquery of it.
ROWS_MAX = 500
PARAMETERS_MAX = 30_000

_STYLES: dict[Dialect, Literal["format", "qmark"]] = {"mysql": "format", "sqlite": "qmark"}
_MARKS: dict[Dialect, str] = {"mysql": "%s", "sqlite": "?"}
_QUOTES: dict[Dialect, str] = {"mysql": "`", "sqlite": '"'}


def statements(step: Lock | Update | AddBalances, dialect: Dialect) -> Iterator[Statement]:
    """The statements of a step other than `Insert`; only those of a `Lock` answer rows."""
    if isinstance(step, Lock):
        for keys in _chunks(step.keys, 1):
            text = _lock_text(step.rows.name, step.key, step.columns, len(keys), dialect)
            yield text, keys
    elif isinstance(step, Update):
        for values in _chunks(step.values, len(step.columns) + 1):
            text = step.rows.update(step.columns, len(values), dialect, step.key)
            yield text, step.rows.update_parameters(step.columns, values, step.key)
    else:
        for values in _chunks(step.values, len(step.rows.columns)):
            text = step.rows.insert(len(values), _STYLES[dialect]) + ADD[dialect]
            yield text, step.rows.insert_parameters(values)


def bulk_insert(step: Insert | AddBalances) -> tuple[str, Sequence[Sequence[Any]]]:
    """One insert for MySQL's `executemany`, and its rows.

    Columns that hold nothing in any row are left out: a parameter that is NULL in every row has
    no type to be bound with, and the column is NULL without it.

    Raises:
        ValueError: when such a column may not be NULL. MySQL would store the first word of an
            ENUM instead.
    """
    rows = step.rows.encode(step.values)
    names, columns = [], []
    for name, column in zip(step.rows.columns, zip(*rows, strict=True), strict=True):
        if column.count(None) < len(column):
            names.append(name)
            columns.append(column)
        elif not metadata.tables[step.rows.name].c[name].nullable:
            raise ValueError(f"{step.rows.name}.{name}: takes a value, and every row has none")
    text = _insert_text(step.rows.name, tuple(names))
    if isinstance(step, AddBalances):
        text += ADD["mysql"]
    return text, list(zip(*columns, strict=True))


def bulk_update(step: Update, dialect: Dialect) -> tuple[str, Sequence[Sequence[Any]]]:
    """One update for the driver's `executemany`, and its rows: the key last."""
    width = len(step.columns) + 1
    flat = step.rows.update_parameters(step.columns, step.values, step.key)
    rows = [(*flat[at + 1 : at + width], flat[at]) for at in range(0, len(flat), width)]
    return _update_text(step.rows.name, step.key, step.columns, dialect), rows


@lru_cache(maxsize=1024)
def _insert_text(table: str, columns: tuple[str, ...]) -> str:
    names = ",".join(f"`{name}`" for name in columns)
    marks = ",".join(["%s"] * len(columns))
    return f"INSERT INTO `{table}` ({names}) VALUES ({marks})"  # noqa: S608 - names of the schema


@lru_cache(maxsize=1024)
def _update_text(table: str, key: str, columns: tuple[str, ...], dialect: Dialect) -> str:
    mark, quote = _MARKS[dialect], _QUOTES[dialect]
    changes = ",".join(f"{quote}{name}{quote}={mark}" for name in columns)
    where = f"{quote}{key}{quote}={mark}"
    return f"UPDATE {quote}{table}{quote} SET {changes} WHERE {where}"  # noqa: S608 - names of the schema


# What makes an insert of account stripes add to those that are there.
ADD: dict[Dialect, str] = {
    "mysql": (
        " ON DUPLICATE KEY UPDATE debits_minor=debits_minor+VALUES(debits_minor),"
        "credits_minor=credits_minor+VALUES(credits_minor)"
    ),
    "sqlite": (
        " ON CONFLICT(id,stripe) DO UPDATE SET debits_minor=debits_minor+excluded.debits_minor,"
        "credits_minor=credits_minor+excluded.credits_minor"
    ),
}


def _chunks(values: Sequence[Any], width: int) -> Iterator[Sequence[Any]]:
    size = min(ROWS_MAX, PARAMETERS_MAX // width)
    if len(values) <= size:
        yield values
        return
    for start in range(0, len(values), size):
        yield values[start : start + size]


@lru_cache(maxsize=1024)
def _lock_text(table: str, key: str, columns: tuple[str, ...], count: int, dialect: Dialect) -> str:
    marks = ",".join([_MARKS[dialect]] * count)
    if dialect == "sqlite":
        # BEGIN IMMEDIATE has locked the database already.
        names = ",".join(f'"{name}"' for name in columns)
        return f'SELECT {names} FROM "{table}" WHERE "{key}" IN ({marks})'  # noqa: S608 - names of the schema
    # Without the hint a small table would be scanned, and rows of others waited for. In the
    # order of the index, all writers take their locks in the same sequence.
    names = ",".join(f"`{name}`" for name in columns)
    return (
        f"SELECT {names} FROM `{table}` FORCE INDEX (`{_index_of(table, key)}`) "  # noqa: S608 - names of the schema
        f"WHERE `{key}` IN ({marks}) ORDER BY `{key}` FOR UPDATE"
    )


def _index_of(table: str, key: str) -> str:
    primary = [column.name for column in metadata.tables[table].primary_key.columns]
    return "PRIMARY" if primary == [key] else f"uq_{table}_{key}"
