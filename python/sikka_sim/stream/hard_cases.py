"""Honest payments that look like fraud: retries, sprees, agents, collections, exchanges."""

from __future__ import annotations

import numpy as np

from sikka_sim.stream.almanac import DAY_MS, HOUR_MS
from sikka_sim.stream.draws import PPM, Draws, Integers, cumulative, hashed, ppm_array, within
from sikka_sim.stream.geography import near
from sikka_sim.stream.habits import Habits, Today, Wishes
from sikka_sim.stream.holdings import NOBODY, is_card
from sikka_sim.stream.payments import Payments, joined
from sikka_sim.stream.world import World

RETRY_S = (15, 240)
SPREE_HOURS = 4
EXCHANGE_DAYS = (1, 6)
EXCHANGE_FACTOR = (0.6, 1.3)
AGENT_JITTER_M = 20
THOUSAND = 1_000


class HardCases:
    """Adds to the honest payments of a day what makes them hard to tell from fraud.

    Arguments:
        world: of the stream.
        habits: of its people.
    """

    def __init__(self, world: World, habits: Habits) -> None:
        self._world, self._habits = world, habits
        self._cases = world.parameters.hard_cases
        kinds = list(world.parameters.kinds.values())
        self._assisted_kind = np.array([kind.assisted for kind in kinds])
        self._refund = ppm_array(kind.refund_share for kind in kinds)
        self._assisted = ppm_array(
            self._cases.assisted_share[name] for name in world.parameters.segments
        )
        self._spree_kinds = np.array([world.kind_number(name) for name in self._cases.spree_kinds])
        self._spree_totals = cumulative(self._cases.spree_kinds.values())
        rate = self._cases.agents_per_thousand_users / THOUSAND
        users = np.bincount(world.people.city, minlength=len(world.geography))
        self._agents = np.maximum((users * rate).astype(np.int64), 1)
        self._first_agent = np.cumsum(self._agents) - self._agents
        self._agent_device = world.holdings.new_devices(int(self._agents.sum()))

    def large(self, size: int, draws: Draws) -> Integers:
        """Factors of amounts: now and then a party, a stay, a whole year at once."""
        factor = draws.factor(self._cases.large_factor, size)
        return np.where(draws.chance(self._cases.large_share, size), factor, PPM)

    def sprees(self, today: Today, draws: Draws) -> Payments:
        """Weddings, sales, moving house: a few people who pay many times within hours."""
        people = self._world.people
        here = people.weights(self._world.almanac, today.day) > 0
        user = np.flatnonzero(draws.chance(self._cases.spree_per_user_day, people.count) & here)
        begin = self._habits.times(user, np.full(len(user), self._spree_kinds[0]), today, draws)
        count = draws.between(self._cases.spree_payments, len(user))
        payer, begin = np.repeat(user, count), np.repeat(begin, count)
        kind = self._spree_kinds[draws.pick(self._spree_totals, len(payer))]
        time_ms = np.minimum(
            begin + draws.below(SPREE_HOURS * HOUR_MS, len(payer)),
            self._world.almanac.day_ms(today.day + 1) - 1,
        )
        return self._habits.pay(Wishes(payer, kind, time_ms=time_ms), today, draws)

    def assist(self, payments: Payments, today: Today, draws: Draws) -> None:
        """Let agents pay some bills for customers, from the agent's device and place."""
        world = self._world
        user = np.maximum(payments.user, 0)
        share = self._assisted[world.people.segment[user]]
        helped = draws.chance(share, len(payments)) & (payments.user != NOBODY)
        helped &= self._assisted_kind[payments.kind] & (payments.device != NOBODY)
        which = np.flatnonzero(helped)
        if not len(which):
            return
        customer = payments.user[which]
        city = today.city[customer]
        agent = self._first_agent[city] + within(hashed(customer, city), self._agents[city])
        place = near(world.geography.fixed_points(city, agent), AGENT_JITTER_M, draws)
        payments.device[which] = self._agent_device[agent]
        payments.latitude_e6[which], payments.longitude_e6[which] = place
        carrier = agent % len(world.parameters.network.carrier_weights)
        at = payments.time_ms[which]
        payments.ip[which] = world.network.mobile(agent, carrier, city, at)

    def retried(self, payments: Payments, draws: Draws) -> Payments:
        """Payments that failed and are tried again within minutes, some with another instrument."""
        again = payments.take(
            draws.chance(self._cases.retry_share, len(payments)) & (payments.device != NOBODY)
        )
        low, high = RETRY_S
        again.time_ms = again.time_ms + draws.between((low * THOUSAND, high * THOUSAND), len(again))
        other = draws.chance(self._cases.retry_other_instrument_share, len(again))
        other &= again.user != NOBODY
        held, _ = self._world.holdings.used(
            np.maximum(again.user, 0), ~is_card(again.instrument), draws
        )
        again.instrument = np.where(other, held, again.instrument)
        again.amount_minor = self._world.amounts.limited(
            again.amount_minor, again.kind, is_card(again.instrument)
        )
        return again

    def exchanged(self, payments: Payments, draws: Draws) -> Payments:
        """Payments of the coming days to the same merchants, after something was sent back."""
        again = payments.take(draws.chance(self._refund[payments.kind], len(payments)))
        size = len(again)
        again.time_ms = again.time_ms + draws.between(EXCHANGE_DAYS, size) * DAY_MS
        again.time_ms = again.time_ms + draws.below(HOUR_MS, size)
        amount = again.amount_minor * draws.factor(EXCHANGE_FACTOR, size) // PPM
        amount = self._world.amounts.rounded(amount, again.kind, draws)
        card = is_card(again.instrument)
        again.amount_minor = self._world.amounts.limited(amount, again.kind, card)
        return again

    def drive(self, today: Today, draws: Draws) -> Payments:
        """A collection or a stall: many people of a town pay a merchant that is new."""
        world = self._world
        name = ("donation", "small_seller")[int(draws.below(2, 1)[0])]
        kind = world.kind_number(name)
        city = int(draws.pick(world.geography.totals, 1)[0])
        residents = np.flatnonzero((today.city == city) & (world.people.arrives <= today.day))
        if not len(residents):
            return joined([])
        count = draws.skewed(self._cases.drive_payments)
        days = draws.skewed(self._cases.drive_days)
        user = residents[draws.below(len(residents), count)]
        kinds = np.full(count, kind)
        time_ms = self._habits.times(user, kinds, today, draws) + draws.below(days, count) * DAY_MS
        merchant = np.full(count, world.market.open_account())
        wishes = Wishes(user, kinds, time_ms=time_ms, merchant=merchant)
        return self._habits.pay(wishes, today, draws)
