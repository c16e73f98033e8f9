"""One column of a table: its name, its kind, and how much it holds."""

from __future__ import annotations

import re
from dataclasses import dataclass

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")

# Which bounds a value of a kind may have.
_BOUNDS = {
    "text": ("characters_max", "bytes_max"),
    "int": ("value_max",),
    "bool": (),
    "money": ("value_max",),
    "time": (),
    "json": ("bytes_max",),
    "bytes": ("bytes_max",),
}
KINDS = tuple(_BOUNDS)
"""The names of the kinds of column."""


def check_identifier(what: str, name: str) -> str:
    """`name` itself, when it may stand in a statement as the name of `what`.

    Raises ValueError unless it is a letter or underscore followed by at most 63 letters,
    digits and underscores: names are quoted in the text, never escaped.
    """
    if not _IDENTIFIER.fullmatch(name):
        raise ValueError(f"{what} {name!r} is not a plain SQL name")
    return name


@dataclass(frozen=True, slots=True, repr=False)
class Column:
    """A column, and the bound that its values must keep.

    Databases disagree about a value that is too long: MySQL refuses it in strict mode and cuts
    it otherwise, SQLite keeps it. A bound is kept before any database is asked.

    `kind` is one of `KINDS`. `characters_max` bounds "text" in code points, as VARCHAR(n) does;
    `bytes_max` bounds "text" and "json" in bytes of UTF-8, as TEXT does, and "bytes" as
    VARBINARY(n) does; `value_max` bounds "int" from -value_max - 1 to value_max and "money", in
    minor units, from -value_max to value_max. `is_ascii` lets a "text" hold ASCII alone. Raises
    ValueError for a name or a kind that is none, and for a bound that is below 1, that the kind
    does not have, or that is one of two.
    """

    name: str
    kind: str
    characters_max: int | None = None
    bytes_max: int | None = None
    value_max: int | None = None
    is_ascii: bool = False

    def __post_init__(self) -> None:
        check_identifier("column", self.name)
        if self.kind not in KINDS:
            raise ValueError(
                f"column {self.name}: kind {self.kind!r} is not one of {', '.join(KINDS)}"
            )
        if self.is_ascii and self.kind != "text":
            raise ValueError(f"column {self.name}: {self.kind} is never ASCII alone")
        if len(self.bounds) > 1:
            raise ValueError(
                f"column {self.name}: takes one bound, not {' and '.join(self.bounds)}"
            )
        for bound, value in self.bounds.items():
            if bound not in _BOUNDS[self.kind]:
                raise ValueError(f"column {self.name}: {self.kind} is not bounded by {bound}")
            if value < 1:
                raise ValueError(f"column {self.name}: {bound} must be at least 1, not {value}")

    @property
    def bounds(self) -> dict[str, int]:
        """The bounds that are set, by name."""
        named = {
            "characters_max": self.characters_max,
            "bytes_max": self.bytes_max,
            "value_max": self.value_max,
        }
        return {bound: value for bound, value in named.items() if value is not None}

    def __repr__(self) -> str:
        parts = [repr(self.name), repr(self.kind)]
        parts += [f"{bound}={value}" for bound, value in self.bounds.items()]
        if self.is_ascii:
            parts.append("is_ascii=True")
        return f"Column({', '.join(parts)})"
