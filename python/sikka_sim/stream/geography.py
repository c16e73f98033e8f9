"""Towns and places in them, in millionths of a degree."""

from __future__ import annotations

import math

import numpy as np

from sikka_sim.stream.draws import Draws, Flags, Integers, cumulative, hashed, within
from sikka_sim.stream.schema import Parameters

DEGREE_E6 = 1_000_000
METRES_PER_DEGREE = 111_195
NOWHERE = -(10**9)
"""Stands for a place that is not known."""

Place = tuple[Integers, Integers]
"""Latitudes and longitudes, in millionths of a degree."""


class Geography:
    """The towns of the parameters, numbered in their order.

    Attributes:
        totals: their weights as running totals.
        numbers: the number of each name.
    """

    def __init__(self, parameters: Parameters) -> None:
        cities = parameters.cities.values()
        self.numbers = {name: number for number, name in enumerate(parameters.cities)}
        self.totals = cumulative(city.weight for city in cities)
        self._latitude = np.array([round(city.latitude * DEGREE_E6) for city in cities])
        self._longitude = np.array([round(city.longitude * DEGREE_E6) for city in cities])
        self._north = np.array([_degrees_e6(city.radius_km * 1_000) for city in cities])
        # A degree of longitude is shorter away from the equator.
        self._east = np.array(
            [
                round(_degrees_e6(city.radius_km * 1_000) / math.cos(math.radians(city.latitude)))
                for city in cities
            ]
        )

    def __len__(self) -> int:
        return len(self._latitude)

    def points(self, city: Integers, draws: Draws) -> Place:
        """A place in each town, the denser the nearer its middle."""
        return (
            self._latitude[city] + _middling(self._north[city], draws),
            self._longitude[city] + _middling(self._east[city], draws),
        )

    def fixed_points(self, city: Integers, *parts: Integers | int) -> Place:
        """A place in each town that is a fixed function of the parts, such as a traveller's bed."""
        north, east = self._north[city], self._east[city]
        return (
            self._latitude[city] + within(hashed(*parts, 0), 2 * north) - north,
            self._longitude[city] + within(hashed(*parts, 1), 2 * east) - east,
        )


def _degrees_e6(metres: float) -> int:
    return round(metres / METRES_PER_DEGREE * DEGREE_E6)


def _middling(radius: Integers, draws: Draws) -> Integers:
    """Distances within a radius either way, small ones more often."""
    return (draws.below_each(2 * radius + 1) + draws.below_each(2 * radius + 1)) // 2 - radius


def near(place: Place, metres: int, draws: Draws) -> Place:
    """Places some metres around others; what is not known stays so."""
    reach = np.full(len(place[0]), max(_degrees_e6(metres), 1))
    known = place[0] != NOWHERE
    return (
        np.where(known, place[0] + _middling(reach, draws), NOWHERE),
        np.where(known, place[1] + _middling(reach, draws), NOWHERE),
    )


def distance(one: Place, other: Place) -> Integers:
    """How far places are from each other, in no unit: to find the nearest within a town."""
    distances: Integers = np.abs(one[0] - other[0]) + np.abs(one[1] - other[1])
    return distances


def where(flags: Flags, one: Place, other: Place) -> Place:
    """The one place where a flag is set, the other where it is not."""
    return np.where(flags, one[0], other[0]), np.where(flags, one[1], other[1])


def hidden(place: Place, unseen: Flags) -> Place:
    """The same places, less those that are not seen."""
    return np.where(unseen, NOWHERE, place[0]), np.where(unseen, NOWHERE, place[1])
