"""One table: its columns and kinds, its rows on the way in and out, its statements."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sikka_rows._native import Codec
from sikka_rows.column import Column, check_identifier
from sikka_rows.statements import Dialect, Style, insert_head, insert_text, update_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# A server of MariaDB takes packets of less than 16 MiB (max_allowed_packet) unless it is told
# otherwise, and the first byte says what is in the packet.
STATEMENT_BYTES_MAX = 16 * 1024 * 1024 - 2

# Statements are kept by the number of rows; a service needs few numbers often.
TEXTS_MAX = 512

_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


class Table:
    """The columns of one SQL table and what is kept in each.

    `columns` are `Column`s, or pairs of a name and a kind for values without a bound, in the
    order in which rows carry the values. The kinds, all of them nullable, are "text", "int",
    "bool", "money" (int minor units, kept as a decimal with two places), "time" (aware datetime,
    kept as UTC), "json" and "bytes". `dumps` writes a dict or list as JSON text and `loads`
    reads it; both are the standard library's unless given. Raises ValueError when a name, a
    kind, a bound or the number of columns is wrong.
    """

    __slots__ = (
        "_all", "_codecs", "_columns", "_dumps", "_head", "_inserts", "_loads", "_updates", "name",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        columns: Sequence[Column | tuple[str, str]],
        *,
        dumps: Callable[[Any], str | bytes] | None = None,
        loads: Callable[[str | bytes], Any] | None = None,
    ) -> None:
        self.name = check_identifier("table", name)
        self._dumps = dumps or _ENCODER.encode
        self._loads = loads or json.loads
        self._columns: dict[str, Column] = {}
        for given in columns:
            try:
                column = given if isinstance(given, Column) else Column(*given)
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from None
            if column.name in self._columns:
                raise ValueError(f"{name}: column {column.name} is named twice")
            self._columns[column.name] = column
        if not self._columns:
            raise ValueError(f"{name}: a table has at least one column")
        self._codecs: dict[tuple[str, ...], Codec] = {}
        self._inserts: dict[tuple[int, Style], str] = {}
        self._updates: dict[tuple[tuple[str, ...], int, Dialect, str], str] = {}
        self._all = self._codec(self.columns)
        self._head = insert_head(name, self.columns, "format").encode()

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, in the order in which rows carry their values."""
        return tuple(self._columns)

    def encode(self, rows: Sequence[Sequence[object]]) -> list[tuple[Any, ...]]:
        """The rows as a driver takes them, one tuple each (for executemany).

        Raises TypeError for a value of the wrong type and ValueError for one that is out of
        range or for a row of the wrong length; both name table and column, never the value.
        """
        return self._all.encode(rows)

    def decode(
        self, rows: Sequence[Sequence[Any]], columns: Sequence[str] | None = None
    ) -> list[tuple[Any, ...]]:
        """Rows of a driver as Python values, one tuple each.

        `columns` names what the rows carry, in their order; None means every column in the
        table's order. Raises TypeError or ValueError as `encode` does.
        """
        codec = self._all if columns is None else self._codec(tuple(columns))
        return codec.decode(rows)

    def insert(self, row_count: int, style: Style) -> str:
        """The statement that inserts `row_count` rows; its parameters: `insert_parameters`.

        `style` is how the driver marks a parameter: "format" (%s, MySQL's quotes) or "qmark"
        (?, standard quotes). Raises ValueError when `row_count` is below 1 or too large.
        """
        cached = self._inserts.get((row_count, style))
        if cached is not None:
            return cached
        text = insert_text(self.name, self.columns, row_count, style)
        if len(self._inserts) >= TEXTS_MAX:
            self._inserts.clear()
        self._inserts[row_count, style] = text
        return text

    def insert_parameters(self, rows: Sequence[Sequence[object]]) -> list[Any]:
        """The values of all `rows` in one list, encoded; raises as `encode` does."""
        return self._all.flatten(rows)

    def insert_written(
        self,
        rows: Sequence[Sequence[object]],
        suffix: str = "",
        bytes_max: int = STATEMENT_BYTES_MAX,
    ) -> list[bytes]:
        """Statements for MySQL and MariaDB that insert all `rows`, the values written out.

        Nothing is left to the driver, which would write the values out much more slowly. The
        texts are UTF-8, and they mean the same in every sql_mode and in every character set
        that a connection may have: see `sikka_rows.written`.

        `suffix` ends every statement, as ` ON DUPLICATE KEY UPDATE …` does; it is added as it
        is. As many statements are made as `bytes_max` asks for; the server's limit is its
        max_allowed_packet less two bytes, 16 MiB less two unless it was told otherwise.

        Raises as `encode` does, and ValueError when there are no rows and when a row alone takes
        more than `bytes_max`; nothing is returned then.
        """
        return self._all.write(self._head, rows, suffix.encode(), bytes_max)

    def update(
        self, columns: Sequence[str], row_count: int, dialect: Dialect, key: str = "id"
    ) -> str:
        """One statement that gives `row_count` rows new values, each row its own.

        A row is found by `key`, which must be unique and should be indexed; keys that are not in
        the table change nothing. `dialect` is "mysql" (MariaDB too) or "sqlite" (3.33 and
        later). Raises ValueError for a column that the table does not have, for a key among
        `columns`, and when `row_count` is below 1 or too large.
        """
        names = tuple(columns)
        cached = self._updates.get((names, row_count, dialect, key))
        if cached is not None:
            return cached
        self._check_update(names, key)
        text = update_text(self.name, key, names, row_count, dialect)
        if len(self._updates) >= TEXTS_MAX:
            self._updates.clear()
        self._updates[names, row_count, dialect, key] = text
        return text

    def update_parameters(
        self, columns: Sequence[str], rows: Sequence[Sequence[object]], key: str = "id"
    ) -> list[Any]:
        """The parameters of `update`: of every row its key first, then `columns` in order.

        Raises ValueError for wrong `columns` and as `encode` does.
        """
        names = tuple(columns)
        self._check_update(names, key)
        return self._codec((key, *names)).flatten(rows)

    def __repr__(self) -> str:
        return f"Table({self.name!r}, {list(self._columns.values())!r})"

    def _codec(self, columns: tuple[str, ...]) -> Codec:
        codec = self._codecs.get(columns)
        if codec is None:
            known = [self._column(column) for column in columns]
            codec = Codec(self.name, known, self._dumps, self._loads)
            self._codecs[columns] = codec
        return codec

    def _column(self, column: str) -> Column:
        try:
            return self._columns[column]
        except KeyError:
            raise ValueError(f"{self.name} has no column {column!r}") from None

    def _check_update(self, columns: tuple[str, ...], key: str) -> None:
        for column in (key, *columns):
            self._column(column)
        if not columns:
            raise ValueError(f"{self.name}: an update changes at least one column")
        if key in columns or len(set(columns)) != len(columns):
            raise ValueError(f"{self.name}: an update names the key and every column once")
