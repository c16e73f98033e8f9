"""The names of card brands."""

from __future__ import annotations

from typing import Literal, TypeAlias

CardBrand: TypeAlias = Literal[
    "amex", "diners", "discover", "jcb", "maestro", "mastercard", "rupay", "visa"
]
"""A card network: American Express, Diners Club, Discover and so on, in lower case."""
