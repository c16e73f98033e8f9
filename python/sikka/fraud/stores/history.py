"""A history of payments and labels, and how far it has been played."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator

from sikka.fraud.stores.facts import Facts

# So many items take a millisecond or so; then payments have their turn.
_ITEMS_AT_ONCE = 256


async def in_turns(history: AsyncIterable[Facts]) -> AsyncIterator[Facts]:
    """The items of a history, with pauses in which other tasks run."""
    number = 0
    async for facts in history:
        number += 1
        if number % _ITEMS_AT_ONCE == 0:
            await asyncio.sleep(0)
        yield facts


class Playback:
    """The place in a sorted history: a time, and a number among the items of that very time.

    Whoever reads the same history again finds every item at the same place.
    """

    def __init__(self) -> None:
        self.place = (-1, 0)

    def number_of(self, time_ms: int) -> int:
        """Go on to the next item, of this time, and return its number.

        Raises:
            ValueError: it lies before the item before it.
        """
        latest_ms, number = self.place
        if time_ms < latest_ms:
            raise ValueError(f"history must be sorted by time: {time_ms} comes after {latest_ms}")
        self.place = (time_ms, number + 1 if time_ms == latest_ms else 1)
        return self.place[1]
