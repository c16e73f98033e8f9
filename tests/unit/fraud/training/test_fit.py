from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
import xgboost
from sklearn.metrics import average_precision_score, log_loss

from sikka.domain.errors import InvalidRequest, UnprocessableRequest
from sikka.fraud.training.fit import Examples, check_margins, fit
from sikka.fraud.training.replay import replay
from sikka.fraud.training.settings import FitSettings
from sikka_core import FEATURE_NAMES, SCHEMA_VERSION, Model
from tests.unit.fraud.training.payments import DELAY_MS, columns, stream

SETTINGS = FitSettings(rounds_max=30, early_stopping_rounds=5)


@pytest.fixture(scope="module")
def halves() -> tuple[Examples, Examples]:
    payments = stream(columns(payments=4_000))
    vectors = replay(payments, label_delay_ms=DELAY_MS)
    frauds = payments.fraud == 1
    return Examples(vectors[:2_500], frauds[:2_500]), Examples(vectors[2_500:], frauds[2_500:])


def test_the_same_examples_give_the_same_model_to_the_byte(
    halves: tuple[Examples, Examples],
) -> None:
    models = [fit(halves[0], SETTINGS, halves[1]).model for _ in range(2)]
    assert models[0].to_bytes() == models[1].to_bytes()
    sampled = FitSettings(rounds_max=10, subsample=0.5, colsample_bytree=0.5, seed=7)
    models = [fit(halves[0], sampled).model for _ in range(2)]
    assert models[0].to_bytes() == models[1].to_bytes()
    other = fit(halves[0], FitSettings(rounds_max=10, subsample=0.5, colsample_bytree=0.5, seed=8))
    assert other.model.checksum != models[0].checksum


def test_a_model_is_bound_to_the_schema_and_knows_its_features(
    halves: tuple[Examples, Examples],
) -> None:
    fitted = fit(halves[0], SETTINGS, halves[1])
    assert fitted.model.schema_version == SCHEMA_VERSION
    assert fitted.model.feature_names == FEATURE_NAMES
    assert fitted.model.link == "logistic"
    assert sum(fitted.gain.values()) == pytest.approx(1)
    assert set(fitted.gain) <= set(FEATURE_NAMES)


def test_growing_stops_early_only_by_the_validation(halves: tuple[Examples, Examples]) -> None:
    train, validation = halves
    shuffled = Examples(validation.vectors, np.random.default_rng(1).permutation(validation.frauds))
    assert fit(train, SETTINGS, shuffled).model.tree_count < 30
    assert fit(train, SETTINGS).model.tree_count == 30
    patient = FitSettings(rounds_max=30, early_stopping_rounds=None)
    assert fit(train, patient, shuffled).model.tree_count == 30


@pytest.mark.parametrize("stop_by", ["logloss", "aucpr"])
def test_growing_stops_where_the_validation_is_at_its_best(
    halves: tuple[Examples, Examples], stop_by: Literal["logloss", "aucpr"]
) -> None:
    train, validation = halves
    patient = FitSettings(rounds_max=80, learning_rate=0.3, early_stopping_rounds=80)
    best = fit(train, replace(patient, stop_by=stop_by), validation).model.tree_count
    rows = xgboost.DMatrix(validation.vectors, feature_names=list(FEATURE_NAMES))
    whole = xgboost.train(
        replace(patient, stop_by=stop_by).parameters(),
        xgboost.DMatrix(train.vectors, train.frauds, feature_names=list(FEATURE_NAMES)),
        80,
    )
    said = [whole.predict(rows, iteration_range=(0, count)) for count in range(1, 81)]
    if stop_by == "logloss":
        figures = [-log_loss(validation.frauds, each.astype(np.float64)) for each in said]
    else:
        figures = [average_precision_score(validation.frauds, each) for each in said]
    assert figures[best - 1] == pytest.approx(max(figures), abs=0.01)
    assert best < 80


def test_the_trees_of_a_round_share_its_step(halves: tuple[Examples, Examples]) -> None:
    train, validation = halves
    one = FitSettings(rounds_max=10, learning_rate=0.3, subsample=0.5)
    several = replace(one, num_parallel_tree=8)
    models = [fit(train, settings).model for settings in (one, several)]
    assert [model.tree_count for model in models] == [10, 80]
    highest = [np.max(model.score_many(validation.vectors, margin=True)) for model in models]
    assert highest[1] == pytest.approx(highest[0], rel=0.5)
    stopped = fit(train, replace(several, early_stopping_rounds=1), validation).model
    assert stopped.tree_count % 8 == 0


def test_both_ways_to_grow_learn_what_shows(halves: tuple[Examples, Examples]) -> None:
    for method in ("hist", "exact"):
        settings = FitSettings(rounds_max=20, tree_method=method)
        model = fit(halves[0], settings).model
        scores = np.asarray(model.score_many(halves[1].vectors))
        assert scores[halves[1].frauds].mean() > 5 * scores[~halves[1].frauds].mean()


def test_a_margin_never_falls_with_a_feature_that_must_raise_it(
    halves: tuple[Examples, Examples],
) -> None:
    way = {"amount": 1, "user_gap_s": -1}
    model = fit(halves[0], FitSettings(rounds_max=20, monotone=way)).model
    for name, sign in way.items():
        rows = np.repeat(halves[1].vectors[:50], 40, axis=0)
        rows[:, FEATURE_NAMES.index(name)] = np.tile(np.geomspace(10, 1e7, 40), 50)
        margins = np.asarray(model.score_many(rows, margin=True)).reshape(50, 40)
        assert (sign * np.diff(margins, axis=1) >= 0).all()


def test_trees_ask_for_the_features_of_the_settings_and_no_other(
    halves: tuple[Examples, Examples],
) -> None:
    few = ("user_gap_s", "amount")
    fitted = fit(halves[0], FitSettings(rounds_max=20, features=few), halves[1])
    assert set(fitted.gain) == set(few)
    assert fitted.model.feature_names == FEATURE_NAMES
    others = halves[1].vectors.copy()
    hidden = [place for place, name in enumerate(FEATURE_NAMES) if name not in few]
    others[:, hidden] = np.random.default_rng(2).normal(size=(len(others), len(hidden)))
    assert list(fitted.model.score_many(others)) == list(fitted.model.score_many(halves[1].vectors))


def test_margins_that_are_not_xgboosts_are_refused(halves: tuple[Examples, Examples]) -> None:
    train = halves[0]
    names = list(FEATURE_NAMES)
    matrix = xgboost.DMatrix(train.vectors, train.frauds, feature_names=names)
    boosters = [
        xgboost.train({"objective": "binary:logistic", "nthread": 1}, matrix, rounds)
        for rounds in (3, 4)
    ]
    models = [Model.from_xgboost(booster.save_raw("ubj")) for booster in boosters]
    check_margins(models[0], boosters[0], train.vectors)
    with pytest.raises(UnprocessableRequest, match="margins are not XGBoost's"):
        check_margins(models[0], boosters[1], train.vectors)


@pytest.mark.parametrize("fraud", [True, False])
def test_learning_needs_both_kinds_of_payments(
    halves: tuple[Examples, Examples], fraud: bool
) -> None:
    alike = Examples(halves[0].vectors, np.full(len(halves[0].frauds), fraud))
    with pytest.raises(InvalidRequest, match="^the training period has 2500 labelled payments and"):
        fit(alike, SETTINGS, halves[1])
    with pytest.raises(InvalidRequest, match="^the validation period has .* take a longer period$"):
        fit(halves[0], SETTINGS, alike)


@pytest.mark.parametrize(
    ("ways", "message"),
    [({"colour": 1}, "colour is no feature"), ({"amount": 2}, "amount must be 1 or -1")],
)
def test_a_way_that_is_none_is_refused(ways: dict[str, int], message: str) -> None:
    with pytest.raises(InvalidRequest, match=f"^monotone: {message}$"):
        FitSettings(monotone=ways)


@pytest.mark.parametrize(
    ("features", "message"),
    [((), "must not be empty"), (("amount", "colour"), "colour is no feature")],
)
def test_features_that_are_none_are_refused(features: tuple[str, ...], message: str) -> None:
    with pytest.raises(InvalidRequest, match=f"^features: {message}$"):
        FitSettings(features=features)


def test_only_growing_by_bins_names_how_many() -> None:
    assert "max_bin" not in FitSettings(tree_method="exact").parameters()
    parameters = FitSettings(monotone={"amount": 1}).parameters()
    assert parameters["max_bin"] == 4_096
    assert parameters["nthread"] == 1
    assert parameters["monotone_constraints"].startswith("(1,0,0,")
