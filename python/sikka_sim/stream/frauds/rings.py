"""Groups of fraudsters, their devices and their addresses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sikka_sim.stream.draws import Draws, Integers
from sikka_sim.stream.geography import Place
from sikka_sim.stream.world import World


@dataclass(frozen=True, slots=True)
class Ring:
    """A group of fraudsters.

    Attributes:
        city: the town from which it works.
        base: the place there, as arrays of one.
        carrier: of its phones.
        devices: the numbers of the devices that it keeps.
        proxies: whether it goes through other people's lines.
        careful: whether it imitates honest people.
        last_day: of its work.
    """

    city: int
    base: Place
    carrier: int
    devices: Integers
    proxies: bool
    careful: bool
    last_day: int

    def places(self, count: int) -> Place:
        """Its base, as many times."""
        return np.repeat(self.base[0], count), np.repeat(self.base[1], count)

    def addresses(self, world: World, who: Integers, time_ms: Integers, draws: Draws) -> Integers:
        """Where payments come from: one address for each of `who` and some hours."""
        if self.proxies:
            # The same line serves all payments of one device within an episode.
            distinct, place = np.unique(who, return_inverse=True)
            through = draws.below(world.people.count, len(distinct))[place]
            return world.network.lines(through, time_ms)
        size = len(who)
        return world.network.mobile(
            who, np.full(size, self.carrier), np.full(size, self.city), time_ms
        )


class Rings:
    """The groups that are at work, for as long as each lasts.

    Arguments:
        world: in which they work.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._parameters = world.parameters.rings
        self._active: list[Ring] = []

    def one(self, day: int, draws: Draws) -> Ring:
        """A group that was seen before or a new one."""
        self._active = [ring for ring in self._active if ring.last_day >= day]
        if self._active and draws.happens(self._parameters.reuse_share):
            return self._active[int(draws.below(len(self._active), 1)[0])]
        ring = self._new(day, draws)
        self._active.append(ring)
        return ring

    def _new(self, day: int, draws: Draws) -> Ring:
        world, parameters = self._world, self._parameters
        city = world.geography.numbers[draws.name(parameters.cities)]
        return Ring(
            city=city,
            base=world.geography.points(np.array([city]), draws),
            carrier=int(world.network.carriers(1, draws)[0]),
            devices=world.holdings.new_devices(draws.skewed(parameters.devices)),
            proxies=draws.happens(parameters.proxy_share),
            careful=draws.happens(parameters.careful_share),
            last_day=day + int(draws.between(parameters.life_days, 1)[0]),
        )
