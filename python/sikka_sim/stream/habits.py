"""What honest people pay on a day, and how."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sikka_sim.stream.almanac import DAY_MS, HOUR_MS
from sikka_sim.stream.draws import PPM, Draws, Flags, Integers, cumulative, ppm_array, times_ppm
from sikka_sim.stream.geography import Place, hidden, near, where
from sikka_sim.stream.holdings import NOBODY, is_card
from sikka_sim.stream.payments import Payments, payments_of
from sikka_sim.stream.world import World

DAY_HOURS = 24
OFFICE_HOURS = (10, 18)
CARD_AMOUNT_MINOR = 400_000
"""From half of this on, cards are used more than for small amounts, up to three times as much."""
CARD_FACTOR_MAX = 3


@dataclass(frozen=True, slots=True)
class Wishes:
    """Who wants to pay what kind of merchant; what is None follows from habit.

    Attributes:
        user, kind: the numbers of both.
        time_ms, merchant, amount_minor: chosen already.
        factor_ppm: of the amount.
    """

    user: Integers
    kind: Integers
    time_ms: Integers | None = None
    merchant: Integers | None = None
    amount_minor: Integers | None = None
    factor_ppm: Integers | None = None


@dataclass(frozen=True, slots=True)
class Today:
    """A day: its number, and where everybody is on it."""

    day: int
    city: Integers
    bed: Place


class Habits:
    """Lets people pay as they use to.

    Arguments:
        world: whose people.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        kinds = list(world.parameters.kinds.values())
        names = world.parameters.kind_names
        profiles = list(world.parameters.hours)
        self._online = np.array([kind.online for kind in kinds])
        self._card = ppm_array(kind.card_share for kind in kinds)
        self._mandate = ppm_array(kind.mandate_share for kind in kinds)
        self._profile = np.array([profiles.index(kind.hours) for kind in kinds])
        self._hours = np.stack(
            [cumulative(hours.weights) for hours in world.parameters.hours.values()]
        )
        travel = world.parameters.travel
        self._away_kinds = ppm_array(travel.kinds.get(name, 1.0) for name in names)

    def today(self, day: int) -> Today:
        """Where everybody is on a day."""
        city, bed = self._world.trips.cities(day)
        return Today(day, city, bed)

    def payers(self, today: Today, draws: Draws) -> Integers:
        """Who pays on a day, once a payment."""
        people, almanac = self._world.people, self._world.almanac
        weights = people.weights(almanac, today.day)
        away = today.city != people.city
        travel = round(self._world.parameters.travel.activity * PPM)
        weights = np.where(away, times_ppm(weights, travel), weights)
        totals = np.cumsum(weights)
        noise = self._world.parameters.population.day_noise
        day_factor = int(draws.factor((1.0 - noise, 1.0 + noise), 1)[0])
        count = int(totals[-1]) * day_factor // PPM // PPM
        return draws.pick(totals, count) if count else np.empty(0, np.int64)

    def kinds(self, user: Integers, today: Today, draws: Draws) -> Integers:
        """What kind of merchant each user pays."""
        people = self._world.people
        wanted = self._world.almanac.kinds_ppm[today.day][people.pay_class[user]]
        weights = times_ppm(people.taste_ppm[user].astype(np.int64), wanted)
        away = (today.city != people.city)[user]
        weights = np.where(away[:, np.newaxis], times_ppm(weights, self._away_kinds), weights)
        totals = np.cumsum(weights, axis=1) + np.arange(1, weights.shape[1] + 1)
        # Weights of a row stay below 2**31 after this; only their ratios matter.
        totals = totals // (int(totals.max()) // (1 << 30) + 1)
        drawn = draws.below_each(np.maximum(totals[:, -1], 1))
        # Rounding may leave the last total at or below what was drawn.
        passed = (totals <= drawn[:, np.newaxis]).sum(axis=1)
        chosen: Integers = np.minimum(passed, weights.shape[1] - 1)
        return chosen

    def times(self, user: Integers, kind: Integers, today: Today, draws: Draws) -> Integers:
        """At what time of the day, in milliseconds since 1970."""
        totals = self._hours[self._profile[kind]]
        drawn = draws.below_each(totals[:, -1])
        hour = (totals <= drawn[:, np.newaxis]).sum(axis=1)
        shift = np.where(self._online[kind], self._world.people.hours_shift[user], 0)
        hour = (hour + shift) % DAY_HOURS
        begin = self._world.almanac.day_ms(today.day)
        time_ms: Integers = begin + hour * HOUR_MS + draws.below(HOUR_MS, len(user))
        return time_ms

    def pay(self, wishes: Wishes, today: Today, draws: Draws) -> Payments:
        """Turn wishes into payments.

        Args:
            wishes: who pays what kind of merchant.
            today: the day.
            draws: everything that is left to chance.
        """
        world, user, kind = self._world, wishes.user, wishes.kind
        size, people = len(user), world.people
        city = today.city[user]
        bed = (today.bed[0][user], today.bed[1][user])
        time_ms = wishes.time_ms
        if time_ms is None:
            time_ms = self.times(user, kind, today, draws)
        merchant = wishes.merchant
        if merchant is None:
            merchant = world.market.choose(user, kind, city, bed, today.day, draws)
        amount = self._amount(replace(wishes, merchant=merchant), today, draws)
        weighed = np.clip(2 * amount // CARD_AMOUNT_MINOR, 1, CARD_FACTOR_MAX)
        wants_card = draws.chance(self._card[kind] * weighed, size)
        over = amount > world.amounts.limited(amount, kind, np.zeros(size, bool))
        instrument, _ = world.holdings.used(user, wants_card | over, draws)
        card = is_card(instrument)
        payments = payments_of(
            size,
            time_ms=time_ms,
            amount_minor=world.amounts.limited(amount, kind, card),
            user=user,
            instrument=instrument,
            merchant=merchant,
            kind=kind,
        )
        self._set_out(payments, city, bed, people.home, draws)
        return payments

    def _amount(self, wishes: Wishes, today: Today, draws: Draws) -> Integers:
        if wishes.amount_minor is not None:
            return wishes.amount_minor
        world, user = self._world, wishes.user
        merchant = wishes.merchant
        level = np.full(len(user), PPM)
        if merchant is not None:
            known = merchant < world.market.count
            level[known] = world.market.level_ppm[merchant[known]]
        factors: tuple[Integers, ...] = (
            level,
            world.almanac.amount_ppm[today.day][world.people.pay_class[user]],
        )
        if wishes.factor_ppm is not None:
            factors = (*factors, wishes.factor_ppm)
        wealth = world.people.wealth_ppm[user], world.people.wealth_half_ppm[user]
        return world.amounts.usual(wishes.kind, wealth, factors, draws)

    def _set_out(
        self, payments: Payments, city: Integers, bed: Place, home: Place, draws: Draws
    ) -> None:
        """Fill in from where and from which device: in a shop, online, or by mandate."""
        world, user, size = self._world, payments.user, len(payments)
        presence = world.parameters.presence
        card = is_card(payments.instrument)
        known = np.minimum(payments.merchant, world.market.count - 1)
        shop = (world.market.place[0][known], world.market.place[1][known])
        online = self._online[payments.kind]
        place = self._whereabouts(payments, bed, draws)
        at_home = online & (place[0] == home[0][user])
        place = where(online, place, shop)
        misplaced = online & draws.chance(presence.misplaced_share, size)
        town = world.geography.points(draws.pick(world.geography.totals, size), draws)
        place = near(where(misplaced, town, place), presence.jitter_m, draws)
        terminal = card & ~online
        mandate = online & draws.chance(self._mandate[payments.kind], size)
        missing = np.where(
            terminal,
            draws.chance(presence.card_present_missing_share, size),
            np.where(
                card,
                draws.chance(presence.card_online_missing_share, size),
                draws.chance(presence.upi_missing_share, size),
            ),
        )
        payments.latitude_e6, payments.longitude_e6 = hidden(place, missing | mandate)
        by_line = at_home & world.network.has_line[user]
        by_line &= draws.chance(world.network.wifi_use, size)
        phone = world.network.of_users(user, city, payments.time_ms)
        ip = np.where(by_line, world.network.lines(user, payments.time_ms), phone)
        payments.ip = np.where(terminal | mandate, NOBODY, ip)
        device = world.holdings.devices_used(user, online, draws)
        payments.device = np.where(terminal | mandate, NOBODY, device)
        unknown = terminal & draws.chance(presence.walk_in_share, size)
        unknown |= card & online & ~mandate & draws.chance(presence.guest_share, size)
        payments.user = np.where(unknown, NOBODY, user)

    def _whereabouts(self, payments: Payments, bed: Place, draws: Draws) -> Place:
        """Where people are when they pay online: at home, at work, or where they sleep."""
        people, almanac = self._world.people, self._world.almanac
        day = (payments.time_ms - almanac.start_ms) // DAY_MS
        working = almanac.working[np.clip(day, 0, almanac.days - 1)]
        hour = (payments.time_ms - almanac.start_ms) % DAY_MS // HOUR_MS
        user = payments.user
        busy: Flags = working & (hour >= OFFICE_HOURS[0]) & (hour < OFFICE_HOURS[1])
        busy &= people.goes_to_work[user] & (bed[0] == people.home[0][user])
        busy &= draws.chance(self._world.parameters.presence.at_work_share, len(payments))
        return where(busy, (people.work[0][user], people.work[1][user]), bed)
