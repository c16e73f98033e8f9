from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from sikka.domain.errors import InvalidRequest
from sikka.fraud.training.calibrate import calibrate
from sikka.fraud.training.scored import probabilities_of


def drawn(
    seed: int, size: int, stretch: float, shift: float
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Margins, and frauds whose log-odds are `stretch` times the margin, and `shift` more."""
    chance = np.random.default_rng(seed)
    margins = chance.normal(-4, 2, size).astype(np.float32)
    likely = 1 / (1 + np.exp(-(stretch * margins.astype(np.float64) + shift)))
    return margins, chance.random(size) < likely


@pytest.mark.parametrize(("size", "method"), [(60_000, "isotonic"), (1_000, "platt")])
def test_probabilities_mean_what_they_say_on_payments_that_they_were_not_fitted_on(
    size: int, method: str
) -> None:
    calibration = calibrate(*drawn(1, size, 0.7, -0.5))
    assert calibration.method == method
    margins, frauds = drawn(2, 200_000, 0.7, -0.5)
    told = probabilities_of(calibration, margins)
    groups = np.digitize(told, np.quantile(told, np.linspace(0, 1, 11)[1:-1]))
    for group in range(10):
        of_group = groups == group
        assert told[of_group].mean() == pytest.approx(frauds[of_group].mean(), rel=0.3, abs=0.006)


def test_many_probabilities_are_those_of_one_at_a_time() -> None:
    for size in (2_000, 60_000):
        margins, frauds = drawn(3, size, 1, 0)
        calibration = calibrate(margins, frauds)
        wide = np.concatenate([margins[:500], np.float32([-1e9, -70, 70, 1e9])])
        singly = [calibration.probability(float(margin)) for margin in wide]
        assert probabilities_of(calibration, wide) == pytest.approx(singly, rel=1e-12)


def test_a_straight_line_is_the_one_of_greatest_likelihood() -> None:
    margins, frauds = drawn(4, 3_000, 0.8, 0.3)
    frauds &= np.cumsum(frauds) < 100
    calibration = calibrate(margins, frauds)
    assert calibration.method == "platt"
    (low, high), (bottom, top) = calibration.margins, calibration.log_odds
    slope = (top - bottom) / (high - low)
    # Weighted rows make scikit-learn fit Platt's targets.
    count, others = frauds.sum(), (~frauds).sum()
    targets = np.where(frauds, (count + 1) / (count + 2), 1 / (others + 2))
    twice = np.concatenate([margins, margins])[:, None].astype(np.float64)
    judge = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1_000).fit(
        twice,
        np.repeat([1, 0], len(margins)),
        sample_weight=np.concatenate([targets, 1 - targets]),
    )
    assert slope == pytest.approx(judge.coef_[0, 0], rel=1e-4)
    assert bottom - slope * low == pytest.approx(judge.intercept_[0], rel=1e-4)


@given(st.integers(0, 2**32), st.integers(110, 2_000), st.booleans())
@settings(deadline=None, max_examples=60)
def test_the_order_of_margins_is_kept_whatever_the_data(seed: int, size: int, coarse: bool) -> None:
    chance = np.random.default_rng(seed)
    margins = chance.normal(0, 3, size).astype(np.float32)
    if coarse:
        margins = np.round(margins)
    frauds = chance.random(size) < chance.random() * 0.9 + 0.05
    frauds[:2] = True, False
    try:
        calibration = calibrate(margins, frauds)
    except InvalidRequest:
        # By chance, fraud is not more likely where the margin is higher.
        assert margins[frauds].mean() < margins[~frauds].mean() + 1
        return
    ordered = np.unique(margins)
    told = probabilities_of(calibration, ordered)
    assert (np.diff(told) > 0).all()
    assert ((told > 0) & (told < 1)).all()


def test_the_groups_together_expect_as_many_frauds_as_there_are() -> None:
    margins, frauds = drawn(5, 50_000, 1.2, -1)
    told = probabilities_of(calibrate(margins, frauds), margins)
    assert told.sum() == pytest.approx(frauds.sum(), rel=0.1)


@pytest.mark.parametrize("fraud", [True, False])
def test_it_takes_frauds_and_others(fraud: bool) -> None:
    margins = np.arange(10, dtype=np.float32)
    with pytest.raises(InvalidRequest, match="^calibration needs frauds and other payments"):
        calibrate(margins, np.full(10, fraud))


@pytest.mark.parametrize("size", [300, 5_000])
def test_a_model_that_ranks_the_wrong_way_is_refused(size: int) -> None:
    margins = np.linspace(-3, 3, size, dtype=np.float32)
    with pytest.raises(InvalidRequest, match="it has learnt nothing that lasts"):
        calibrate(margins, margins < 0)


def test_margins_that_are_all_equal_are_refused() -> None:
    frauds = np.arange(500) % 2 == 0
    with pytest.raises(InvalidRequest, match="it has learnt nothing that lasts"):
        calibrate(np.zeros(500, dtype=np.float32), frauds)


def test_frauds_that_stand_apart_give_no_certainty() -> None:
    margins = np.concatenate([np.full(5_000, -3), np.full(150, 3)]).astype(np.float32)
    calibration = calibrate(margins, margins > 0)
    assert 1e-6 < calibration.probability(-3) < 1e-3
    assert 0.99 < calibration.probability(3) < 1 - 1e-6
