"""What every kind of fraud works with: the world, a group of fraudsters, a day."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from sikka_sim.stream.almanac import DAY_MS
from sikka_sim.stream.draws import PPM, Draws, Integers
from sikka_sim.stream.frauds.rings import Ring
from sikka_sim.stream.geography import NOWHERE, Place, near
from sikka_sim.stream.habits import Habits, Today
from sikka_sim.stream.holdings import FIRST_CARD, NOBODY
from sikka_sim.stream.payments import Payments, payments_of
from sikka_sim.stream.world import World

MERCHANTS_OF_AN_EPISODE = 3


@dataclass(frozen=True, slots=True)
class Instrument:
    """An instrument that fraudsters hold; user and slot are NOBODY when an outsider lost it."""

    number: int
    user: int = NOBODY
    slot: int = NOBODY


@dataclass(slots=True)
class Loot:
    """What earlier frauds left for later ones: cards that were found to be valid."""

    cards: list[Instrument] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Episode:
    """What fraudsters did, before anybody noticed.

    Attributes:
        payments: all that is fraud.
        victim: the number of each payment's victim, from 0; victims report one by one.
        instruments: that of each victim, to be replaced once reported; empty if none is.
        beside: honest payments that belong to the same story.
    """

    payments: Payments
    victim: Integers
    instruments: list[Instrument] = field(default_factory=list)
    beside: Payments | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """An episode's surroundings.

    Attributes:
        world, habits, today: where and when it takes place.
        ring: who does it.
        draws: by chance.
        loot: of all groups.
    """

    world: World
    habits: Habits
    today: Today
    ring: Ring
    draws: Draws
    loot: Loot

    def begin_ms(self) -> int:
        """When the episode begins: careful groups keep the hours of honest people."""
        day_ms = self.world.almanac.day_ms(self.today.day)
        if self.ring.careful:
            anybody = self.draws.below(self.world.people.count, 1)
            kind = np.array([self.world.kind_number("small_seller")])
            return int(self.habits.times(anybody, kind, self.today, self.draws)[0])
        return day_ms + int(self.draws.below(DAY_MS, 1)[0])

    def victim(self, *, card: bool, gullible: bool = False) -> int:
        """A user who pays these days and has a card if one is needed; NOBODY if there is none."""
        people = self.world.people
        weights = people.weights(self.world.almanac, self.today.day)
        if card:
            weights = np.where(people.cards > 0, weights, 0)
        if gullible:
            weights = weights * people.gullibility_ppm // PPM
        totals = np.cumsum(weights)
        return int(self.draws.pick(totals, 1)[0]) if totals[-1] else NOBODY

    def instrument_of(self, user: int, *, card: bool) -> Instrument:
        """One of the user's cards or VPAs."""
        people = self.world.people
        held = int((people.cards if card else people.vpas)[user])
        slot = (FIRST_CARD if card else 0) + int(self.draws.below(held, 1)[0])
        return Instrument(int(self.world.holdings.instrument[user, slot]), user, slot)

    def merchants(
        self, kinds: dict[str, float], count: int, city: int
    ) -> tuple[Integers, Integers]:
        """Whom to pay: a few popular merchants of the kinds, with their kinds, for each payment."""
        few = min(1 + int(self.draws.below(MERCHANTS_OF_AN_EPISODE, 1)[0]), count)
        chosen = []
        for _ in range(few):
            kind = self.world.kind_number(self.draws.name(kinds))
            merchant = self.world.market.one_of(
                kind, city, self.today.day, self.draws, popular=True
            )
            chosen.append((merchant, kind))
        which = self.draws.below(few, count)
        pairs = np.array(chosen, np.int64)[which]
        return pairs[:, 0], pairs[:, 1]

    def amounts(
        self, merchant: Integers, kind: Integers, factor: tuple[float, float], *, card: bool
    ) -> Integers:
        """What honest people pay there, times a factor within the bounds, within the limits."""
        size, world = len(merchant), self.world
        level = np.full(size, PPM)
        known = merchant < world.market.count
        level[known] = world.market.level_ppm[merchant[known]]
        middling = np.full(size, PPM)
        factors = (level, self.draws.factor(factor, size))
        amount = world.amounts.usual(kind, (middling, middling), factors, self.draws)
        return world.amounts.limited(amount, kind, np.full(size, card))

    def seen_places(self, count: int, hidden_share: float, around: Place | None = None) -> Place:
        """One place for the whole episode, as it is seen: hidden, near the victim, or the base."""
        if self.draws.happens(hidden_share):
            return np.full(count, NOWHERE), np.full(count, NOWHERE)
        place = around if around is not None else self.ring.base
        return np.repeat(place[0], count), np.repeat(place[1], count)

    def town_of(self, user: int) -> Place:
        """A place in the town where a user lives, as arrays of one."""
        city = self.world.people.city[user : user + 1]
        return self.world.geography.points(city, self.draws)

    def device(self) -> int:
        """A device of the group, or one that nobody has seen, which the careful prefer."""
        rings = self.world.parameters.rings
        careful = self.ring.careful
        share = rings.careful_fresh_share if careful else rings.crude_fresh_share
        if self.draws.happens(share):
            return int(self.world.holdings.new_devices(1)[0])
        return int(self.ring.devices[int(self.draws.below(len(self.ring.devices), 1)[0])])

    def attack(
        self, time_ms: Integers, merchant: Integers, kind: Integers, **columns: Integers | int
    ) -> Payments:
        """Payments from the group's devices, whose addresses follow from the devices."""
        size, world = len(time_ms), self.world
        payments = payments_of(size, time_ms=time_ms, merchant=merchant, kind=kind, **columns)
        jitter_m = world.parameters.presence.jitter_m
        payments.latitude_e6, payments.longitude_e6 = near(payments.place, jitter_m, self.draws)
        if "ip" not in columns:
            ip = self.ring.addresses(world, payments.device, time_ms, self.draws)
            payments.ip = np.where(payments.device == NOBODY, NOBODY, ip)
        return payments
