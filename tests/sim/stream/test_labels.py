"""Labels become known late, or never."""

from __future__ import annotations

import pandas as pd

DAY_MS = 86_400_000


def test_a_label_is_known_after_the_payment(rough: pd.DataFrame) -> None:
    known = rough.dropna(subset=["known_ms"])
    assert (known.known_ms > known.time_ms).all()


def test_what_is_known_is_fraud_in_truth_and_has_its_time(rough: pd.DataFrame) -> None:
    assert (rough.fraud == rough.known_ms.notna()).all()
    assert rough.true_fraud[rough.fraud].all()


def test_some_frauds_are_never_known(frauds: pd.DataFrame) -> None:
    known = frauds.groupby("fraud_kind").fraud.mean()
    assert 0.55 < frauds.fraud.mean() < 0.9
    assert known["stolen_card"] > 0.7
    assert known["mule_account"] < 0.85


def test_small_losses_are_reported_less(frauds: pd.DataFrame) -> None:
    stolen = frauds[frauds.fraud_kind.isin(["stolen_card", "account_takeover", "slow_drip"])]
    lost = stolen.groupby("instrument").agg(lost=("amount_minor", "sum"), known=("fraud", "max"))
    small = lost.lost < 100_000
    assert lost.known[small].mean() < 0.7 * lost.known[~small].mean()


def test_kinds_become_known_after_different_times(frauds: pd.DataFrame) -> None:
    days = ((frauds.known_ms - frauds.time_ms) / DAY_MS).groupby(frauds.fraud_kind).median()
    assert days["account_takeover"] < 2
    assert 0.5 < days["stolen_card"] < 8
    assert days["merchant_collusion"] > 4
    assert days["slow_drip"] > 5


def test_a_victim_reports_once_and_no_fraud_follows(frauds: pd.DataFrame) -> None:
    kinds = frauds[frauds.fraud_kind.isin(["stolen_card", "account_takeover"])].dropna(
        subset=["known_ms"]
    )
    episodes = kinds.groupby(["instrument", "fraud_kind", "device"], dropna=False)
    assert (episodes.time_ms.max() < episodes.known_ms.min()).mean() > 0.98


def test_an_instrument_is_replaced_when_its_fraud_is_known(rough: pd.DataFrame) -> None:
    taken = rough[rough.fraud & rough.fraud_kind.isin(["stolen_card", "account_takeover"])]
    until = taken.groupby("instrument").known_ms.min()
    later = rough[rough.instrument.isin(until.index)]
    overdue = later.time_ms - later.instrument.map(until)
    # It goes on until the next midnight; what was bought before may be exchanged for some days.
    assert (overdue > 2 * DAY_MS).mean() < 0.01
