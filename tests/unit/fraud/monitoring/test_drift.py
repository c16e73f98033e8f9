from __future__ import annotations

from math import isnan, nan
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from sikka.domain.fraud.report import Drift
from sikka.fraud.models.distribution import Distribution
from sikka.fraud.models.document import Reference
from sikka.fraud.monitoring.drift import (
    drift_of,
    model_score,
    number,
    reference_of,
    stability_index,
)
from sikka.fraud.monitoring.sample import Weighed
from tests.unit.fraud.monitoring.made import NOW, monitored

SCORE = Distribution((0.1, 0.5), (0.8, 0.15, 0.05, 0.0))
AMOUNT = Distribution((100.0, 1_000.0), (0.5, 0.25, 0.25, 0.0))
PLACE = Distribution((), (0.4, 0.6))
REFERENCE = Reference(features={"amount": AMOUNT, "location_lat": PLACE}, score=SCORE)


@given(
    npst.arrays(np.float64, st.integers(1, 80), elements=st.floats(-5, 5) | st.just(nan)),
    st.lists(st.floats(-4, 4), max_size=8, unique=True).map(sorted),
    st.integers(0, 2**32 - 1),
)
def test_the_index_is_that_of_numpy(
    values: np.ndarray[Any, Any], edges: list[float], seed: int
) -> None:
    chance = np.random.default_rng(seed)
    shares = chance.dirichlet(np.ones(len(edges) + 2))
    weights = chance.uniform(1, 9, len(values))
    there = ~np.isnan(values)
    bins = np.where(there, np.searchsorted(edges, values, side="right"), len(edges) + 1)
    actual = np.bincount(bins, weights, minlength=len(shares)) / weights.sum()
    actual, expected = np.maximum(actual, 1e-4), np.maximum(shares, 1e-4)
    index = float(np.sum((actual - expected) * np.log(actual / expected)))
    usual = Distribution(tuple(edges), tuple(shares.tolist()))
    pairs = zip(values.tolist(), weights.tolist(), strict=True)
    assert stability_index(usual, pairs) == pytest.approx(index, rel=1e-9, abs=1e-12)


def sample(amounts: list[float | None], **values: Any) -> list[Weighed]:
    return [
        Weighed(monitored(features={} if each is None else {"amount": each}, **values), 1.0)
        for each in amounts
    ]


def drift(rows: list[Weighed], payments_min: int = 1, version: str = "m-1") -> Drift:
    return drift_of(version, REFERENCE, rows, NOW, NOW, payments_min)


def test_what_is_usual_has_not_moved_and_what_moved_furthest_comes_first() -> None:
    rows = sample([50.0, 50.0, 500.0, 5_000.0])
    found = drift(rows)
    assert [each.name for each in found.features] == ["location_lat", "amount"]
    assert found.features[1].psi == pytest.approx(0.0)
    assert found.features[0].psi > 1
    moved = drift(sample([5_000.0] * 4))
    assert {each.name: each.psi for each in moved.features}["amount"] > 1


def test_stale_payments_are_left_out_and_too_few_say_nothing() -> None:
    rows = sample([50.0, 50.0]) + sample([None] * 10, features_stale=True)
    assert drift(rows).payments == 2
    few = drift(rows, payments_min=3)
    assert (few.score_psi, few.features) == (None, [])


def test_the_score_is_that_of_the_model_and_not_the_risk_of_the_rules() -> None:
    asked = monitored(challenger_version="m-2", challenger_score_millionths=700_000)
    assert (model_score(asked, "m-1"), model_score(asked, "m-2")) == (0.1, 0.7)
    assert model_score(asked, "m-3") is None
    assert model_score(monitored(model_score_millionths=None), "m-1") is None
    rows = [Weighed(asked, 1.0)]
    assert drift(rows, version="m-2").score_psi == pytest.approx(
        stability_index(SCORE, [(0.7, 1.0)])
    )
    assert drift(rows, version="m-3").score_psi is None


def test_what_is_no_number_is_missing() -> None:
    assert number({"a": 1, "b": True}, "a") == 1.0
    assert number({"b": True}, "b") == 1.0
    assert all(isnan(number({"a": None, "c": "x"}, name)) for name in "abc")


def test_a_reference_comes_back_from_the_document_of_a_model() -> None:
    document = msgspec.json.decode(msgspec.json.encode({"reference": REFERENCE}))
    assert reference_of(document) == REFERENCE
    assert reference_of({}) is None
    with pytest.raises(msgspec.ValidationError):
        reference_of({"reference": {"features": {}}})
