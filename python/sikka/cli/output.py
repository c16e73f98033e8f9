"""How commands show what they found: aligned for people, JSON for machines."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import click
import msgspec

Command = TypeVar("Command", bound=Callable[..., Any])


def json_option(command: Command) -> Command:
    """`--json` for a command."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, one object a line.")(
        command
    )


def show(thing: object, *, as_json: bool) -> None:
    """Print one object, a field a line, or as JSON."""
    if as_json:
        print(msgspec.json.encode(thing).decode())
        return
    fields: Mapping[str, object] = msgspec.to_builtins(thing)
    width = max(len(name) for name in fields)
    for name, value in fields.items():
        if value is not None:
            print(f"{name:<{width}}  {_text(value)}")


def show_all(things: Sequence[object], columns: Sequence[str], *, as_json: bool) -> None:
    """Print objects as a table of the columns, or as JSON in full."""
    if as_json:
        for thing in things:
            show(thing, as_json=True)
        return
    rows = [[_text(msgspec.to_builtins(thing)[name]) for name in columns] for thing in things]
    widths = [max(map(len, each)) for each in zip(columns, *rows, strict=True)]
    for row in [list(columns), *rows]:
        line = "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        print(line.rstrip())


def _text(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ",".join(map(str, value))
    return str(value)
