"""Someone else pays from an account: after a SIM swap, or through the victim's own phone."""

from __future__ import annotations

import numpy as np

from sikka_sim.stream.almanac import HOUR_MS, MINUTE_MS
from sikka_sim.stream.draws import PPM, Integers, times_ppm
from sikka_sim.stream.frauds.scene import Episode, Instrument, Scene
from sikka_sim.stream.geography import near
from sikka_sim.stream.holdings import NOBODY
from sikka_sim.stream.payments import joined
from sikka_sim.stream.schema import AccountTakeover

PROBE_MINOR = (100, 5_000)
NEAR_M = 3_000


def account_takeover(scene: Scene, fraud: AccountTakeover) -> Episode:
    """One account, drained in a burst or, by the careful, in a few plausible payments."""
    draws = scene.draws
    victim = scene.victim(card=False, gullible=True)
    if victim == NOBODY:
        return Episode(joined([]), np.empty(0, np.int64))
    card = bool(scene.world.people.cards[victim]) and draws.happens(fraud.card_share)
    instrument = scene.instrument_of(victim, card=card)
    time_ms = _times(scene, fraud)
    count = len(time_ms)
    merchant, kind = scene.merchants(fraud.kinds, count, scene.ring.city)
    amount = _amounts(scene, fraud, merchant, kind, instrument, victim)
    device, columns = _device_and_place(scene, fraud, victim, time_ms)
    payments = scene.attack(
        time_ms,
        merchant,
        kind,
        amount_minor=amount,
        user=victim,
        instrument=instrument.number,
        device=device,
        **columns,
    )
    return Episode(payments, np.zeros(count, np.int64), [instrument])


def _times(scene: Scene, fraud: AccountTakeover) -> Integers:
    draws, begin = scene.draws, scene.begin_ms()
    if scene.ring.careful:
        count = int(draws.between(fraud.careful_payments, 1)[0])
        length = round(fraud.careful_hours * HOUR_MS)
    else:
        count = int(draws.between(fraud.crude_payments, 1)[0])
        length = int(draws.between(fraud.crude_minutes, 1)[0]) * MINUTE_MS
    return np.sort(begin + draws.below(length, count))


def _amounts(
    scene: Scene,
    fraud: AccountTakeover,
    merchant: Integers,
    kind: Integers,
    instrument: Instrument,
    victim: int,
) -> Integers:
    """A share of what is left each time; the careful take what people pay there, but more."""
    draws, world, count = scene.draws, scene.world, len(merchant)
    card = bool(instrument.number & 1)
    if scene.ring.careful:
        return scene.amounts(merchant, kind, fraud.careful_factor, card=card)
    balance = int(
        times_ppm(
            np.array([fraud.balance_minor_median]),
            draws.lognormal(fraud.balance_sigma, 1),
            world.people.wealth_ppm[victim : victim + 1],
        )[0]
    )
    amounts = []
    for share in draws.factor(fraud.taken_share, count):
        amounts.append(balance * int(share) // PPM)
        balance -= amounts[-1]
    taken = np.array(amounts, np.int64)
    if count > 1 and draws.happens(fraud.probe_share):
        taken[0] = int(draws.between(PROBE_MINOR, 1)[0])
    taken = world.amounts.rounded(taken, kind, draws)
    return world.amounts.limited(taken, kind, np.full(count, card))


def _device_and_place(
    scene: Scene, fraud: AccountTakeover, victim: int, time_ms: Integers
) -> tuple[int, dict[str, Integers | int]]:
    draws, world, count = scene.draws, scene.world, len(time_ms)
    if draws.happens(fraud.remote_share):
        user = np.full(count, victim)
        bed = scene.today.bed[0][user], scene.today.bed[1][user]
        ip = world.network.of_users(user, scene.today.city[user], time_ms)
        columns: dict[str, Integers | int] = {
            "latitude_e6": bed[0],
            "longitude_e6": bed[1],
            "ip": ip,
        }
        return int(world.holdings.device[victim, 0]), columns
    place = None
    if draws.happens(fraud.near_share):
        home = world.people.home[0][victim : victim + 1], world.people.home[1][victim : victim + 1]
        place = near(home, NEAR_M, draws)
    latitude, longitude = scene.seen_places(count, fraud.hidden_place_share, place)
    return scene.device(), {"latitude_e6": latitude, "longitude_e6": longitude}
