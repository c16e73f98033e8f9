from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sikka.fraud.training.reliability import brier, reliability_of
from sikka.fraud.training.scored import Scored
from tests.unit.fraud.training.judged import SCORED, made_scored


@given(SCORED, st.integers(1, 30))
@settings(deadline=None)
def test_groups_hold_every_payment_once_and_the_error_is_their_weighted_gap(
    scored: Scored, bins: int
) -> None:
    groups = reliability_of(scored, bins)
    assert groups.payments.sum() == len(scored)
    assert (groups.payments > 0).all()
    assert (np.diff(groups.expected) > 0).all()
    assert (groups.actual * groups.payments).sum() == pytest.approx(scored.frauds.sum())
    assert (groups.expected * groups.payments).sum() == pytest.approx(scored.probabilities.sum())
    gaps = np.abs(groups.actual - groups.expected) * groups.payments
    assert groups.error == pytest.approx(gaps.sum() / len(scored))
    assert abs(scored.frauds.mean() - scored.probabilities.mean()) <= groups.error + 1e-12


def test_groups_are_equally_wide_in_log_odds() -> None:
    scored = made_scored(1, size=8, steps=8)
    log_odds = np.array([-8.0, -7.9, -4.1, -3.9, 0.1, 3.9, 4.1, 8.0])
    scored = replace(scored, probabilities=1 / (1 + np.exp(-log_odds)))
    assert reliability_of(scored, 4).payments.tolist() == [3, 1, 2, 2]


def test_one_probability_for_all_is_one_group() -> None:
    scored = made_scored(1, size=50)
    same = replace(scored, probabilities=np.full(50, 0.25))
    groups = reliability_of(same)
    assert groups.payments.tolist() == [50]
    assert groups.error == pytest.approx(abs(scored.base_rate - 0.25))


@given(SCORED)
@settings(deadline=None)
def test_brier_is_the_mean_squared_difference(scored: Scored) -> None:
    assert brier(scored) == pytest.approx(np.mean((scored.probabilities - scored.frauds) ** 2))
