"""A merchant takes payments for nothing from accomplices, to turn credit or loot into money."""

from __future__ import annotations

import numpy as np

from sikka_sim.stream.almanac import DAY_MS
from sikka_sim.stream.draws import Integers
from sikka_sim.stream.frauds.scene import Episode, Scene
from sikka_sim.stream.geography import NOWHERE
from sikka_sim.stream.holdings import DEVICES, NOBODY
from sikka_sim.stream.schema import MerchantCollusion


def merchant_collusion(scene: Scene, fraud: MerchantCollusion) -> Episode:
    """The merchant and its accomplices over weeks; it is found as a whole or not at all."""
    draws, world, careful = scene.draws, scene.world, scene.ring.careful
    kind = world.kind_number(draws.name(fraud.kinds))
    merchant = world.market.one_of(kind, scene.ring.city, scene.today.day, draws, popular=False)
    people = draws.skewed(fraud.accomplices)
    count = draws.between(fraud.payments_per_accomplice, people)
    who = np.repeat(np.arange(people), count)
    size = len(who)
    user, instrument, device = _accomplices(scene, fraud, people)
    days = draws.skewed(fraud.days)
    kinds, merchants = np.full(size, kind), np.full(size, merchant)
    time_ms = _times(scene, size, kinds) + draws.below(days, size) * DAY_MS
    amount = _amounts(scene, fraud, merchants, kinds, instrument[who])
    place = world.market.place
    in_shop = place[0][merchant] != NOWHERE and careful
    latitude, longitude = (
        (np.full(size, place[0][merchant]), np.full(size, place[1][merchant]))
        if in_shop
        else scene.seen_places(size, fraud.hidden_place_share)
    )
    payments = scene.attack(
        time_ms,
        merchants,
        kinds,
        amount_minor=amount,
        user=user[who],
        instrument=instrument[who],
        device=device[who],
        latitude_e6=latitude,
        longitude_e6=longitude,
    )
    return Episode(payments, np.zeros(size, np.int64))


def _times(scene: Scene, size: int, kinds: Integers) -> Integers:
    if scene.ring.careful:
        anybody = scene.draws.below(scene.world.people.count, size)
        return scene.habits.times(anybody, kinds, scene.today, scene.draws)
    day_ms = scene.world.almanac.day_ms(scene.today.day)
    return day_ms + scene.draws.below(DAY_MS, size)


def _accomplices(
    scene: Scene, fraud: MerchantCollusion, people: int
) -> tuple[Integers, Integers, Integers]:
    """User, instrument and device of each: strangers, or users who lend what they have."""
    draws, world = scene.draws, scene.world
    strangers = draws.chance(fraud.stranger_share, people)
    user, instrument = np.empty(people, np.int64), np.empty(people, np.int64)
    own = np.empty(people, np.int64)
    fresh = world.holdings.new_devices(people)
    for place, stranger in enumerate(strangers):
        card = draws.happens(fraud.card_share)
        known = NOBODY if stranger else scene.victim(card=card)
        if known == NOBODY:
            user[place] = world.people.new_strangers(1)[0]
            instrument[place] = world.holdings.new_instruments(1, card=card)[0]
            own[place] = fresh[place]
        else:
            user[place] = known
            instrument[place] = scene.instrument_of(known, card=card).number
            second = bool(world.holdings.has_second[known]) and draws.happens(1 / DEVICES)
            own[place] = world.holdings.device[known, int(second)]
    if scene.ring.careful:
        return user, instrument, own
    shared = world.holdings.new_devices(draws.skewed(fraud.shared_devices))
    return user, instrument, shared[draws.below(len(shared), people)]


def _amounts(
    scene: Scene,
    fraud: MerchantCollusion,
    merchants: Integers,
    kinds: Integers,
    instrument: Integers,
) -> Integers:
    factor = fraud.careful_factor if scene.ring.careful else fraud.crude_factor
    amount = scene.amounts(merchants, kinds, factor, card=True)
    return scene.world.amounts.limited(amount, kinds, (instrument & 1).astype(bool))
