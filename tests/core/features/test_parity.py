"""The windows against pandas, on generated payments and on those of the Handbook.

The Handbook is "Reproducible Machine Learning for Credit Card Fraud Detection" (Le Borgne et al.);
its simulated payments are not part of the repository. They are looked for where the environment
variable SIKKA_HANDBOOK says, or else in the folder `shared/data` beside the repository's.
"""

from __future__ import annotations

import math
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sikka_core import FEATURE_NAMES, FeatureStore
from tests.core.features.streams import stream

HANDBOOK = Path(
    os.environ.get("SIKKA_HANDBOOK")
    or Path(__file__).parents[4] / "shared" / "data" / "handbook_transactions.parquet"
)
DAYS = {"24h": 1, "7d": 7, "30d": 30}
DELAY = pd.Timedelta(days=7)
LN_2 = math.log(2)


def generated() -> pd.DataFrame:
    payments = pd.DataFrame(stream(20, 2_500))
    payments["fraud"] = np.random.default_rng(20).random(len(payments)) < 0.1
    return payments[["time_ms", "amount_minor", "user", "merchant", "fraud"]]


def handbook() -> pd.DataFrame:
    """All payments at one terminal of 100, over the whole time."""
    rows = pd.read_parquet(HANDBOOK)
    rows = rows[rows["TERMINAL_ID"] % 100 == 7]
    return pd.DataFrame(
        {
            "time_ms": rows["TX_DATETIME"].astype("datetime64[ms]").astype("int64"),
            "amount_minor": (rows["TX_AMOUNT"] * 100).round().astype("int64"),
            "user": rows["CUSTOMER_ID"].astype(str),
            "merchant": rows["TERMINAL_ID"].astype(str),
            "fraud": rows["TX_FRAUD"].astype(bool),
        }
    ).reset_index(drop=True)


SOURCES = [
    pytest.param(generated, id="generated"),
    pytest.param(
        handbook,
        id="handbook",
        marks=pytest.mark.skipif(
            not HANDBOOK.exists(), reason=f"the Handbook's payments are not at {HANDBOOK.name}"
        ),
    ),
]


@pytest.fixture(scope="module", params=SOURCES)
def payments(request: pytest.FixtureRequest) -> pd.DataFrame:
    rows: pd.DataFrame = request.param()
    rows["time"] = pd.to_datetime(rows["time_ms"], unit="ms").astype("datetime64[ns]")
    assert rows["time"].is_monotonic_increasing
    return rows


@pytest.fixture(scope="module")
def vectors(payments: pd.DataFrame) -> pd.DataFrame:
    """Our features, with every label fed when it becomes known, seven days after its payment."""
    store, made = FeatureStore(utc_offset_s=0), []
    rows = list(payments[["time_ms", "amount_minor", "user", "merchant"]].itertuples())
    fraud = payments["fraud"].tolist()
    delay_ms, labelled = DELAY // pd.Timedelta(milliseconds=1), 0
    for row in rows:
        while rows[labelled].time_ms + delay_ms <= row.time_ms:
            known = rows[labelled]
            store.label(
                str(labelled),
                known.time_ms + delay_ms,
                fraud[labelled],
                merchant=known.merchant,
                user=known.user,
            )
            labelled += 1
        made.append(
            store.observe(
                str(row.Index), row.time_ms, row.amount_minor, user=row.user, merchant=row.merchant
            )
        )
    return pd.DataFrame(np.asarray(made), columns=list(FEATURE_NAMES))


def rolled(payments: pd.DataFrame, entity: str, bucket: str, window: str) -> np.ndarray:
    """How many payments an entity made in a window, when times are those of their bucket."""
    groups = payments.assign(time=payments["time"].dt.floor(bucket)).groupby(entity)
    counts = np.empty(len(payments))
    # The result stands group by group, in the order of the groups.
    order = np.concatenate(list(groups.indices.values()))
    counts[order] = groups.rolling(window, on="time")["amount_minor"].count()
    return counts


@pytest.mark.parametrize("entity", ["user", "merchant"])
def test_exact_counts_are_the_rolling_counts_of_pandas(
    payments: pd.DataFrame, vectors: pd.DataFrame, entity: str
) -> None:
    names = {
        "user": ("user_count_10m", "transaction_frequency_1h", "transaction_frequency_24h"),
        "merchant": ("merchant_count_10m", "merchant_count_1h", "merchant_count_24h"),
    }[entity]
    # The present bucket and those before it: one more than the window's own.
    for name, bucket, window in zip(
        names, ("min", "min", "h"), ("11min", "61min", "25h"), strict=True
    ):
        np.testing.assert_array_equal(vectors[name], rolled(payments, entity, bucket, window))


@pytest.mark.parametrize("entity", ["user", "merchant"])
def test_an_exact_count_is_between_the_plain_windows_around_it(
    payments: pd.DataFrame, vectors: pd.DataFrame, entity: str
) -> None:
    ours = vectors[f"{entity}_count_10m"].to_numpy()
    assert (ours >= rolled(payments, entity, "ms", "10min")).all()
    assert (ours <= rolled(payments, entity, "ms", "11min")).all()


def decayed(payments: pd.DataFrame, entity: str, values: pd.Series, days: float) -> np.ndarray:
    """Sums of values that weigh e**(-age / window), each payment included, by the formula."""
    sums = np.empty(len(values))
    for places in payments.groupby(entity).indices.values():
        times = payments["time"].to_numpy()[places].astype("int64") / 8.64e13
        ages = (times[:, None] - times[None, :]) / days
        weights = np.tril(np.exp(-np.abs(ages)))
        sums[places] = weights @ values.to_numpy(float)[places]
    return sums


def test_decayed_counts_and_sums_are_those_of_the_formula(
    payments: pd.DataFrame, vectors: pd.DataFrame
) -> None:
    ones, amounts = payments["amount_minor"] * 0 + 1, payments["amount_minor"]
    for entity in ("user", "merchant"):
        for window in ("7d", "30d"):
            counts = decayed(payments, entity, ones, DAYS[window])
            np.testing.assert_allclose(vectors[f"{entity}_count_{window}"], counts, rtol=2e-7)
    sums = decayed(payments, "user", amounts, 1)
    np.testing.assert_allclose(vectors["user_sum_24h"], sums, rtol=2e-7)
    sums = decayed(payments, "merchant", amounts, 1 / 24)
    np.testing.assert_allclose(vectors["merchant_sum_1h"], sums, rtol=2e-7)


def test_averages_are_the_exponentially_weighted_means_of_pandas(
    payments: pd.DataFrame, vectors: pd.DataFrame
) -> None:
    ours = {
        "user_mean_24h": ("user", 1),
        "user_mean_7d": ("user", 7),
        "avg_transaction_amount": ("user", 30),
        "merchant_mean_30d": ("merchant", 30),
    }
    for name, (entity, days) in ours.items():
        half_life = pd.Timedelta(days=days * LN_2)
        for busy in payments[entity].value_counts().index[:100]:
            rows = payments[payments[entity] == busy]
            amounts = rows["amount_minor"].astype(float)
            means = amounts.ewm(halflife=half_life, times=rows["time"]).mean().shift(1)
            np.testing.assert_allclose(vectors.loc[rows.index, name], means, rtol=1e-6)


def test_risk_is_the_share_of_frauds_known_by_then(
    payments: pd.DataFrame, vectors: pd.DataFrame
) -> None:
    for window, days in DAYS.items():
        labels = np.zeros(len(payments))
        frauds = np.zeros(len(payments))
        for places in payments.groupby("merchant").indices.values():
            times = payments["time"].to_numpy()[places].astype("int64") / 8.64e13
            ages = times[:, None] - times[None, :] - 7
            weights = np.where(ages >= 0, np.exp(-np.abs(ages) / days), 0.0)
            labels[places] = weights.sum(axis=1)
            frauds[places] = weights @ payments["fraud"].to_numpy(float)[places]
        ours = vectors[f"merchant_labels_{window}"]
        np.testing.assert_allclose(ours, labels, rtol=1e-6, atol=1e-12)
        share = np.divide(frauds, labels, out=np.full(len(labels), np.nan), where=labels > 0)
        np.testing.assert_allclose(vectors[f"merchant_risk_{window}"], share, rtol=1e-6, atol=1e-12)


def test_different_merchants_of_a_day_are_counted_exactly_up_to_sixteen(
    payments: pd.DataFrame, vectors: pd.DataFrame
) -> None:
    minutes = payments["time_ms"].to_numpy() // 60_000
    merchants = payments["merchant"].to_numpy()
    for places in payments.groupby("user").indices.values():
        seen: dict[str, int] = {}
        exact = True
        for place in places:
            seen[merchants[place]] = minutes[place]
            live = sum(minutes[place] - minute <= 1_440 for minute in seen.values())
            exact &= live <= 16
            if exact:
                assert vectors["unique_merchants_24h"][place] == live
