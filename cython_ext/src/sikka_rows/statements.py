"""The texts of multi-row statements; every value is a parameter, every name is checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

Style = Literal["format", "qmark"]
Dialect = Literal["mysql", "sqlite"]

# A statement of SQLite takes this many parameters unless it was compiled otherwise.
SQLITE_PARAMETERS_MAX = 32_766

_PLACEHOLDERS = {"format": "%s", "qmark": "?"}
_QUOTES = {"format": "`", "qmark": '"'}


def insert_text(table: str, columns: Sequence[str], row_count: int, style: Style) -> str:
    """`INSERT INTO t (c, …) VALUES (%s, …), …` for `row_count` rows.

    Raises ValueError when `style` is unknown or `row_count` is not possible.
    """
    if style not in _PLACEHOLDERS:
        raise ValueError(f'style must be "format" or "qmark", not {style!r}')
    _check_row_count(table, row_count, len(columns), is_sqlite=style == "qmark")
    row = _row(len(columns), style)
    return insert_head(table, columns, style) + ",".join([row] * row_count)


def insert_head(table: str, columns: Sequence[str], style: Style) -> str:
    """`INSERT INTO t (c, …) VALUES `, up to the first row."""
    names = ",".join(_quoted(name, style) for name in columns)
    return f"INSERT INTO {_quoted(table, style)} ({names}) VALUES "  # noqa: S608 - checked names


def update_text(
    table: str, key: str, columns: Sequence[str], row_count: int, dialect: Dialect
) -> str:
    """One statement that gives `row_count` rows, found by `key`, new values in `columns`.

    Raises ValueError when `dialect` is unknown or `row_count` is not possible.
    """
    if dialect == "mysql":
        _check_row_count(table, row_count, len(columns) + 1, is_sqlite=False)
        return _update_mysql(table, key, columns, row_count)
    if dialect == "sqlite":
        _check_row_count(table, row_count, len(columns) + 1, is_sqlite=True)
        return _update_sqlite(table, key, columns, row_count)
    raise ValueError(f'dialect must be "mysql" or "sqlite", not {dialect!r}')


def _update_mysql(table: str, key: str, columns: Sequence[str], row_count: int) -> str:
    # The first, empty SELECT lends the new values the table's own types and collations. Without
    # it the key would be compared in the connection's collation, which the index cannot serve.
    # STRAIGHT_JOIN reads the new values first and looks every key up, whatever the statistics.
    target = _quoted(table, "format")
    names = ",".join(_quoted(name, "format") for name in (key, *columns))
    row = ",".join(["%s"] * (len(columns) + 1))
    values = f" UNION ALL SELECT {row}" * row_count
    changes = ",".join(f"{target}.`{name}`=n.`{name}`" for name in columns)
    return (
        f"UPDATE (SELECT {names} FROM {target} WHERE FALSE{values}) AS n "  # noqa: S608 - checked names
        f"STRAIGHT_JOIN {target} ON {target}.`{key}`=n.`{key}` SET {changes}"
    )


def _update_sqlite(table: str, key: str, columns: Sequence[str], row_count: int) -> str:
    target = _quoted(table, "qmark")
    names = ",".join(_quoted(name, "qmark") for name in (key, *columns))
    row = _row(len(columns) + 1, "qmark")
    rows = ",".join([row] * row_count)
    changes = ",".join(f'"{name}"=n."{name}"' for name in columns)
    return (
        f"WITH n({names}) AS (VALUES {rows}) "  # noqa: S608 - checked names
        f'UPDATE {target} SET {changes} FROM n WHERE {target}."{key}"=n."{key}"'
    )


def _check_row_count(table: str, row_count: int, width: int, *, is_sqlite: bool) -> None:
    if row_count < 1:
        raise ValueError(f"{table}: a statement takes at least one row, not {row_count}")
    if is_sqlite and row_count * width > SQLITE_PARAMETERS_MAX:
        rows_max = SQLITE_PARAMETERS_MAX // width
        raise ValueError(f"{table}: a statement of SQLite takes at most {rows_max} of these rows")


def _quoted(name: str, style: Style) -> str:
    quote = _QUOTES[style]
    return f"{quote}{name}{quote}"


def _row(width: int, style: Style) -> str:
    return "(" + ",".join([_PLACEHOLDERS[style]] * width) + ")"
