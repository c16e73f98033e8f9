"""Pay days, weekdays and festivals."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from sikka_sim.stream import Parameters
from sikka_sim.stream.almanac import (
    PAY_FIRST,
    PAY_LAST_WORKING_DAY,
    PAY_NEVER,
    PAY_SEVENTH,
    Almanac,
    pay_days,
)


@pytest.mark.parametrize(
    ("year", "month", "last"), [(2025, 8, 29), (2025, 9, 30), (2026, 2, 27), (2028, 2, 29)]
)
def test_the_last_working_day_is_no_weekend(year: int, month: int, last: int) -> None:
    assert pay_days(year, month) == (
        date(year, month, 1), date(year, month, 7), date(year, month, last)
    )  # fmt: skip


def test_a_day_begins_at_midnight_in_india(parameters: Parameters) -> None:
    almanac = Almanac(parameters, date(2025, 8, 1), 3)
    begin = datetime.fromtimestamp(almanac.day_ms(1) / 1_000, UTC)
    assert begin == datetime(2025, 8, 1, 18, 30, tzinfo=UTC)


def test_each_is_busiest_after_the_own_pay_day(parameters: Parameters) -> None:
    almanac = Almanac(parameters, date(2025, 8, 1), 31)
    # Fridays: the 1st, 8th, 15th and 29th; weekends and festivals are the same for all classes.
    relative = almanac.activity_ppm / almanac.activity_ppm[:, [PAY_NEVER]]
    assert relative[:, PAY_FIRST].argmax() == 0
    assert relative[:, PAY_SEVENTH].argmax() == 6
    assert relative[:, PAY_LAST_WORKING_DAY].argmax() == 28
    assert relative[27, PAY_FIRST] < 1 < relative[2, PAY_LAST_WORKING_DAY]


def test_festivals_are_felt_before_and_on_the_day_by_who_sells_for_them(
    parameters: Parameters,
) -> None:
    almanac = Almanac(parameters, date(2025, 10, 1), 31)
    jewellery, utility = (parameters.kind_names.index(name) for name in ("jewellery", "utility"))
    wanted = almanac.kinds_ppm[:, PAY_NEVER]
    dhanteras, diwali = 17, 19
    assert wanted[dhanteras, jewellery] > 4 * wanted[7, jewellery]
    assert wanted[diwali, utility] == wanted[9 - 2, utility] == wanted[6, utility]
    activity = almanac.activity_ppm[:, PAY_NEVER]
    assert activity[diwali] > 1.2 * activity[diwali - 7]
    assert activity[diwali + 1] < activity[diwali]
