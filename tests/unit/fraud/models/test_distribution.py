from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sikka.fraud.models.distribution import Distribution

THREE = Distribution((0.0, 10.0), (0.2, 0.5, 0.2, 0.1))


@pytest.mark.parametrize(
    ("value", "place"),
    [(-5, 0), (-0.1, 0), (0, 1), (9.9, 1), (10, 2), (math.inf, 2), (-math.inf, 0), (math.nan, 3)],
)
def test_a_value_lies_in_the_bin_above_the_edge_that_it_reaches(value: float, place: int) -> None:
    assert THREE.bin_of(value) == place


def test_the_index_is_the_sum_over_the_bins() -> None:
    counts = [10, 40, 30, 20]
    expected = sum(
        (actual - share) * math.log(actual / share)
        for actual, share in zip((0.1, 0.4, 0.3, 0.2), THREE.shares, strict=True)
    )
    assert THREE.stability_index(counts) == pytest.approx(expected)
    assert THREE.stability_index([20, 50, 20, 10]) == pytest.approx(0)


def test_an_empty_bin_counts_as_one_in_ten_thousand() -> None:
    one = Distribution((), (1.0, 0.0))
    assert one.stability_index([5, 0]) == pytest.approx(0)
    assert one.stability_index([5, 5]) == pytest.approx(
        (0.5 - 1) * math.log(0.5) + (0.5 - 1e-4) * math.log(0.5 / 1e-4)
    )


@given(st.lists(st.integers(0, 1_000), min_size=4, max_size=4).filter(any))
def test_the_index_is_never_negative_and_not_of_how_many(counts: list[int]) -> None:
    index = THREE.stability_index(counts)
    assert index >= 0
    assert THREE.stability_index([7 * count for count in counts]) == pytest.approx(index)


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ([1, 2, 3], "counts must be as many as shares"),
        ([0, 0, 0, 0], "counts must not be negative, and not all 0"),
        ([5, -1, 0, 0], "counts must not be negative, and not all 0"),
    ],
)
def test_counts_that_break_a_rule_are_refused(counts: list[int], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        THREE.stability_index(counts)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"edges": (0.0, math.inf)}, "edges must be finite"),
        ({"edges": (1.0, 1.0)}, "edges must rise from each to the next"),
        ({"edges": (1.0,)}, "shares must be two more than edges"),
        ({"shares": (0.5, 0.6, 0.0, -0.1)}, "shares must be within 0..1"),
        ({"shares": (0.5, math.nan, 0.0, 0.1)}, "shares must be within 0..1"),
        ({"shares": (0.5, 0.3, 0.0, 0.1)}, "shares must add up to 1"),
    ],
)
def test_bins_that_break_a_rule_are_refused(fields: dict[str, Any], message: str) -> None:
    whole = {"edges": (0.0, 1.0), "shares": (0.25, 0.25, 0.25, 0.25), **fields}
    with pytest.raises(ValueError, match=f"^{message}$"):
        Distribution(**whole)
