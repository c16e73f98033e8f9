from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sikka.fraud.training.reference import distribution_of, feature_distributions
from sikka_core import FEATURE_NAMES

NUMBERS = st.floats(-1e6, 1e6, width=32) | st.sampled_from([0.0, 1.0, float("nan")])


@given(hnp.arrays(np.float32, st.integers(1, 200), elements=NUMBERS))
@settings(deadline=None)
def test_shares_are_those_of_values_counted_one_by_one(values: np.ndarray) -> None:
    distribution = distribution_of(values)
    counts = [0] * len(distribution.shares)
    for value in values.tolist():
        counts[distribution.bin_of(value)] += 1
    assert [count / len(values) for count in counts] == pytest.approx(distribution.shares)
    assert distribution.stability_index(counts) == pytest.approx(0, abs=1e-9)
    assert len(distribution.edges) <= 10


def test_a_smooth_number_has_ten_bins_of_equal_shares() -> None:
    values = np.random.default_rng(1).lognormal(3, 2, 10_000).astype(np.float32)
    shares = distribution_of(values).shares
    assert shares == pytest.approx([0.1] * 10 + [0], abs=0.001)


def test_a_number_of_few_values_has_a_bin_for_each() -> None:
    values = np.float32([0] * 97 + [1] * 2 + [7])
    distribution = distribution_of(values)
    assert distribution.edges == (1, 7)
    assert distribution.shares == (0.97, 0.02, 0.01, 0)


def test_a_number_that_is_mostly_the_lowest_has_that_apart() -> None:
    values = np.append(np.zeros(950), np.arange(1, 51)).astype(np.float32)
    distribution = distribution_of(values)
    assert distribution.shares[0] == 0.95
    assert distribution.edges[0] == 1
    assert len(distribution.edges) == 10


def test_what_is_always_missing_has_one_empty_bin() -> None:
    distribution = distribution_of(np.full(5, np.nan, dtype=np.float32))
    assert (distribution.edges, distribution.shares) == ((), (0, 1))


def test_every_feature_has_its_distribution() -> None:
    vectors = np.random.default_rng(1).normal(size=(100, len(FEATURE_NAMES))).astype(np.float32)
    vectors[:, 3] = np.nan
    found = feature_distributions(vectors)
    assert tuple(found) == FEATURE_NAMES
    assert found[FEATURE_NAMES[3]].shares == (0, 1)
    assert found[FEATURE_NAMES[4]] == distribution_of(vectors[:, 4].copy())
