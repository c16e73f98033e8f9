"""Scores that are made up, for metrics."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from sikka.fraud.training.scored import Scored
from sikka.fraud.training.stream import Texts
from tests.unit.fraud.training.payments import DAY_MS, START_MS


def texts(values: list[str | None]) -> Texts:
    different = tuple(dict.fromkeys(value for value in values if value is not None))
    codes = [-1 if value is None else different.index(value) for value in values]
    return Texts(np.array(codes, dtype=np.int32), different)


def made_scored(
    seed: int, size: int = 200, steps: int = 12, cards: int = 20, days: int = 4
) -> Scored:
    """Payments whose margins are one of some steps, so that many are equal."""
    chance = np.random.default_rng(seed)
    margins = (chance.integers(0, steps, size) * 20 / steps - 10).astype(np.float32)
    likely = 1 / (1 + np.exp(-margins.astype(np.float64)))
    frauds = chance.random(size) < likely
    frauds[:2] = True, False
    kinds = chance.choice(["theft", "mule"], size).tolist()
    rules = chance.choice(["APPROVE", "REVIEW", "DECLINE", ""], size).tolist()
    return Scored(
        frauds=frauds,
        margins=margins,
        probabilities=likely,
        amount_minor=chance.integers(0, 10_000, size),
        time_ms=START_MS + np.sort(chance.integers(0, days * DAY_MS, size)),
        cards=chance.integers(0, cards, size),
        fraud_kind=texts([k if fraud else None for k, fraud in zip(kinds, frauds, strict=True)]),
        rules_decision=texts([each or None for each in rules]),
        truth=frauds | (chance.random(size) < 0.05),
    )


SCORED = st.builds(
    made_scored,
    st.integers(0, 2**32),
    st.integers(2, 120),
    st.sampled_from([2, 5, 1_000]),
    st.integers(1, 40),
    st.integers(1, 5),
)
