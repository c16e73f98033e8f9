"""Random numbers as integers, so that a stream is the same on every platform.

Everything is drawn as whole numbers of PCG64 and compared with whole numbers. Shares and factors
are parts per million; distributions are tables of such, computed once and rounded, so that the
last bits of a C library's exponential decide nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cache
from statistics import NormalDist
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Integers: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]

PPM = 1_000_000
FACTOR_PPM_MAX = 1_000 * PPM
PRODUCT_MAX = 1 << 33
QUANTILES = 8_192
"""How many values a table of a distribution has; its tails end at one in twice as many."""

WORD_BITS = 32
SPLIT_MULTIPLIERS = (0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
SPLIT_STEP = 0x9E3779B97F4A7C15
SPLIT_SHIFTS = (30, 27, 31)


def ppm(share: float) -> int:
    """A share or factor as parts per million."""
    return round(share * PPM)


def ppm_array(factors: Iterable[float]) -> Integers:
    """Shares or factors as parts per million."""
    return np.array([ppm(factor) for factor in factors], dtype=np.int64)


def cumulative(weights: Iterable[float]) -> Integers:
    """Running totals of weights, to draw by; at least one is to be above zero."""
    return np.cumsum(ppm_array(weights))


@cache
def lognormal_ppm(sigma: float) -> Integers:
    """Quantiles of a lognormal distribution with median 1, as parts per million."""
    normal = NormalDist()
    steps = (2 * index + 1 for index in range(QUANTILES))
    values = [ppm(math.exp(sigma * normal.inv_cdf(step / (2 * QUANTILES)))) for step in steps]
    return np.array(values, dtype=np.int64)


def times_ppm(amount: Integers, *factors: Integers | int) -> Integers:
    """Multiply by factors in parts per million, one after the other, rounding down.

    Factors above 1,000 count as that, and results above 2**33 likewise, so that no product of
    whatever parameters leaves 64 bits.
    """
    for factor in factors:
        amount = np.minimum(amount * np.minimum(factor, FACTOR_PPM_MAX) // PPM, PRODUCT_MAX)
    return amount


def hashed(*parts: Integers | int) -> Integers:
    """A number of 32 bits that is a fixed function of its parts (splitmix64 over each in turn)."""
    state: Any = np.uint64(0)
    with np.errstate(over="ignore"):
        for part in parts:
            value = np.asarray(part).astype(np.uint64) + state * np.uint64(SPLIT_STEP)
            value = value + np.uint64(SPLIT_STEP)
            for shift, multiplier in zip(SPLIT_SHIFTS, SPLIT_MULTIPLIERS, strict=False):
                value = (value ^ (value >> np.uint64(shift))) * np.uint64(multiplier)
            state = value ^ (value >> np.uint64(SPLIT_SHIFTS[-1]))
    words: Integers = np.asarray(state >> np.uint64(WORD_BITS)).astype(np.int64)
    return words


def within(words: Integers, bounds: Integers | int) -> Integers:
    """Map numbers of 32 bits to 0..bounds - 1, evenly; bounds are below 2**31."""
    scaled: Integers = (words * bounds) >> WORD_BITS
    return scaled


class Draws:
    """One source of random numbers; parts of a stream have one each.

    Arguments:
        seed: where it starts, spawned from that of the stream.
    """

    def __init__(self, seed: np.random.SeedSequence) -> None:
        self._generator = np.random.Generator(np.random.PCG64(seed))

    def below(self, bound: int, size: int) -> Integers:
        """Whole numbers in 0..bound - 1."""
        return self._generator.integers(0, bound, size, dtype=np.int64)

    def between(self, bounds: tuple[int, int], size: int) -> Integers:
        """Whole numbers within both bounds, evenly."""
        low, high = bounds
        return self._generator.integers(low, high + 1, size, dtype=np.int64)

    def skewed(self, bounds: tuple[int, int]) -> int:
        """One whole number within both bounds, small ones more often: the least of two."""
        return int(self.between(bounds, 2).min())

    def below_each(self, bounds: Integers) -> Integers:
        """One whole number below each bound; bounds are below 2**31."""
        return within(self.below(1 << WORD_BITS, len(bounds)), bounds)

    def chance(self, share: float | Integers, size: int) -> Flags:
        """True with the share, or with one share in parts per million for each."""
        limit = share if isinstance(share, np.ndarray) else ppm(share)
        flags: Flags = self.below(PPM, size) < limit
        return flags

    def happens(self, share: float) -> bool:
        """True with the share."""
        return bool(self.chance(share, 1)[0])

    def pick(self, totals: Integers, size: int) -> Integers:
        """Places in a list of weights, by its running totals."""
        drawn = self.below(int(totals[-1]), size)
        return np.searchsorted(totals, drawn, side="right").astype(np.int64)

    def name(self, weights: dict[str, float]) -> str:
        """One of the names, by weight."""
        return tuple(weights)[int(self.pick(cumulative(weights.values()), 1)[0])]

    def lognormal(self, sigma: float, size: int) -> Integers:
        """Lognormal factors with median 1, in parts per million."""
        return lognormal_ppm(sigma)[self.below(QUANTILES, size)]

    def factor(self, bounds: tuple[float, float], size: int) -> Integers:
        """Factors within both bounds, evenly, in parts per million."""
        return self.between((ppm(bounds[0]), ppm(bounds[1])), size)
