"""The feature vector of a payment by the names of its schema."""

from __future__ import annotations

from sikka_core import FEATURE_NAMES


def named(vector: memoryview) -> dict[str, float]:
    """The features of a vector (len(SCHEMA),) float32 by name; a missing one is absent.

    The numbers are those of the vector to the bit, as float64.
    """
    return {
        name: value
        for name, value in zip(FEATURE_NAMES, vector.tolist(), strict=True)
        if value == value  # noqa: PLR0124 - a missing feature is NaN, which equals nothing.
    }
