"""Small amounts over weeks, from stored cards or by subscriptions that nobody ordered."""

from __future__ import annotations

import numpy as np

from sikka_sim.stream.almanac import DAY_MS, HOUR_MS
from sikka_sim.stream.draws import Integers
from sikka_sim.stream.frauds.scene import Episode, Scene
from sikka_sim.stream.geography import NOWHERE
from sikka_sim.stream.holdings import NOBODY
from sikka_sim.stream.payments import joined
from sikka_sim.stream.schema import SlowDrip

AROUND_HOURS = 5


class SlowDrips:
    """Remembers the merchants that were made for it, each of which has several victims."""

    def __init__(self) -> None:
        self._fronts: list[tuple[int, int, int]] = []

    def __call__(self, scene: Scene, fraud: SlowDrip) -> Episode:
        """One victim, until it is noticed."""
        draws = scene.draws
        victim = scene.victim(card=False)
        if victim == NOBODY:
            return Episode(joined([]), np.empty(0, np.int64))
        card = bool(scene.world.people.cards[victim]) and draws.happens(fraud.card_share)
        instrument = scene.instrument_of(victim, card=card)
        count = int(draws.between(fraud.payments, 1)[0])
        merchant, kind = self._merchant(scene, fraud)
        gaps = draws.between(fraud.gap_days, count) * DAY_MS
        around = draws.below(AROUND_HOURS * HOUR_MS, count)
        time_ms = np.sort(scene.begin_ms() + np.cumsum(gaps) - gaps[0] + around)
        payments = scene.attack(
            time_ms,
            np.full(count, merchant),
            np.full(count, kind),
            amount_minor=_amounts(fraud, count, scene),
            instrument=instrument.number,
            **_guise(scene, fraud, victim, time_ms),
        )
        return Episode(payments, np.zeros(count, np.int64), [instrument])

    def _merchant(self, scene: Scene, fraud: SlowDrip) -> tuple[int, int]:
        """A front that takes a few victims, or an honest merchant; with its kind."""
        draws = scene.draws
        if not draws.happens(fraud.front_share):
            kind = scene.world.kind_number(draws.name(fraud.kinds))
            today, city = scene.today.day, scene.ring.city
            return scene.world.market.one_of(kind, city, today, draws, popular=True), kind
        if not self._fronts:
            kind = scene.world.kind_number(draws.name(fraud.kinds))
            self._fronts.append((scene.world.market.open_account(), kind, fraud.victims_per_front))
        merchant, kind, left = self._fronts.pop()
        if left > 1:
            self._fronts.append((merchant, kind, left - 1))
        return merchant, kind


def _amounts(fraud: SlowDrip, count: int, scene: Scene) -> Integers:
    """One price all along, or, by the careful, changing ones."""
    menu = np.array(fraud.menu_minor)
    chosen = scene.draws.below(len(menu), count)
    return menu[chosen] if scene.ring.careful else np.full(count, menu[chosen[0]])


def _guise(
    scene: Scene, fraud: SlowDrip, victim: int, time_ms: Integers
) -> dict[str, Integers | int]:
    """Started by the merchant, on the victim's own device by a trick, or from the group's."""
    draws, world, count = scene.draws, scene.world, len(time_ms)
    guise = draws.name({str(name): weight for name, weight in fraud.guises.items()})
    if guise == "merchant_started":
        return {"user": victim, "device": NOBODY, "ip": NOBODY}
    if guise == "own_device":
        user = np.full(count, victim)
        return {
            "user": victim,
            "device": int(world.holdings.device[victim, 0]),
            "ip": world.network.of_users(user, world.people.city[user], time_ms),
            "latitude_e6": world.people.home[0][user],
            "longitude_e6": world.people.home[1][user],
        }
    latitude, longitude = scene.seen_places(count, fraud.hidden_place_share)
    hidden = bool(latitude[0] == NOWHERE)
    return {
        "user": NOBODY if hidden else victim,
        "device": scene.device(),
        "latitude_e6": latitude,
        "longitude_e6": longitude,
    }
