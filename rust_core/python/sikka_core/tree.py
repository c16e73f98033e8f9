"""The plain Python shape from which messages are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

XmlNode: TypeAlias = tuple[str, Mapping[str, str | None], "Sequence[XmlNode] | str"]
"""One element: its name, its attributes, and its children or its text.

An attribute whose value is None is left out. An element without content has the children `()`.
"""
