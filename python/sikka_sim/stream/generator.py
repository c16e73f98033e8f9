"""A stream of payments, a day at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from sikka_sim.stream.almanac import DAY_MS
from sikka_sim.stream.draws import PPM, Draws
from sikka_sim.stream.frauds.plan import Plan
from sikka_sim.stream.habits import Habits, Today, Wishes
from sikka_sim.stream.hard_cases import HardCases
from sikka_sim.stream.market import merchants_min
from sikka_sim.stream.payments import Payments, joined
from sikka_sim.stream.schema import Parameters
from sikka_sim.stream.table import Texts, table_of
from sikka_sim.stream.world import new_world

if TYPE_CHECKING:
    import pyarrow as pa

START = date(2025, 8, 1)
USERS_PER_MERCHANT = 4
BATCH = 1 << 17
"""So many payments are made at once, which bounds the memory of a busy day."""

USERS_MAX = 5_000_000
DAYS_MAX = 3_660
SEED_MAX = 2**63 - 1


class Stream:
    """Payments of so many users over so many days; the same arguments give the same payments.

    Arguments:
        parameters: from what numbers; see `load_parameters`.
        users: how many people pay, 1 to 5,000,000.
        days: how many days, 1 to 3,660.
        seed: of all chance, 0 to 2**63 - 1.
        merchants: how many they pay; a fourth of the users if not given, and never fewer than
            each kind and town needs.
        start: the first day, on India's clock.

    Raises ValueError when one of them is out of range.
    """

    def __init__(
        self,
        parameters: Parameters,
        *,
        users: int,
        days: int,
        seed: int,
        merchants: int | None = None,
        start: date = START,
    ) -> None:
        merchants = users // USERS_PER_MERCHANT if merchants is None else merchants
        _within("users", users, 1, USERS_MAX)
        _within("days", days, 1, DAYS_MAX)
        _within("seed", seed, 0, SEED_MAX)
        _within("merchants", merchants, 0, USERS_MAX)
        self._parameters = parameters
        self._users, self._days, self._start = users, days, start
        self._merchants = max(merchants, merchants_min(parameters))
        self._seed = seed

    def days(self) -> Iterator[Payments]:
        """The payments of each day, in the order of time."""
        of_world, of_plan, of_days = np.random.SeedSequence(self._seed).spawn(3)
        world = new_world(
            self._parameters,
            users=self._users,
            merchants=self._merchants,
            days=self._days,
            start=self._start,
            seed=of_world,
        )
        habits = Habits(world)
        cases = HardCases(world, habits)
        plan = Plan(world, habits, Draws(of_plan))
        coming: dict[int, list[Payments]] = defaultdict(list)
        drives_due = 0
        for day, seed in enumerate(of_days.spawn(self._days)):
            honest_draws, case_draws, fraud_draws = map(Draws, seed.spawn(3))
            world.holdings.start_day(day, honest_draws)
            today = habits.today(day)
            payments = self._honest(habits, cases, today, honest_draws)
            extra = [
                *payments,
                *(cases.retried(part, case_draws) for part in payments),
                *(cases.exchanged(part, case_draws) for part in payments),
                cases.sprees(today, case_draws),
            ]
            count = sum(map(len, payments))
            drives_due += round(count * self._parameters.hard_cases.drives_per_million)
            while drives_due >= PPM:
                drives_due -= PPM
                extra.append(cases.drive(today, case_draws))
            extra += plan.day(today, count, fraud_draws)
            for part in extra:
                _spread(part, world.almanac.start_ms, coming)
            yield joined(coming.pop(day, [])).in_order()

    def _honest(
        self, habits: Habits, cases: HardCases, today: Today, draws: Draws
    ) -> list[Payments]:
        payers = habits.payers(today, draws)
        parts = []
        for begin in range(0, len(payers), BATCH):
            user = payers[begin : begin + BATCH]
            kind = habits.kinds(user, today, draws)
            wishes = Wishes(user, kind, factor_ppm=cases.large(len(user), draws))
            payments = habits.pay(wishes, today, draws)
            cases.assist(payments, today, draws)
            parts.append(payments)
        return parts

    def tables(self) -> Iterator[pa.Table]:
        """The payments of each day as tables; `sikka_sim.stream.table` describes the columns."""
        texts = Texts(self._seed)
        for payments in self.days():
            yield table_of(payments, self._parameters, texts)


def _spread(payments: Payments, start_ms: int, coming: dict[int, list[Payments]]) -> None:
    """Put payments to the day on which they take place."""
    day = (payments.time_ms - start_ms) // DAY_MS
    for number in np.unique(day):
        coming[int(number)].append(payments.take(day == number))


def _within(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise ValueError(f"{name} must be within {low}..{high}")


def generate(
    parameters: Parameters,
    *,
    users: int,
    days: int,
    seed: int,
    merchants: int | None = None,
    start: date = START,
) -> pa.Table:
    """A stream as one table.

    Args:
        parameters: from what numbers; see `load_parameters`.
        users: how many people pay.
        days: how many days.
        seed: of all chance.
        merchants: how many they pay; a fourth of the users if not given.
        start: the first day, on India's clock.

    Raises:
        ValueError: a size or the seed is out of range.
    """
    import pyarrow as pa  # noqa: PLC0415

    stream = Stream(parameters, users=users, days=days, seed=seed, merchants=merchants, start=start)
    return pa.concat_tables(list(stream.tables()))
