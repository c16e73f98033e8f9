"""Whom people pay: merchants of every kind, in every town or online."""

from __future__ import annotations

import numpy as np

from sikka_sim.stream.almanac import Almanac
from sikka_sim.stream.draws import (
    WORD_BITS,
    Draws,
    Integers,
    cumulative,
    hashed,
    ppm_array,
    within,
)
from sikka_sim.stream.geography import NOWHERE, Geography, Place, distance
from sikka_sim.stream.schema import Parameters

POPULARITY = 1_000
"""The weight of a middling merchant."""
TOTAL_MAX = 1 << 30
"""The weights of all stay about below this, since `within` takes bounds below 2**31."""


def merchants_min(parameters: Parameters) -> int:
    """How many merchants there are at least: two of each kind, in each town if it has places."""
    towns = len(parameters.cities)
    return sum(2 if kind.online else 2 * towns for kind in parameters.kinds.values())


class Market:
    """The merchants of a stream, by number; those of a kind and town are neighbours in number.

    Attributes:
        count: how many there are at the beginning; accounts that are opened later come after.
        kind: the number of each one's kind.
        place: where each one is; those online are nowhere.
        level_ppm: how dear each one is.
        opens: the day of its first payment.
    """

    def __init__(
        self,
        parameters: Parameters,
        geography: Geography,
        almanac: Almanac,
        merchants: int,
        draws: Draws,
    ) -> None:
        kinds = list(parameters.kinds.values())
        self._online = np.array([kind.online for kind in kinds])
        self._nearby = parameters.market.nearby_choices
        self._favourites = np.array([kind.favourites for kind in kinds])
        self._loyalty = ppm_array(kind.loyalty for kind in kinds)
        towns = len(geography)
        group_kind = np.concatenate(
            [np.full(1 if kind.online else towns, number) for number, kind in enumerate(kinds)]
        )
        group_city = np.concatenate(
            [np.zeros(1, int) if kind.online else np.arange(towns) for kind in kinds]
        )
        sizes = _sizes(parameters, geography, group_kind, group_city, merchants, draws)
        self.count = int(sizes.sum())
        self._ends = np.cumsum(sizes)
        self._starts = self._ends - sizes
        self._group = np.zeros((len(kinds), towns), np.int64)
        for group, (kind, city) in enumerate(zip(group_kind, group_city, strict=True)):
            self._group[kind, slice(None) if kinds[kind].online else city] = group
        self.kind = np.repeat(group_kind, sizes)
        city = np.repeat(group_city, sizes)
        latitude, longitude = geography.points(city, draws)
        online = self._online[self.kind]
        self.place: Place = (
            np.where(online, NOWHERE, latitude),
            np.where(online, NOWHERE, longitude),
        )
        self.level_ppm = draws.lognormal(parameters.market.level_sigma, self.count)
        popularity = draws.lognormal(parameters.market.popularity_sigma, self.count) // POPULARITY
        crowd = int(popularity.sum()) // TOTAL_MAX + 1
        self._totals = np.cumsum(popularity // crowd + 1)
        late = draws.chance(parameters.market.opening_share, self.count)
        late[self._starts] = False
        self.opens = np.where(late, draws.below(almanac.days, self.count), 0)
        self._opened = 0

    def open_account(self) -> int:
        """The number of a merchant that has not been there before."""
        self._opened += 1
        return self.count + self._opened - 1

    def choose(
        self, user: Integers, kind: Integers, city: Integers, home: Place, day: int, draws: Draws
    ) -> Integers:
        """The merchant whom each user pays: a favourite, or any that is popular and near."""
        group = self._group[kind, city]
        base = np.where(self._starts[group] > 0, self._totals[self._starts[group] - 1], 0)
        span = self._totals[self._ends[group] - 1] - base
        loyal = draws.chance(self._loyalty[kind], len(user))
        favourites = self._favourites[kind]
        favourite = np.minimum(draws.below_each(favourites), draws.below_each(favourites))
        chosen = self._starts[group]
        nearest = np.full(len(user), np.iinfo(np.int64).max)
        for choice in range(self._nearby):
            known = hashed(user, kind, city, favourite, choice)
            point = within(np.where(loyal, known, draws.below(1 << WORD_BITS, len(user))), span)
            merchant = np.searchsorted(self._totals, base + point, side="right")
            place = (self.place[0][merchant], self.place[1][merchant])
            # Online, where nobody is near, the first choice is the last.
            far = np.where(self._online[kind], choice, distance(place, home))
            better = (self.opens[merchant] <= day) & (far < nearest)
            chosen = np.where(better, merchant, chosen)
            nearest = np.where(better, far, nearest)
        return chosen

    def one_of(self, kind: int, city: int, day: int, draws: Draws, *, popular: bool) -> int:
        """One merchant of a kind and town that is open: a popular one, or any."""
        group = self._group[kind, city]
        start, end = int(self._starts[group]), int(self._ends[group])
        if popular:
            base = int(self._totals[start - 1]) if start else 0
            point = base + int(draws.below(int(self._totals[end - 1]) - base, 1)[0])
            merchant = int(np.searchsorted(self._totals, point, side="right"))
        else:
            merchant = start + int(draws.below(end - start, 1)[0])
        return merchant if self.opens[merchant] <= day else start


def _sizes(
    parameters: Parameters,
    geography: Geography,
    group_kind: Integers,
    group_city: Integers,
    merchants: int,
    draws: Draws,
) -> Integers:
    """How many merchants each kind has in each town: two, and the others by weight."""
    sizes = np.full(len(group_kind), 2, np.int64)
    kinds = [kind.merchants for kind in parameters.kinds.values()]
    town = np.diff(geography.totals, prepend=0) / float(geography.totals[-1])
    online = [kind.online for kind in parameters.kinds.values()]
    weights = [
        kinds[kind] * (1.0 if online[kind] else float(town[city]))
        for kind, city in zip(group_kind, group_city, strict=True)
    ]
    rest = draws.pick(cumulative(weights), max(merchants - int(sizes.sum()), 0))
    return sizes + np.bincount(rest, minlength=len(sizes)).astype(np.int64)
