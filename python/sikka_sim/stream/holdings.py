"""Devices and instruments, and how people come by others."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from sikka_sim.stream.draws import PPM, Draws, Flags, Integers
from sikka_sim.stream.people import People
from sikka_sim.stream.schema import Parameters

NOBODY = -1
"""Stands for an entity that a payment does not have."""

DEVICES = 2
VPA_SLOTS, CARD_SLOTS = 2, 2
FIRST_CARD = VPA_SLOTS
SLOTS = VPA_SLOTS + CARD_SLOTS


class Holdings:
    """What each user pays with today; numbers say nothing of who holds what.

    Everything ever held in a stream, by honest people and by fraudsters, is numbered from one
    counter a kind. An instrument's number is odd when it is a card.

    Attributes:
        device: the first and second device of each user, (users, 2).
        has_second: who has a second one.
        shared_device: the device that each user's household shares, NOBODY if it has none.
        instrument: two VPAs and two cards of each user, (users, 4).
    """

    def __init__(self, parameters: Parameters, people: People, draws: Draws) -> None:
        self._parameters = parameters.holdings
        self._people = people
        self._devices = self._instruments = 0
        self._due: dict[int, list[tuple[int, int]]] = defaultdict(list)
        users = people.count
        self.device = self.new_devices(users * DEVICES).reshape(users, DEVICES)
        self.has_second = draws.chance(self._parameters.second_device_share, users)
        households = int(people.household[-1]) + 1
        members = np.bincount(people.household, minlength=households)
        shares = draws.chance(self._parameters.shared_device_share, households) & (members > 1)
        shared = np.where(shares, self.new_devices(households), NOBODY)
        self.shared_device: Integers = shared[people.household]
        self.instrument: Integers = np.empty((users, SLOTS), np.int64)
        for slot in range(SLOTS):
            self.instrument[:, slot] = self.new_instruments(users, card=slot >= FIRST_CARD)

    def new_devices(self, count: int) -> Integers:
        """Numbers of devices that nobody has used before."""
        self._devices += count
        return np.arange(self._devices - count, self._devices)

    def new_instruments(self, count: int, *, card: bool) -> Integers:
        """Numbers of cards or VPAs that nobody has used before."""
        self._instruments += count
        return np.arange(self._instruments - count, self._instruments) * 2 + card

    def replace_on(self, day: int, user: int, slot: int) -> None:
        """Let a user have another instrument from a day on, as after a fraud."""
        self._due[day].append((user, slot))

    def start_day(self, day: int, draws: Draws) -> None:
        """Let phones, VPAs and cards change: now and then, and where fraud became known."""
        for user, slot in self._due.pop(day, ()):
            card = slot >= FIRST_CARD
            self.instrument[user, slot] = self.new_instruments(1, card=card)[0]
        self._change_devices(draws)
        for slot in range(SLOTS):
            card = slot >= FIRST_CARD
            days = self._parameters.card_life_days if card else self._parameters.vpa_life_days
            changing = self._ending(days, draws)
            self.instrument[changing, slot] = self.new_instruments(len(changing), card=card)

    def _change_devices(self, draws: Draws) -> None:
        changing = self._ending(self._parameters.device_life_days, draws)
        old = self.device[changing, 0].copy()
        self.device[changing, 0] = self.new_devices(len(changing))
        # Somebody else of the household, if there is anybody, goes on with the old phone.
        heir = np.minimum(changing + 1, self._people.count - 1)
        household = self._people.household
        inherits = draws.chance(self._parameters.handed_on_share, len(changing))
        inherits &= (heir != changing) & (household[heir] == household[changing])
        self.device[heir[inherits], 0] = old[inherits]

    def _ending(self, life_days: float, draws: Draws) -> Integers:
        changing = draws.below(round(life_days * PPM), self._people.count) < PPM
        return np.flatnonzero(changing)

    def used(self, user: Integers, pays_by_card: Flags, draws: Draws) -> tuple[Integers, Integers]:
        """The instrument that each user pays with, and its slot; who has no card pays by VPA."""
        parameters, size = self._parameters, len(user)
        card = pays_by_card & (self._people.cards[user] > 0)
        second_card = draws.chance(parameters.second_card_use, size)
        second_vpa = draws.chance(parameters.second_vpa_use, size)
        second = np.where(
            card,
            second_card & (self._people.cards[user] > 1),
            second_vpa & (self._people.vpas[user] > 1),
        )
        slot = np.where(card, FIRST_CARD, 0) + second
        return self.instrument[user, slot], slot

    def devices_used(self, user: Integers, online: Flags, draws: Draws) -> Integers:
        """The device that each user pays from: mostly the phone."""
        size = len(user)
        second = draws.chance(self._parameters.second_device_use, size)
        shared = draws.chance(self._parameters.shared_device_use, size)
        device = np.where(
            online & second & self.has_second[user], self.device[user, 1], self.device[user, 0]
        )
        family = online & shared & (self.shared_device[user] != NOBODY)
        return np.where(family, self.shared_device[user], device)


def is_card(instrument: Integers) -> Flags:
    """Whether instruments are cards."""
    cards: Flags = (instrument & 1).astype(bool)
    return cards
