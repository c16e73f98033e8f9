"""Many cards are tried with small amounts at one merchant, to find out which are valid."""

from __future__ import annotations

import numpy as np

from sikka_sim.stream.draws import Integers
from sikka_sim.stream.frauds.scene import Episode, Instrument, Scene
from sikka_sim.stream.geography import NOWHERE
from sikka_sim.stream.holdings import NOBODY
from sikka_sim.stream.schema import CardTesting

SECOND_MS = 1_000


def card_testing(scene: Scene, fraud: CardTesting) -> Episode:
    """An attack; each card is a victim of its own, and some are kept for later."""
    draws, careful = scene.draws, scene.ring.careful
    cards = _cards(scene, fraud)
    tries = 1 + draws.chance(fraud.again_share, len(cards))
    victim = np.repeat(np.arange(len(cards)), tries)
    count = len(victim)
    low, high = fraud.careful_gap_s if careful else fraud.crude_gap_s
    gaps = draws.between((low * SECOND_MS, high * SECOND_MS), count)
    time_ms = scene.begin_ms() + np.cumsum(gaps)
    kind = scene.world.kind_number(draws.name(fraud.kinds))
    merchant = scene.world.market.one_of(
        kind, scene.ring.city, scene.today.day, draws, popular=False
    )
    amount = draws.between(fraud.careful_minor if careful else fraud.crude_minor, count)
    kinds = np.full(count, kind)
    amount = scene.world.amounts.rounded(amount, kinds, draws)
    device = _devices(scene, fraud, count)
    latitude, longitude = _places(scene, fraud, device)
    payments = scene.attack(
        time_ms,
        np.full(count, merchant),
        kinds,
        amount_minor=amount,
        user=_accounts(scene, fraud, device),
        instrument=np.array([card.number for card in cards])[victim],
        device=device,
        latitude_e6=latitude,
        longitude_e6=longitude,
    )
    scene.loot.cards.extend(card for card in cards if card.user != NOBODY)
    return Episode(payments, victim, cards)


def _cards(scene: Scene, fraud: CardTesting) -> list[Instrument]:
    """Bought cards: mostly of people who never paid here."""
    draws, world = scene.draws, scene.world
    count = draws.skewed(fraud.cards)
    outsiders = draws.chance(fraud.outsider_share, count)
    numbers = world.holdings.new_instruments(count, card=True)
    cards = []
    for outsider, number in zip(outsiders, numbers, strict=True):
        victim = NOBODY if outsider else scene.victim(card=True)
        if victim == NOBODY:
            cards.append(Instrument(int(number)))
        else:
            cards.append(scene.instrument_of(victim, card=True))
    return list({card.number: card for card in cards}.values())


def _devices(scene: Scene, fraud: CardTesting, count: int) -> Integers:
    """One device, or, of the careful, another every few cards."""
    if not scene.ring.careful:
        return np.full(count, scene.device())
    runs = scene.draws.between(fraud.cards_per_device, count)
    which = np.repeat(np.arange(count), runs)[:count]
    return scene.world.holdings.new_devices(int(which[-1]) + 1)[which]


def _accounts(scene: Scene, fraud: CardTesting, device: Integers) -> Integers | int:
    """No account, or one a device."""
    if scene.draws.happens(fraud.guest_share):
        return NOBODY
    _, which = np.unique(device, return_inverse=True)
    return scene.world.people.new_strangers(int(which.max()) + 1)[which]


def _places(scene: Scene, fraud: CardTesting, device: Integers) -> tuple[Integers, Integers]:
    """Hidden, the group's base, or, of the careful, another town for each device."""
    count, draws, geography = len(device), scene.draws, scene.world.geography
    if draws.happens(fraud.hidden_place_share):
        return np.full(count, NOWHERE), np.full(count, NOWHERE)
    if not scene.ring.careful:
        return scene.ring.places(count)
    _, which = np.unique(device, return_inverse=True)
    towns = draws.pick(geography.totals, int(which.max()) + 1)
    latitude, longitude = geography.points(towns, draws)
    return latitude[which], longitude[which]
