"""One item that fails again and again is left alone for longer and longer; the others go on."""

from __future__ import annotations

from datetime import datetime, timedelta

_FIRST_S = 1.0
_LONGEST_S = 300.0
_DOUBLINGS_MAX = 9


class Backoff:
    """Remembers in this process which items failed lately.

    Args:
        items_max: the oldest failures are forgotten beyond this many.
    """

    def __init__(self, items_max: int = 10_000) -> None:
        self._items_max = items_max
        self._failures: dict[str, tuple[int, datetime]] = {}

    def __len__(self) -> int:
        return len(self._failures)

    def failed(self, id: str, now: datetime) -> None:
        """Leave the item alone: a second at first, five minutes in the end."""
        count = self._failures.pop(id, (0, now))[0] + 1
        pause_s = min(_LONGEST_S, _FIRST_S * 2.0 ** min(count - 1, _DOUBLINGS_MAX))
        self._failures[id] = (count, now + timedelta(seconds=pause_s))
        if len(self._failures) > self._items_max:
            del self._failures[next(iter(self._failures))]

    def succeeded(self, id: str) -> None:
        """Forget the item's failures."""
        self._failures.pop(id, None)

    def waits(self, id: str, now: datetime) -> bool:
        """Whether the item is to be left alone for now."""
        failure = self._failures.get(id)
        return failure is not None and now < failure[1]
