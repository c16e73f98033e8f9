"""Chance as whole numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sikka_sim.stream.draws import (
    PPM,
    Draws,
    cumulative,
    hashed,
    lognormal_ppm,
    times_ppm,
    within,
)


def draws(seed: int = 1) -> Draws:
    return Draws(np.random.SeedSequence(seed))


@pytest.mark.parametrize("sigma", [0.0, 0.5, 1.2])
def test_a_table_has_the_median_and_the_spread_of_its_distribution(sigma: float) -> None:
    table = lognormal_ppm(sigma)
    assert abs(np.median(table) / PPM - 1) < 0.001
    assert abs(np.log(table / PPM).std() - sigma) < 0.01
    assert (np.diff(table) >= 0).all()


def test_chances_and_weights_are_met() -> None:
    assert abs(draws().chance(0.3, 100_000).mean() - 0.3) < 0.01
    picked = np.bincount(draws().pick(cumulative([1, 0, 3]), 100_000), minlength=3)
    assert picked[1] == 0
    assert abs(picked[2] / 100_000 - 0.75) < 0.01
    shares = np.array([0, PPM // 2, PPM]).repeat(10_000)
    happened = draws().chance(shares, 30_000).reshape(3, -1).mean(axis=1)
    assert happened[0] == 0
    assert happened[2] == 1
    assert abs(happened[1] - 0.5) < 0.03


def test_a_hash_is_even_and_depends_on_every_part_and_its_place() -> None:
    numbers = np.arange(100_000)
    counts = np.bincount(within(hashed(numbers, 3), 10), minlength=10)
    assert abs(counts / 10_000 - 1).max() < 0.05
    assert (hashed(numbers, 3) == hashed(numbers, 3)).all()
    assert (hashed(numbers, 3) == hashed(numbers, 4)).mean() < 0.001
    assert (hashed(numbers, 3) == hashed(3, numbers)).mean() < 0.001


@given(st.integers(0, 2**33), st.lists(st.integers(0, 2**62), max_size=5))
def test_no_product_leaves_64_bits(amount: int, factors: list[int]) -> None:
    product = times_ppm(np.array([amount]), *(np.array([factor]) for factor in factors))
    assert 0 <= product[0] <= 2**33


@given(st.integers(0, 10**6), st.integers(0, 10 * PPM))
def test_a_product_is_rounded_down(amount: int, factor: int) -> None:
    assert times_ppm(np.array([amount]), factor)[0] == amount * factor // PPM


@given(st.lists(st.integers(1, 2**31 - 1), min_size=1, max_size=20), st.integers(0, 2**32))
def test_what_is_drawn_is_below_its_bound(bounds: list[int], seed: int) -> None:
    drawn = draws(seed).below_each(np.array(bounds))
    assert (drawn >= 0).all()
    assert (drawn < np.array(bounds)).all()
