"""Every model that XGBoost makes gives the bits that XGBoost gives."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xgboost

from sikka_core import Model
from tests.core.trees import forced_path
from tests.core.trees.random_models import COUNT, Trained, plan, trained

SEEDS = [pytest.param(seed, id=plan(seed).name) for seed in range(COUNT)]
# One number a row is asked singly from Python; more of the same say nothing new.
SINGLES = 12


def bits(values: object) -> np.ndarray:
    return np.asarray(values, np.float32).view(np.uint32)


def ulps_apart(ours: np.ndarray, theirs: np.ndarray) -> int:
    """How many float32 numbers lie between, at most; all of them are of one sign."""
    return int(np.abs(bits(ours).astype(np.int64) - bits(theirs)).max())


def test_there_are_enough_models_and_every_kind_is_among_them() -> None:
    plans = [plan(seed) for seed in range(COUNT)]
    assert len(plans) >= 300
    assert {1, 500} <= {drawn.rounds for drawn in plans}
    assert {1, 64} <= {drawn.feature_count for drawn in plans}
    assert set(range(1, 13)) == {drawn.parameters["max_depth"] for drawn in plans}
    for key, least in {"grow_policy": 30, "base_score": 100, "max_leaves": 30}.items():
        assert sum(key in drawn.parameters for drawn in plans) >= least
    for is_kind in (
        lambda drawn: drawn.categorical,
        lambda drawn: drawn.stops_early,
        lambda drawn: drawn.parameters["booster"] == "dart",
        lambda drawn: drawn.parameters["num_parallel_tree"] > 1,
        lambda drawn: drawn.parameters["gamma"] > 0,
        lambda drawn: drawn.missing > 0,
        lambda drawn: drawn.scale > 1,
    ):
        assert sum(map(is_kind, plans)) >= 15


@pytest.mark.parametrize("seed", SEEDS)
def test_a_model_gives_the_bits_of_xgboost(seed: int) -> None:
    judge = trained(seed)
    model = Model.from_xgboost(judge.ubj)
    assert model.feature_count == judge.plan.feature_count
    for rows in forced_path.layouts(judge.rows).values():
        margins = model.score_many(rows, margin=True)
        assert np.array_equal(bits(margins), bits(judge.margins))
    outputs = np.asarray(model.score_many(judge.rows))
    assert ulps_apart(outputs, judge.outputs) <= 1
    for row, margin, output in zip(judge.rows[:SINGLES], judge.margins, outputs, strict=False):
        assert bits(model.margin(row)) == bits(margin)
        assert bits(model.score(row)) == bits(output)
        assert bits(model.margin(row.astype(np.float64))) == bits(margin)
        assert bits(model.margin(row.tolist())) == bits(margin)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_model_is_the_same_by_every_way(seed: int) -> None:
    judge = trained(seed)
    written = Model.from_xgboost(judge.ubj).to_bytes()
    assert Model.from_xgboost(judge.json).to_bytes() == written
    again = Model.from_bytes(written)
    assert again.to_bytes() == written
    assert np.array_equal(bits(again.score_many(judge.rows, margin=True)), bits(judge.margins))


@pytest.mark.parametrize("path", ["avx512", "avx2", "portable"])
def test_every_path_through_the_processor_gives_the_same_bits(path: str, tmp_path: Path) -> None:
    if path not in available_paths():
        # What the processor lacks is refused with a sentence, and not taken in silence.
        assert "SIKKA_CORE_SIMD" in run("-c", "import sikka_core", path=path).stderr
        return
    judges = [trained(seed) for seed in range(COUNT)]
    for number, judge in enumerate(judges):
        (tmp_path / f"{number}.model").write_bytes(Model.from_xgboost(judge.ubj).to_bytes())
        np.save(tmp_path / f"{number}.npy", judge.rows)
    finished = run(forced_path.__file__, str(tmp_path), path=path)
    assert (finished.returncode, finished.stderr) == (0, "")
    differing = [
        judge.plan.name
        for number, judge in enumerate(judges)
        if not same_in_every_layout(np.load(tmp_path / f"{number}.margins.npy"), judge)
    ]
    assert differing == []


def same_in_every_layout(margins: np.ndarray, judge: Trained) -> bool:
    return all(np.array_equal(bits(line), bits(judge.margins)) for line in margins)


def available_paths() -> list[str]:
    return [
        path
        for path in ("avx512", "avx2", "portable")
        if run("-c", "import sikka_core", path=path).returncode == 0
    ]


def run(*arguments: str, path: str) -> subprocess.CompletedProcess[str]:
    root = Path(__file__).parents[3]
    return subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "SIKKA_CORE_SIMD": path, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )


# Values that DMatrix refuses or rounds -----------------------------------------------------------


@pytest.fixture(scope="module")
def grid_model() -> xgboost.Booster:
    """A model whose thresholds are known: all lie between quarters."""
    draw = np.random.default_rng(3)
    rows = (np.round(draw.normal(size=(400, 3)) * 4) / 4).astype(np.float32)
    rows[draw.random(rows.shape) < 0.1] = np.nan
    labels = (np.nan_to_num(rows).sum(axis=1) > 0).astype(np.float32)
    parameters = {"objective": "binary:logistic", "max_depth": 5, "tree_method": "exact"}
    return xgboost.train({**parameters, "nthread": 1}, xgboost.DMatrix(rows, labels), 20)


def test_infinities_go_where_xgboost_sends_them_in_place(grid_model: xgboost.Booster) -> None:
    model = Model.from_xgboost(bytes(grid_model.save_raw("ubj")))
    values = [np.inf, -np.inf, 1e300, -1e300, 3.4e38, np.nan, 0.0, 0.25]
    rows = np.stack(np.meshgrid(values, values, values), axis=-1).reshape(-1, 3)
    theirs = grid_model.inplace_predict(rows, predict_type="margin")
    assert np.array_equal(bits(model.score_many(rows, margin=True)), bits(theirs))
    assert [bits(model.margin(row)) for row in rows] == list(bits(theirs))


def test_a_value_at_a_threshold_goes_right_and_the_one_before_goes_left(
    grid_model: xgboost.Booster,
) -> None:
    model = Model.from_xgboost(bytes(grid_model.save_raw("ubj")))
    thresholds = grid_model.trees_to_dataframe()["Split"].dropna().astype(np.float32).unique()
    assert len(thresholds) >= 10
    around = [np.nextafter(thresholds, np.float32(end)) for end in (-np.inf, np.inf)]
    values = np.concatenate([thresholds, *around])
    rows = np.random.default_rng(5).choice(values, (500, 3))
    theirs = grid_model.predict(xgboost.DMatrix(rows), output_margin=True)
    assert np.array_equal(bits(model.score_many(rows, margin=True)), bits(theirs))


def test_doubles_are_rounded_to_float32_first(grid_model: xgboost.Booster) -> None:
    model = Model.from_xgboost(bytes(grid_model.save_raw("ubj")))
    thresholds = grid_model.trees_to_dataframe()["Split"].dropna().to_numpy(np.float64)
    # As doubles these lie below the threshold, as float32 they are equal to it.
    rows = np.repeat(np.nextafter(thresholds, -np.inf)[:, None], 3, axis=1)
    theirs = grid_model.predict(xgboost.DMatrix(rows), output_margin=True)
    assert np.array_equal(bits(model.score_many(rows, margin=True)), bits(theirs))
    assert [bits(model.margin(row)) for row in rows] == list(bits(theirs))


# Which trees count -------------------------------------------------------------------------------


@pytest.mark.parametrize("parallel", [1, 3])
def test_iterations_may_be_chosen(parallel: int) -> None:
    draw = np.random.default_rng(4)
    rows = draw.normal(size=(200, 4)).astype(np.float32)
    parameters = {"objective": "binary:logistic", "num_parallel_tree": parallel, "max_depth": 3}
    data = xgboost.DMatrix(rows, (rows[:, 0] > 0).astype(np.float32))
    booster = xgboost.train({**parameters, "nthread": 1, "subsample": 0.8}, data, 12)
    for iterations in (1, 5, 12):
        model = Model.from_xgboost(bytes(booster.save_raw("ubj")), iterations=iterations)
        assert model.tree_count == iterations * parallel
        theirs = booster.predict(data, output_margin=True, iteration_range=(0, iterations))
        assert np.array_equal(bits(model.score_many(rows, margin=True)), bits(theirs))


def test_a_classifier_that_stopped_early_is_scored_as_it_scores_itself() -> None:
    draw = np.random.default_rng(6)
    rows = draw.normal(size=(300, 4)).astype(np.float32)
    labels = (rows[:, 0] + draw.normal(size=300) > 0).astype(int)
    classifier = xgboost.XGBClassifier(
        n_estimators=60, max_depth=6, learning_rate=0.8, early_stopping_rounds=4, n_jobs=1
    )
    classifier.fit(rows[:150], labels[:150], eval_set=[(rows[150:], labels[150:])], verbose=False)
    model = Model.from_xgboost(bytes(classifier.get_booster().save_raw("ubj")))
    assert (
        model.tree_count
        == classifier.best_iteration + 1
        < classifier.get_booster().num_boosted_rounds()
    )
    theirs = classifier.predict(rows, output_margin=True)
    assert np.array_equal(bits(model.score_many(rows, margin=True)), bits(theirs))
    assert ulps_apart(np.asarray(model.score_many(rows)), classifier.predict_proba(rows)[:, 1]) <= 1
