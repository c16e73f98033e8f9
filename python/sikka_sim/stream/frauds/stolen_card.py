"""Someone else pays with a card: online with its number, or at a terminal with the card itself."""

from __future__ import annotations

import numpy as np

from sikka_sim.stream.almanac import HOUR_MS
from sikka_sim.stream.frauds.scene import Episode, Instrument, Scene
from sikka_sim.stream.geography import NOWHERE
from sikka_sim.stream.holdings import NOBODY
from sikka_sim.stream.payments import Payments
from sikka_sim.stream.schema import StolenCard

TERMINAL_HOURS = 6


def stolen_card(scene: Scene, fraud: StolenCard) -> Episode:
    """One card, until its holder notices."""
    draws = scene.draws
    card = _card(scene, fraud)
    count = draws.skewed(fraud.payments)
    if card.user != NOBODY and draws.happens(fraud.at_terminal_share):
        payments = _at_terminal(scene, fraud, card, count)
    else:
        payments = _online(scene, fraud, card, count)
    return Episode(payments, np.zeros(count, np.int64), [card])


def _card(scene: Scene, fraud: StolenCard) -> Instrument:
    """A tested card if there is one, a user's, or one of somebody who never paid here."""
    draws, cards = scene.draws, scene.loot.cards
    if cards and draws.happens(fraud.tested_share):
        return cards.pop(int(draws.below(len(cards), 1)[0]))
    victim = scene.victim(card=True)
    if victim == NOBODY or draws.happens(fraud.outsider_share):
        return Instrument(int(scene.world.holdings.new_instruments(1, card=True)[0]))
    return scene.instrument_of(victim, card=True)


def _online(scene: Scene, fraud: StolenCard, card: Instrument, count: int) -> Payments:
    draws, careful = scene.draws, scene.ring.careful
    hours = fraud.careful_hours if careful else fraud.crude_hours
    time_ms = np.sort(scene.begin_ms() + draws.below(round(hours * HOUR_MS), count))
    merchant, kind = scene.merchants(fraud.kinds, count, scene.ring.city)
    factor = fraud.careful_factor if careful else fraud.crude_factor
    near = scene.town_of(card.user) if careful and card.user != NOBODY else None
    latitude, longitude = scene.seen_places(count, fraud.hidden_place_share, near)
    return scene.attack(
        time_ms,
        merchant,
        kind,
        amount_minor=scene.amounts(merchant, kind, factor, card=True),
        user=_account(scene, fraud, card),
        instrument=card.number,
        device=scene.device(),
        latitude_e6=latitude,
        longitude_e6=longitude,
    )


def _account(scene: Scene, fraud: StolenCard, card: Instrument) -> int:
    """Under which account: the victim's, none, or one opened for it."""
    if card.user != NOBODY and scene.draws.happens(fraud.victim_account_share):
        return card.user
    if scene.draws.happens(fraud.guest_share):
        return NOBODY
    return int(scene.world.people.new_strangers(1)[0])


def _at_terminal(scene: Scene, fraud: StolenCard, card: Instrument, count: int) -> Payments:
    draws, world = scene.draws, scene.world
    # Shops are open by day, whoever pays.
    user = np.full(count, card.user)
    city = int(world.people.city[card.user])
    pairs = [scene.merchants(fraud.terminal_kinds, 1, city) for _ in range(count)]
    merchant = np.concatenate([pair[0] for pair in pairs])
    kind = np.concatenate([pair[1] for pair in pairs])
    time_ms = scene.habits.times(user, kind, scene.today, draws)
    time_ms = np.sort(time_ms + draws.below(TERMINAL_HOURS * HOUR_MS, count))
    amount = scene.amounts(merchant, kind, fraud.careful_factor, card=True)
    amount = np.minimum(amount, world.parameters.limits.contactless_minor_max)
    missing = draws.chance(world.parameters.presence.card_present_missing_share, count)
    known = ~draws.chance(world.parameters.presence.walk_in_share, count)
    place = world.market.place[0][merchant], world.market.place[1][merchant]
    return scene.attack(
        time_ms,
        merchant,
        kind,
        amount_minor=amount,
        user=np.where(known, card.user, NOBODY),
        instrument=card.number,
        device=NOBODY,
        latitude_e6=np.where(missing, NOWHERE, place[0]),
        longitude_e6=np.where(missing, NOWHERE, place[1]),
    )
