"""Rupees on the wire, paise in the record."""

from __future__ import annotations

import re

_RUPEES = re.compile(r"(?P<whole>0|[1-9][0-9]{0,15})\.(?P<fraction>[0-9]{2})", re.ASCII)


def rupees(amount_minor: int) -> str:
    """Write paise as rupees with exactly two decimals: 129900 is ``1299.00``."""
    return f"{amount_minor // 100}.{amount_minor % 100:02d}"


def paise(text: str) -> int:
    """Read rupees with exactly two decimals and at most 18 digits (UPI validation code V03).

    Raises:
        ValueError: the text is not such an amount.
    """
    match = _RUPEES.fullmatch(text)
    if match is None:
        raise ValueError("amount must be rupees with two decimals and at most 18 digits")
    return int(match["whole"]) * 100 + int(match["fraction"])
