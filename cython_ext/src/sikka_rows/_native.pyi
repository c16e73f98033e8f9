from collections.abc import Callable, Sequence
from typing import Any, final

from sikka_rows.column import Column

@final
class Codec:
    """Encodes and decodes rows of the given columns; the loops of `Table`, compiled.

    `table` names the table in errors. `dumps` writes a dict or list as JSON (str, or bytes of
    UTF-8) and `loads` reads it. Every method takes rows of exactly as many values as there are
    columns and raises, naming table, column and rule but never a value: TypeError for a value
    of another type than its column's and for a dict as a row, ValueError for a value that is
    out of range or over its column's bound, and for a row of another length.
    """

    def __init__(
        self,
        table: str,
        columns: Sequence[Column],
        dumps: Callable[[Any], str | bytes],
        loads: Callable[[str | bytes], Any],
    ) -> None: ...
    def encode(self, rows: Sequence[Sequence[object]]) -> list[tuple[Any, ...]]:
        """One tuple of database values (str, int, bytes, None) per row."""

    def flatten(self, rows: Sequence[Sequence[object]]) -> list[Any]:
        """The database values of all rows in one list."""

    def write(
        self, head: bytes, rows: Sequence[Sequence[object]], tail: bytes, bytes_max: int
    ) -> list[bytes]:
        """`head`, then the rows as literals in parentheses with commas between, then `tail`.

        A statement ends before the row with which it would have more than `bytes_max` bytes, and
        the next one begins with that row. Raises ValueError when there are no rows, and when a
        row alone takes more.
        """

    def decode(self, rows: Sequence[Sequence[Any]]) -> list[tuple[Any, ...]]:
        """One tuple of Python values per database row."""
