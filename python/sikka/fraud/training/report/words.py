"""Numbers, times and shares as people read them."""

from __future__ import annotations

from datetime import UTC, datetime

MINOR_PER_MAJOR = 100
STEPS = ((1e9, "bn"), (1e6, "m"), (1e3, "k"))


def money(minor: float, currency: str) -> str:
    """An amount in major units, short: "INR 1.2 m"."""
    major = minor / MINOR_PER_MAJOR
    for size, name in STEPS:
        if abs(major) >= size:
            return f"{currency} {major / size:.3g} {name}"
    return f"{currency} {major:.3g}"


def moment(time_ms: int) -> str:
    """A time to the minute, in UTC."""
    return datetime.fromtimestamp(time_ms / 1_000, UTC).strftime("%Y-%m-%d %H:%M")


def percent(share: float, digits: int = 1) -> str:
    """A share in percent."""
    return f"{100 * share:.{digits}f} %"
