"""Victims are talked into paying an account, from their own devices, of their own will."""

from __future__ import annotations

import numpy as np

from sikka_sim.stream.almanac import DAY_MS, HOUR_MS
from sikka_sim.stream.draws import Integers, ppm, times_ppm
from sikka_sim.stream.frauds.scene import Episode, Scene
from sikka_sim.stream.habits import Wishes
from sikka_sim.stream.holdings import NOBODY
from sikka_sim.stream.payments import Payments, joined
from sikka_sim.stream.schema import MuleAccount, Scam

AGAIN_HOURS = 40


def mule_account(scene: Scene, fraud: MuleAccount) -> Episode:
    """An account and its victims."""
    draws, world = scene.draws, scene.world
    kind = world.kind_number("small_seller")
    if draws.happens(fraud.new_account_share):
        account = world.market.open_account()
    else:
        account = world.market.one_of(kind, scene.ring.city, scene.today.day, draws, popular=False)
    scam = fraud.scams[draws.name({name: scam.weight for name, scam in fraud.scams.items()})]
    victims = _victims(scene, fraud)
    if not len(victims):
        return Episode(joined([]), np.empty(0, np.int64))
    days = draws.skewed(fraud.days)
    payments, victim = _scammed(scene, fraud, scam, victims, account, days)
    circle = _circle(scene, fraud, account, len(payments), days)
    return Episode(payments, victim, beside=circle)


def _victims(scene: Scene, fraud: MuleAccount) -> Integers:
    count = scene.draws.skewed(fraud.victims)
    found = {scene.victim(card=False, gullible=True) for _ in range(count)} - {NOBODY}
    return np.array(sorted(found), np.int64)


def _scammed(
    scene: Scene, fraud: MuleAccount, scam: Scam, victims: Integers, account: int, days: int
) -> tuple[Payments, Integers]:
    draws, world = scene.draws, scene.world
    count = draws.between(fraud.payments_per_victim, len(victims))
    victim = np.repeat(np.arange(len(victims)), count)
    turn = np.arange(len(victim)) - np.repeat(np.cumsum(count) - count, count)
    user = victims[victim]
    kinds = np.full(len(victim), world.kind_number("small_seller"))
    first = scene.habits.times(victims, kinds[: len(victims)], scene.today, draws)
    first = first + draws.below(days, len(victims)) * DAY_MS
    later = draws.below(AGAIN_HOURS * HOUR_MS, len(victim))
    time_ms = first[victim] + turn * (HOUR_MS // 4) + np.where(turn > 0, later, 0)
    base = times_ppm(
        np.full(len(victims), scam.median_minor),
        draws.lognormal(scam.sigma, len(victims)),
        world.people.wealth_half_ppm[victims],
    )[victim]
    growth = np.array([ppm(scam.growth**step) for step in range(int(turn.max()) + 1)])
    amount = world.amounts.rounded(times_ppm(base, growth[turn]), kinds, draws)
    wishes = Wishes(
        user,
        kinds,
        time_ms=time_ms,
        merchant=np.full(len(victim), account),
        amount_minor=amount,
    )
    return scene.habits.pay(wishes, scene.today, draws), victim


def _circle(scene: Scene, fraud: MuleAccount, account: int, paid: int, days: int) -> Payments:
    """What friends and customers of the account's holder pay besides."""
    draws, world = scene.draws, scene.world
    count = int(draws.below(2 * ppm(fraud.honest_share) * paid + 1, 1)[0]) // ppm(1.0)
    if not count:
        return joined([])
    user = np.array([scene.victim(card=False) for _ in range(count)])
    kinds = np.full(count, world.kind_number("small_seller"))
    time_ms = scene.habits.times(user, kinds, scene.today, draws)
    time_ms = time_ms + draws.below(days, count) * DAY_MS
    wishes = Wishes(user, kinds, time_ms=time_ms, merchant=np.full(count, account))
    return scene.habits.pay(wishes, scene.today, draws)
