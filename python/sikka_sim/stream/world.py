"""Everything that a stream consists of, at its beginning."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from sikka_sim.stream.almanac import Almanac
from sikka_sim.stream.amounts import Amounts
from sikka_sim.stream.draws import Draws
from sikka_sim.stream.geography import Geography
from sikka_sim.stream.holdings import Holdings
from sikka_sim.stream.market import Market
from sikka_sim.stream.network import Network
from sikka_sim.stream.people import People
from sikka_sim.stream.schema import Parameters
from sikka_sim.stream.trips import Trips

PARTS = 5


@dataclass(frozen=True, slots=True)
class World:
    """The parts of a stream, which the days change."""

    parameters: Parameters
    almanac: Almanac
    geography: Geography
    people: People
    trips: Trips
    market: Market
    amounts: Amounts
    holdings: Holdings
    network: Network

    def kind_number(self, name: str) -> int:
        """The number of a kind of merchants."""
        return self.parameters.kind_names.index(name)


def new_world(
    parameters: Parameters,
    *,
    users: int,
    merchants: int,
    days: int,
    start: date,
    seed: np.random.SeedSequence,
) -> World:
    """Make people, merchants and what they hold.

    Args:
        parameters: from what numbers.
        users: how many people.
        merchants: how many merchants, or as many as each kind and town needs if that is more.
        days: how many days the stream has.
        start: the first of them.
        seed: each part is made from a child of its own, so that one part's size moves no other.
    """
    of_people, of_trips, of_market, of_holdings, of_network = map(Draws, seed.spawn(PARTS))
    almanac = Almanac(parameters, start, days)
    geography = Geography(parameters)
    people = People(parameters, geography, almanac, users, of_people)
    return World(
        parameters=parameters,
        almanac=almanac,
        geography=geography,
        people=people,
        trips=Trips(parameters, geography, almanac, people, of_trips),
        market=Market(parameters, geography, almanac, merchants, of_market),
        amounts=Amounts(parameters),
        holdings=Holdings(parameters, people, of_holdings),
        network=Network(parameters, people, len(geography), of_network),
    )
