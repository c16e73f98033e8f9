"""How features and scores are distributed in training, in bins that are easy to count live."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sikka.fraud.models.distribution import Distribution
from sikka_core import FEATURE_NAMES

BINS = 10
# With fewer edges than this nearly all values are equal, and the others are looked at apart.
EDGES_MIN = 3


def distribution_of(values: NDArray[np.floating]) -> Distribution:
    """The distribution of a number in bins of equal shares, as far as equal values allow.

    A number of at most ten different values has a bin for each. Where most values are the lowest
    one, this has a bin of its own and the others are divided.

    Args:
        values: (n,) floats, n > 0; NaN is missing.
    """
    there = values[~np.isnan(values)]
    edges = _edges(there)
    bins = np.searchsorted(edges, there, side="right")
    counts = np.append(np.bincount(bins, minlength=len(edges) + 1), len(values) - len(there))
    shares = tuple((counts / len(values)).tolist())
    return Distribution(tuple(edges.astype(np.float64).tolist()), shares)


def feature_distributions(vectors: NDArray[np.float32]) -> dict[str, Distribution]:
    """The distribution of every feature.

    Args:
        vectors: (n, len(FEATURE_NAMES)) float32, n > 0.
    """
    columns = zip(FEATURE_NAMES, vectors.T, strict=True)
    return {name: distribution_of(np.ascontiguousarray(column)) for name, column in columns}


def _edges(there: NDArray[np.floating]) -> NDArray[np.floating]:
    if len(there) == 0:
        return there
    different = np.unique(there)
    if len(different) <= BINS:
        return different[1:]
    edges = _quantiles(there)
    if len(edges) < EDGES_MIN:
        above = there[there > different[0]]
        edges = np.unique(np.append(different[1], _quantiles(above)))
    return edges


def _quantiles(values: NDArray[np.floating]) -> NDArray[np.floating]:
    """Values that divide the others into equal shares, without the lowest value."""
    quantiles = np.quantile(values, np.arange(1, BINS) / BINS, method="inverted_cdf")
    return np.unique(quantiles[quantiles > values.min()])
