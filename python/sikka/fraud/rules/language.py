"""The way to the language of rules, for those who may never need it.

Its parser is built when the library is imported, which takes longer than everything else that a
command imports. Whoever serves payments calls `load` before the first one comes.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sikka.fraud.rules.expression import Expression


def load() -> None:
    """Import the language, if that has not been done. May be called in a thread."""
    importlib.import_module("sikka.fraud.rules.expression")


def compiled(text: str) -> Expression:
    """See `sikka.fraud.rules.expression.compiled`, which this calls."""
    from sikka.fraud.rules import expression  # noqa: PLC0415 - see the head of this module.

    return expression.compiled(text)
