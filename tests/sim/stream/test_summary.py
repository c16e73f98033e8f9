"""A summary counts what a stream holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sikka_sim.stream import Parameters, Stream, Summary, summarize

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


@pytest.fixture(scope="module")
def summary(stream: pa.Table) -> Summary:
    return summarize([stream])


def test_it_counts_what_pandas_counts(summary: Summary, payments: pd.DataFrame) -> None:
    honest = payments[~payments.true_fraud]
    assert summary.payments == len(payments)
    assert summary.fraud_rate == pytest.approx(payments.true_fraud.mean())
    lost = payments.amount_minor[payments.true_fraud].sum() / payments.amount_minor.sum()
    assert summary.fraud_rate_by_value == pytest.approx(lost)
    assert {hour: count for hour, (count, _) in summary.by_hour.items()} == (
        honest.groupby("hour").size().to_dict()
    )
    amounts = honest.groupby("merchant_kind").amount_minor.sum().to_dict()
    assert {kind: minor for kind, (_, minor) in summary.by_merchant_kind.items()} == amounts
    known = payments[payments.fraud].groupby("fraud_kind").size().to_dict()
    assert dict(summary.known) == known


def test_parts_add_up(parameters: Parameters) -> None:
    stream = Stream(parameters, users=500, days=10, seed=4)
    import pyarrow as pa  # noqa: PLC0415

    whole = pa.concat_tables(list(stream.tables()))
    assert str(summarize(stream.tables())) == str(summarize([whole]))


def test_it_is_a_page_of_text(summary: Summary) -> None:
    lines = str(summary).splitlines()
    assert len(lines) < 70
    assert max(map(len, lines)) <= 80
    assert any(line.startswith("card_testing") for line in lines)
    assert any(line.startswith("19:00") and line.endswith("#") for line in lines)


def test_of_nothing_there_is_a_summary_too() -> None:
    assert summarize([]).fraud_rate == 0
    assert str(Summary()).startswith("0 payments")
