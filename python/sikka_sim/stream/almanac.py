"""What the days of a stream are to whom: weekdays, pay days, festivals."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np

from sikka_sim.stream.draws import PPM, Integers, ppm
from sikka_sim.stream.schema import Parameters

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
MINUTE_MS = 60_000
UTC_OFFSET_MS = 19_800_000
"""India's clock is five and a half hours ahead."""

PAY_FIRST, PAY_SEVENTH, PAY_LAST_WORKING_DAY, PAY_NEVER = range(4)
PAY_CLASSES = 4
SEVENTH = 7
FRIDAY, SATURDAY = 4, 5


def pay_days(year: int, month: int) -> tuple[date, date, date]:
    """The pay days of a month, by class: the first, the seventh, the last day of work.

    >>> pay_days(2025, 8)[2]
    datetime.date(2025, 8, 29)
    """
    first = date(year, month, 1)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    while last.weekday() > FRIDAY:
        last -= timedelta(days=1)
    return first, first.replace(day=SEVENTH), last


def _distances(day: date) -> list[tuple[int, int]]:
    """For each class that is paid: days since the last pay day, and days to the next."""
    months = [day.replace(day=1)]
    months.insert(0, (months[0] - timedelta(days=1)).replace(day=1))
    months.append((months[1] + timedelta(days=31)).replace(day=1))
    known = [pay_days(month.year, month.month) for month in months]
    distances = []
    for paid in zip(*known, strict=True):
        since = min((day - past).days for past in paid if past <= day)
        until = min((coming - day).days for coming in paid if coming > day)
        distances.append((since, until))
    return distances


class Almanac:
    """The days of a stream.

    Arguments:
        parameters: of the stream.
        start: its first day, on India's clock.
        days: how many.

    Attributes:
        days: how many.
        start_ms: when the first begins, in milliseconds since 1970.
        activity_ppm: how busy each class of pay day is, (days, classes).
        amount_ppm: how generous, (days, classes).
        kinds_ppm: how much each kind of merchant is wanted, (days, classes, kinds).
        working: whether people are at work, (days,).
    """

    def __init__(self, parameters: Parameters, start: date, days: int) -> None:
        self.days = days
        midnight = datetime(start.year, start.month, start.day, tzinfo=UTC)
        self.start_ms = int(midnight.timestamp()) * 1_000 - UTC_OFFSET_MS
        dates = [start + timedelta(days=day) for day in range(days)]
        kinds = len(parameters.kinds)
        self.working = np.array([day.weekday() < SATURDAY for day in dates])
        self.activity_ppm: Integers = np.empty((days, PAY_CLASSES), np.int64)
        self.amount_ppm: Integers = np.empty((days, PAY_CLASSES), np.int64)
        self.kinds_ppm: Integers = np.empty((days, PAY_CLASSES, kinds), np.int64)
        for index, day in enumerate(dates):
            self._fill(parameters, index, day)

    def _fill(self, parameters: Parameters, index: int, day: date) -> None:
        salary = parameters.salary
        festive, wanted = _festivals(parameters, day)
        weekend = day.weekday() >= SATURDAY
        kinds = list(parameters.kinds.items())
        distances = [*_distances(day), (len(salary.activity_after) + PPM, PPM)]
        for pay_class, (since, until) in enumerate(distances):
            activity = parameters.weekdays.activity[day.weekday()] * festive
            amount = 1.0
            if since < len(salary.activity_after):
                activity *= salary.activity_after[since]
            elif until <= salary.before_days:
                activity *= salary.activity_before
                amount *= salary.amount_before
            if since < len(salary.amount_after):
                amount *= salary.amount_after[since]
            self.activity_ppm[index, pay_class] = ppm(activity)
            self.amount_ppm[index, pay_class] = ppm(amount)
            paid = since < len(salary.amount_after)
            self.kinds_ppm[index, pay_class] = [
                ppm(
                    (kind.weekend if weekend else 1.0)
                    * (kind.payday if paid else 1.0)
                    * (1.0 + (festive - 1.0) * kind.festival)
                    * wanted.get(name, 1.0)
                )
                for name, kind in kinds
            ]

    def day_ms(self, day: int) -> int:
        """When a day begins, in milliseconds since 1970."""
        return self.start_ms + day * DAY_MS


def _festivals(parameters: Parameters, day: date) -> tuple[float, dict[str, float]]:
    """How festive a day is, and which kinds of merchants its festivals ask for."""
    factor, wanted = 1.0, dict[str, float]()
    for festival in parameters.festivals.values():
        for of in festival.dates:
            if 0 <= (of - day).days <= festival.days_before:
                factor = max(factor, festival.factor)
                for name, times in festival.kinds.items():
                    wanted[name] = max(wanted.get(name, 1.0), times)
    return factor, wanted
