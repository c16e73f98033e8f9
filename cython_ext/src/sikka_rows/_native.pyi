from collections.abc import Callable, Sequence
from typing import Any, final

KINDS: tuple[str, ...]
"""The names of the kinds of column."""

@final
class Codec:
    """Encodes and decodes rows of the given columns; the loops of `Table`, compiled."""

    def __init__(
        self,
        table: str,
        columns: Sequence[str],
        kinds: Sequence[str],
        dumps: Callable[[Any], str | bytes],
        loads: Callable[[str | bytes], Any],
    ) -> None: ...
    def encode(self, rows: Sequence[Sequence[object]]) -> list[tuple[Any, ...]]:
        """One tuple of database values per row."""

    def flatten(self, rows: Sequence[Sequence[object]]) -> list[Any]:
        """The database values of all rows in one list."""

    def decode(self, rows: Sequence[Sequence[Any]]) -> list[tuple[Any, ...]]:
        """One tuple of Python values per database row."""
