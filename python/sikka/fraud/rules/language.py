"""The way to the language of rules, for those who may never need it.

The library that parses it builds its parser when it is imported, for half a second: a command
that reads a row should not wait for that, and a payment must not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sikka.fraud.rules.expression import Expression


def load() -> Callable[[str], Expression]:
    """Import the language, and answer `sikka.fraud.rules.expression.compiled`.

    Whoever serves payments calls this before the first one comes. It may be called in a thread.
    """
    from sikka.fraud.rules import expression  # noqa: PLC0415 - see the head of this module.

    return expression.compiled


def compiled(text: str) -> Expression:
    """Check an expression; imports the language if nobody has. Raises what that one raises."""
    return load()(text)
