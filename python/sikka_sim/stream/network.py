"""IP addresses: a carrier's, which many share, and those of lines at home.

An address is a number of 24 bits. The addresses of carriers, homes and proxies are spread over
all of them alike, so that the number says nothing.
"""

from __future__ import annotations

import numpy as np

from sikka_sim.stream.almanac import DAY_MS, HOUR_MS
from sikka_sim.stream.draws import WORD_BITS, Draws, Integers, cumulative, hashed, within
from sikka_sim.stream.people import People
from sikka_sim.stream.schema import Parameters

ADDRESS_BITS = 24
MOBILE, LINE = 1, 2
POOL_MIN = 2


class Network:
    """Which address a payment comes from.

    Attributes:
        has_line: who has a line at home.
    """

    def __init__(self, parameters: Parameters, people: People, towns: int, draws: Draws) -> None:
        network = parameters.network
        self._people = people
        self._hours, self._lease_days = network.address_hours, network.lease_days
        self.wifi_use = network.wifi_use
        self._carriers = len(network.carrier_weights)
        self._totals = cumulative(network.carrier_weights)
        self.carrier = draws.pick(self._totals, people.count)
        households = int(people.household[-1]) + 1
        self.has_line = draws.chance(network.wifi_share, households)[people.household]
        in_pool = np.bincount(
            people.city * self._carriers + self.carrier, minlength=towns * self._carriers
        )
        self._pool = np.maximum((in_pool / network.users_per_address).astype(np.int64), POOL_MIN)

    def mobile(
        self, who: Integers, carrier: Integers, city: Integers, time_ms: Integers
    ) -> Integers:
        """Addresses of phones: one of the carrier's in the town, another every few hours."""
        pool = city * self._carriers + carrier
        period = time_ms // (HOUR_MS * self._hours)
        place = within(hashed(who, period), self._pool[pool])
        return _address(hashed(MOBILE, pool, place))

    def of_users(self, user: Integers, city: Integers, time_ms: Integers) -> Integers:
        """Addresses of users' phones."""
        return self.mobile(user, self.carrier[user], city, time_ms)

    def lines(self, user: Integers, time_ms: Integers) -> Integers:
        """Addresses of users' lines at home, which change with the lease."""
        household = self._people.household[user]
        lease = (time_ms // DAY_MS + household) // self._lease_days
        return _address(hashed(LINE, household, lease))

    def carriers(self, count: int, draws: Draws) -> Integers:
        """Carriers by their share, for who is not a user."""
        return draws.pick(self._totals, count)


def _address(words: Integers) -> Integers:
    address: Integers = words >> (WORD_BITS - ADDRESS_BITS)
    return address
