"""Honest people have habits: amounts, hours, places, devices, pay days."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from sikka_sim.stream import Parameters, generate

CELL_DEGREES = 0.1


def test_amounts_are_positive_and_within_the_limits(
    payments: pd.DataFrame, parameters: Parameters
) -> None:
    assert payments.amount_minor.min() >= 100
    upi = payments[payments.payment_method == "UPI"]
    limits = {name: kind.upi_limit_minor for name, kind in parameters.kinds.items()}
    assert (upi.amount_minor <= upi.merchant_kind.map(limits)).all()
    cards = payments[payments.payment_method == "CARD"]
    assert cards.amount_minor.max() <= parameters.limits.card_minor_max


def test_amounts_by_upi_lie_in_the_bands_that_npci_publishes(honest: pd.DataFrame) -> None:
    upi = honest[honest.payment_method == "UPI"].amount_minor
    # 78 % up to Rs 500, 93 % up to Rs 2,000 (February 2022); a mean of Rs 593 (July 2025).
    assert abs((upi <= 50_000).mean() - 0.78) < 0.05
    assert abs((upi <= 200_000).mean() - 0.93) < 0.04
    assert 45_000 < upi.mean() < 80_000


@pytest.mark.parametrize(
    ("kind", "mean_rupees"),
    [("kirana", 214), ("eatery", 117), ("ecommerce", 672), ("loan_repayment", 5_817)],
)
def test_amounts_of_a_kind_have_about_the_published_mean(
    honest: pd.DataFrame, kind: str, mean_rupees: int
) -> None:
    amounts = honest[(honest.merchant_kind == kind) & (honest.payment_method == "UPI")].amount_minor
    assert 0.75 < amounts.mean() / 100 / mean_rupees < 1.4


def test_prices_are_round_where_they_are_round(honest: pd.DataFrame) -> None:
    of = honest.groupby("merchant_kind").amount_minor
    assert of.apply(lambda amounts: (amounts % 10_000 == 0).mean())["fuel"] > 0.4
    assert of.apply(lambda amounts: (amounts % 10_000 == 9_900).mean())["electronics"] > 0.4
    assert of.nunique()["recharge"] < of.nunique()["kirana"] / 5


def test_everybody_pays_mostly_at_home(honest: pd.DataFrame) -> None:
    seen = honest.dropna(subset=["latitude", "user"])
    median = seen.groupby("user")[["latitude", "longitude"]].transform("median")
    far = (seen[["latitude", "longitude"]] - median).abs().max(axis=1) > 0.5
    assert 0.005 < far.mean() < 0.05
    by_user = far.groupby(seen.user).mean()
    assert (by_user < 0.25).mean() > 0.95
    assert (by_user > 0).mean() > 0.1


def test_travel_lasts_for_days(honest: pd.DataFrame) -> None:
    seen = honest.dropna(subset=["latitude", "user"])
    cells = seen.groupby(["user", "day"]).latitude.median()
    home = cells.groupby("user").transform("median")
    away = ((cells - home).abs() > 0.5).reset_index()
    next_day = away.assign(day=away.day - 1)
    pairs = away.merge(next_day, on=["user", "day"], suffixes=("", "_next"))
    assert pairs[pairs.latitude].latitude_next.mean() > 20 * away.latitude.mean()


def test_people_come_back_to_their_merchants(honest: pd.DataFrame) -> None:
    kirana = honest[honest.merchant_kind == "kirana"].dropna(subset=["user"])
    counts = kirana.groupby(["user", "merchant"]).size()
    busy = counts.groupby("user").sum() >= 20
    share = (counts.groupby("user").max() / counts.groupby("user").sum())[busy]
    assert share.median() > 0.3


def test_shops_are_closed_at_night_and_games_are_not(honest: pd.DataFrame) -> None:
    night = honest.hour.isin(range(1, 5)).groupby(honest.merchant_kind).mean()
    assert night["kirana"] < 0.02
    assert night["gaming"] > 0.05
    evening = honest.hour.isin([18, 19, 20, 21]).groupby(honest.merchant_kind).mean()
    assert evening["kirana"] > 0.3


def test_pay_days_show(honest: pd.DataFrame) -> None:
    # The stream begins on the 1st of August; its days 31 and 61 are the next firsts.
    daily = honest.groupby("day").size()
    after = [day for first in (0, 31, 61) for day in range(first, first + 5)]
    middle = [day for first in (0, 31) for day in range(first + 12, first + 17)]
    assert daily[after].mean() > 1.08 * daily[middle].mean()
    value = honest.groupby("day").amount_minor.sum()
    assert value[after].mean() > 1.2 * value[middle].mean()
    bills = honest[honest.merchant_kind.isin(["utility", "loan_repayment"])].groupby("day").size()
    assert bills[after].mean() > 1.5 * bills[middle].mean()


def test_festivals_show(parameters: Parameters) -> None:
    diwali = generate(parameters, users=2_500, days=24, seed=3, start=date(2025, 10, 4))
    frame = diwali.to_pandas()
    day = (frame.time_ms - frame.time_ms.min()) // 86_400_000
    daily = frame.groupby(day).size()
    # Dhanteras and Diwali are the days 14 and 16; the weekend before them is 7 and 8.
    assert daily[13:17].mean() > 1.15 * daily[6:10].mean()
    gold = frame[frame.merchant_kind == "jewellery"].groupby(day).size().reindex(daily.index)
    assert gold.fillna(0)[14] > 3 * gold.fillna(0)[6:10].mean()


def test_some_buy_a_phone_and_go_on_as_before(honest: pd.DataFrame) -> None:
    own = honest.dropna(subset=["user", "device"]).groupby(["user", "device"]).day
    spans = own.agg(["min", "max", "size"]).reset_index()
    main = spans[spans["size"] >= 8]
    # A device that begins when another of the same user ends.
    pairs = main.merge(main, on="user", suffixes=("", "_next"))
    changed = pairs[(pairs["max"] < pairs["min_next"])]
    users = main.user.nunique()
    assert 0.005 < changed.user.nunique() / users < 0.15
    assert abs(main.groupby("user").size().mean() - 1.2) < 0.2


def test_families_share_devices_and_agents_serve_many(honest: pd.DataFrame) -> None:
    users = honest.dropna(subset=["user"]).groupby("device").user.nunique()
    assert ((users >= 2) & (users <= 4)).mean() > 0.02
    assert (users > 8).sum() >= 3
    instruments = honest.groupby("device").instrument.nunique()
    assert instruments.max() > 20


def test_many_share_an_address_of_a_carrier(honest: pd.DataFrame) -> None:
    users = honest.dropna(subset=["ip", "user"]).groupby("ip").user.nunique()
    of_payments = honest.ip.dropna().map(users)
    assert of_payments.median() > 5
    assert users.max() > 50
    assert (users == 1).mean() > 0.2


def test_people_and_merchants_come_and_go(honest: pd.DataFrame) -> None:
    first = honest.dropna(subset=["user"]).groupby("user").day.min()
    assert (first > 20).mean() > 0.1
    opened = honest.groupby("merchant").day.min()
    assert (opened > 20).mean() > 0.1


def test_instruments_are_one_or_two_at_a_time(honest: pd.DataFrame) -> None:
    known = honest.dropna(subset=["user"])
    held = known.groupby(["user", "payment_method"]).instrument.nunique().unstack()
    assert held.UPI.median() == 1
    assert held.UPI.max() <= 5
    assert held.CARD.max() <= 5


def test_payments_are_tried_again(honest: pd.DataFrame) -> None:
    same = honest.dropna(subset=["user"]).sort_values(["user", "merchant", "time_ms"])
    before = same.shift(1)
    again = (same.user == before.user) & (same.merchant == before.merchant)
    again &= (same.time_ms - before.time_ms < 300_000) & (same.amount_minor == before.amount_minor)
    assert 0.02 < again.mean() < 0.08


def test_sprees_and_collections_are_honest(honest: pd.DataFrame) -> None:
    known = honest.dropna(subset=["user"])
    hours = known.groupby([known.user, known.time_ms // 14_400_000]).merchant.nunique()
    assert (hours >= 6).sum() > 20
    seen = honest.groupby("merchant").agg(
        first=("day", "min"), last=("day", "max"), users=("user", "nunique")
    )
    new = seen[(seen["first"] > 5) & (seen["last"] - seen["first"] < 6) & (seen["last"] < 60)]
    assert (new.users >= 10).sum() >= 1


def test_wealth_is_a_persons_own(honest: pd.DataFrame) -> None:
    fashion = honest[honest.merchant_kind == "fashion"].dropna(subset=["user"])
    logs = np.log(fashion.amount_minor)
    counts = fashion.groupby("user").size()
    often = fashion.user.isin(counts[counts >= 6].index)
    within = logs[often].groupby(fashion.user[often]).std().mean()
    assert within < 0.95 * logs.std()
