"""A dictionary that does not change, of which a copy with a few changes is cheap."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

# How many keys a drawer holds on average before there are more drawers, and then how many times
# as many.
_DRAWER_KEYS_MAX = 1_024
_GROWTH = 4


class Shelf:
    """Keys with a number each, in as many dictionaries as keep each of them small.

    A copy shares the dictionaries in which nothing changes: of a million keys, changing one copies
    a thousandth part, and whoever looks at the shelf before sees what was there before.
    """

    __slots__ = ("_drawers", "_mask", "keys")

    def __init__(self, drawers: tuple[dict[Hashable, float], ...] = ({},), keys: int = 0) -> None:
        self._drawers = drawers
        # There are 1, 4, 16, … drawers, so that the last bits of a hash choose one.
        self._mask = len(drawers) - 1
        self.keys = keys

    def get(self, key: Hashable) -> float | None:
        """The number of a key, or None."""
        return self._drawers[hash(key) & self._mask].get(key)

    def changed(self, changes: Mapping[Hashable, float | None]) -> Shelf:
        """A shelf on which some keys have other numbers; None takes a key off."""
        drawers = list(self._grown(self.keys + len(changes)))
        mask, keys = len(drawers) - 1, self.keys
        # Drawers that were made just now are seen by nobody else.
        copied = [mask != self._mask] * len(drawers)
        for key, number in changes.items():
            place = hash(key) & mask
            if not copied[place]:
                copied[place] = True
                drawers[place] = drawers[place].copy()
            drawer = drawers[place]
            keys -= len(drawer)
            if number is None:
                drawer.pop(key, None)
            else:
                drawer[key] = number
            keys += len(drawer)
        return Shelf(tuple(drawers), keys)

    def _grown(self, keys: int) -> tuple[dict[Hashable, float], ...]:
        """Drawers for so many keys: the same ones, or more with the same keys in them."""
        count = len(self._drawers)
        while keys > count * _DRAWER_KEYS_MAX:
            count *= _GROWTH
        if count == len(self._drawers):
            return self._drawers
        drawers: tuple[dict[Hashable, float], ...] = tuple({} for _ in range(count))
        for drawer in self._drawers:
            for key, number in drawer.items():
                drawers[hash(key) & (count - 1)][key] = number
        return drawers
