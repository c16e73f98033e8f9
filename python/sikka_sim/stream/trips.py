"""Days away from home."""

from __future__ import annotations

import numpy as np

from sikka_sim.stream.almanac import Almanac
from sikka_sim.stream.draws import PPM, Draws, Integers, cumulative, ppm
from sikka_sim.stream.geography import Geography, Place
from sikka_sim.stream.people import People
from sikka_sim.stream.schema import Parameters

MONTH_DAYS = 30


class Trips:
    """Who is where on which day.

    Every trip of the stream is planned at its beginning; a day then looks up the few that are on.
    """

    def __init__(
        self,
        parameters: Parameters,
        geography: Geography,
        almanac: Almanac,
        people: People,
        draws: Draws,
    ) -> None:
        self._geography, self._people = geography, people
        rate = ppm(parameters.travel.trips_per_user_month)
        count = people.count * almanac.days * rate // (PPM * MONTH_DAYS)
        # Who is richer travels more.
        self._user = draws.pick(np.cumsum(people.wealth_half_ppm), count)
        self._first = draws.below(almanac.days, count)
        self._last = self._first + draws.pick(cumulative(parameters.travel.days_weights), count)
        self._city = draws.pick(geography.totals, count)

    def cities(self, day: int) -> tuple[Integers, Place]:
        """The town where each user is on a day, and where in it each one sleeps."""
        city = self._people.city.copy()
        latitude, longitude = (part.copy() for part in self._people.home)
        on = np.flatnonzero((self._first <= day) & (day <= self._last))
        # The later of two trips at a time is dropped, whichever way they are written.
        user, first = np.unique(self._user[on], return_index=True)
        trip = on[first]
        away = self._city[trip] != self._people.city[user]
        user, trip = user[away], trip[away]
        city[user] = self._city[trip]
        bed = self._geography.fixed_points(self._city[trip], trip)
        latitude[user], longitude[user] = bed
        return city, (latitude, longitude)
