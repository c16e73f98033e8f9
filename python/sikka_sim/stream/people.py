"""Who pays: segments, households, homes, wealth, tastes."""

from __future__ import annotations

import numpy as np

from sikka_sim.stream.almanac import PAY_NEVER, Almanac
from sikka_sim.stream.draws import PPM, Draws, Integers, cumulative, ppm, ppm_array, times_ppm
from sikka_sim.stream.geography import Geography, Place
from sikka_sim.stream.schema import Parameters

ALWAYS = 1 << 30
SHIFT_EARLIEST = -1


class People:
    """The users of a stream, by number.

    Attributes:
        count: how many.
        segment: the number of each one's segment.
        household: the number of each one's household; its members are neighbours in number.
        city: where each one lives.
        home, work: the places.
        wealth_ppm, wealth_half_ppm: factor of amounts, and its square root.
        activity_ppm: payments a day, in millionths.
        pay_class: when the salary comes.
        hours_shift: how much later than others each one does things.
        taste_ppm: how much each one wants each kind of merchant, (users, kinds).
        arrives, leaves: the days of the first and after the last payment.
        goes_to_work: whether the day is spent elsewhere.
        gullibility_ppm: how easily each one is talked into paying.
        cards: how many cards, 0 to 2.
        vpas: how many VPAs, 1 or 2.
    """

    def __init__(
        self,
        parameters: Parameters,
        geography: Geography,
        almanac: Almanac,
        users: int,
        draws: Draws,
    ) -> None:
        population, segments = parameters.population, list(parameters.segments.values())
        self.count = users
        self._strangers = 0
        self.household = _households(population.household_weights, users, draws)
        households = int(self.household[-1]) + 1
        self.segment = draws.pick(cumulative(segment.share for segment in segments), users)
        self.city = draws.pick(geography.totals, households)[self.household]
        self._settle(geography, households, draws)
        self._live(parameters, draws)
        self._stay(parameters, almanac, draws)
        self.cards = self._several(
            [segment.card_share for segment in segments],
            parameters.holdings.second_card_share,
            draws,
        )
        self.vpas = self._several(
            [1.0] * len(segments), parameters.holdings.second_vpa_share, draws
        )

    def _settle(self, geography: Geography, households: int, draws: Draws) -> None:
        first = np.searchsorted(self.household, np.arange(households))
        latitude, longitude = geography.points(self.city[first], draws)
        self.home: Place = (latitude[self.household], longitude[self.household])
        self.work: Place = geography.points(self.city, draws)

    def _live(self, parameters: Parameters, draws: Draws) -> None:
        population, segments = parameters.population, list(parameters.segments.values())
        of = self.segment
        self.wealth_ppm = times_ppm(
            ppm_array(segment.wealth for segment in segments)[of],
            draws.lognormal(population.wealth_sigma, self.count),
        )
        # The square root of IEEE 754 is exact to the last bit everywhere.
        self.wealth_half_ppm = np.sqrt(self.wealth_ppm * float(PPM)).astype(np.int64)
        activity = times_ppm(
            ppm_array(segment.activity for segment in segments)[of],
            draws.lognormal(population.activity_sigma, self.count),
        )
        wanted = ppm(population.payments_per_user_day)
        self.activity_ppm = activity * wanted // max(int(activity.sum()) // self.count, 1)
        kinds = ppm_array(kind.payments for kind in parameters.kinds.values())
        liking = np.array(
            [
                [ppm(segment.kinds.get(name, 1.0)) for name in parameters.kinds]
                for segment in segments
            ]
        )
        taste = draws.lognormal(population.taste_sigma, self.count * len(kinds))
        wants = times_ppm(taste.reshape(self.count, len(kinds)), liking[of], kinds[np.newaxis, :])
        self.taste_ppm = np.minimum(wants, np.iinfo(np.int32).max).astype(np.int32)
        self.gullibility_ppm = ppm_array(segment.gullibility for segment in segments)[of]
        shifts = [cumulative(segment.hours_shift_weights) for segment in segments]
        self.hours_shift = np.empty(self.count, np.int64)
        for number, totals in enumerate(shifts):
            chosen = of == number
            drawn = draws.pick(totals, int(chosen.sum()))
            self.hours_shift[chosen] = drawn + SHIFT_EARLIEST

    def _stay(self, parameters: Parameters, almanac: Almanac, draws: Draws) -> None:
        population, salary = parameters.population, parameters.salary
        of = self.segment
        self.arrives = np.where(
            draws.chance(population.arriving_share, self.count),
            draws.below(almanac.days, self.count),
            0,
        )
        self.leaves = np.where(
            draws.chance(population.leaving_share, self.count),
            self.arrives + 1 + draws.below(almanac.days, self.count),
            ALWAYS,
        )
        paid = ppm_array(salary.salaried_share[name] for name in parameters.segments)[of]
        away = ppm_array(segment.away_by_day for segment in parameters.segments.values())[of]
        self.goes_to_work = draws.chance(away, self.count)
        self.pay_class = np.where(
            draws.chance(paid, self.count),
            draws.pick(cumulative(salary.salaried_weights), self.count),
            PAY_NEVER,
        )

    def _several(self, first: list[float], second_share: float, draws: Draws) -> Integers:
        has = draws.chance(ppm_array(first)[self.segment], self.count)
        more = draws.chance(second_share, self.count)
        return has.astype(np.int64) + (has & more)

    def new_strangers(self, count: int) -> Integers:
        """Numbers of accounts of people who are none of the users."""
        self._strangers += count
        return np.arange(self._strangers - count, self._strangers) + self.count

    def weights(self, almanac: Almanac, day: int) -> Integers:
        """How likely each one pays on a day: millionths of a payment."""
        present = (self.arrives <= day) & (day < self.leaves)
        busy = almanac.activity_ppm[day][self.pay_class]
        return np.where(present, times_ppm(self.activity_ppm, busy), 0)


def _households(weights: tuple[float, ...], users: int, draws: Draws) -> Integers:
    """The household of each user; sizes follow the weights of one, two, three and so on."""
    by_size = [weight / size for size, weight in enumerate(weights, 1)]
    sizes = draws.pick(cumulative(by_size), users) + 1
    return np.repeat(np.arange(users), sizes)[:users]
