"""The shares of the features are Shapley values, and add up to the margin."""

from __future__ import annotations

import itertools
import json
import math
from array import array

import numpy as np
import pytest
import xgboost

from sikka_core import MalformedError, Model, ModelError
from tests.core.trees.random_models import COUNT, plan, trained

# Models whose margins a sum can be compared to; the others reach 1e30 and more.
TAME = [seed for seed in range(0, COUNT, 3) if plan(seed).scale == 1.0]
JUDGED = [seed for seed in TAME if plan(seed).parameters["booster"] == "gbtree"]


def name_of(seed: int) -> str:
    return plan(seed).name


@pytest.mark.parametrize("seed", TAME, ids=name_of)
def test_contributions_and_bias_add_up_to_the_margin(seed: int) -> None:
    judge = trained(seed)
    model = Model.from_xgboost(judge.ubj)
    for row, margin in zip(judge.rows[:6], judge.margins, strict=False):
        shares = model.contributions(row)
        assert len(shares) == model.feature_count + 1
        # The margin was rounded once a tree, the shares add up in float64.
        scale = sum(map(abs, shares)) + abs(model.base_margin)
        assert abs(math.fsum(shares) - margin) <= scale * (model.tree_count + 1) * 2.0**-23


@pytest.mark.parametrize("seed", JUDGED, ids=name_of)
def test_contributions_are_those_of_xgboost(seed: int) -> None:
    judge = trained(seed)
    drawn = judge.plan
    model = Model.from_xgboost(judge.ubj)
    booster = xgboost.Booster({"nthread": 1}, model_file=bytearray(judge.ubj))
    types = ["cq"[place % 2] for place in range(drawn.feature_count)] if drawn.categorical else None
    rows = judge.rows[:6]
    data = xgboost.DMatrix(rows, feature_types=types, enable_categorical=drawn.categorical)
    rounds = model.tree_count // drawn.parameters["num_parallel_tree"]
    theirs = booster.predict(data, pred_contribs=True, iteration_range=(0, rounds))
    for row, expected in zip(rows, theirs, strict=True):
        # XGBoost adds them up in float32.
        tolerance = 2e-5 * (1 + float(np.abs(expected).sum()))
        assert model.contributions(row) == pytest.approx(expected, abs=tolerance)


# Brute force -------------------------------------------------------------------------------------


def expectation(tree: dict[str, list[float]], row: np.ndarray, given: frozenset[int]) -> float:
    """The mean of the leaves that a row can reach when only the features `given` are known."""

    def below(node: int) -> float:
        left, right = int(tree["left_children"][node]), int(tree["right_children"][node])
        if left == -1:
            return float(np.float32(tree["split_conditions"][node]))
        feature = int(tree["split_indices"][node])
        if feature in given:
            value = row[feature]
            goes_left = (
                tree["default_left"][node]
                if np.isnan(value)
                else (value < np.float32(tree["split_conditions"][node]))
            )
            return below(left if goes_left else right)
        covers = np.array(tree["sum_hessian"], np.float32).astype(float)
        weighted = covers[left] * below(left) + covers[right] * below(right)
        return weighted / (covers[left] + covers[right])

    return below(0)


def shapley_values(trees: list[dict[str, list[float]]], row: np.ndarray) -> list[float]:
    """Every feature's share by the definition, over all sets of the other features."""
    count = len(row)
    shares = []
    for feature in range(count):
        others = [other for other in range(count) if other != feature]
        share = 0.0
        for size in range(count):
            weight = math.factorial(size) * math.factorial(count - size - 1) / math.factorial(count)
            for chosen in map(frozenset, itertools.combinations(others, size)):
                share += weight * sum(
                    expectation(tree, row, chosen | {feature}) - expectation(tree, row, chosen)
                    for tree in trees
                )
        shares.append(share)
    return shares


@pytest.mark.parametrize("seed", range(12))
def test_contributions_are_shapley_values_by_their_definition(seed: int) -> None:
    draw = np.random.default_rng(seed)
    count = 2 + seed % 3
    rows = np.round(draw.normal(size=(150, count)) * 4).astype(np.float32) / 4
    rows[draw.random(rows.shape) < 0.1] = np.nan
    labels = np.nan_to_num(rows) @ draw.normal(size=count) + np.nan_to_num(rows[:, 0]) ** 2
    parameters = {"max_depth": 2 + seed % 5, "min_child_weight": 0, "nthread": 1}
    booster = xgboost.train(parameters, xgboost.DMatrix(rows, labels), 1 + seed % 4)
    saved = bytes(booster.save_raw("json"))
    model = Model.from_xgboost(saved)
    trees = json.loads(saved)["learner"]["gradient_booster"]["model"]["trees"]
    for row in rows[:4]:
        *shares, bias = model.contributions(row)
        assert shares == pytest.approx(shapley_values(trees, row), abs=1e-9)
        nothing = sum(expectation(tree, row, frozenset()) for tree in trees)
        assert bias == pytest.approx(model.base_margin + nothing, abs=1e-9)


# Odd trees ---------------------------------------------------------------------------------------


def chain(length: int, *, feature_count: int) -> Model:
    """One tree that is a path: each node asks for the next feature and leads on to the right."""
    left = [node + 1 if node % 2 == 0 else -1 for node in range(2 * length)] + [-1]
    right = [node + 2 if node % 2 == 0 else -1 for node in range(2 * length)] + [-1]
    count = len(left)
    return Model.from_nodes(
        tree_sizes=array("i", [count]),
        left=array("i", left),
        right=array("i", right),
        feature=array("i", [node // 2 % feature_count for node in range(count)]),
        threshold=array("f", [0.0] * count),
        default_left=array("B", [1] * count),
        value=array("f", [float(node % 5) for node in range(count)]),
        cover=array("f", [float(count - node) for node in range(count)]),
        feature_count=feature_count,
        base_margin=0.5,
        link="identity",
    )


@pytest.mark.parametrize(("length", "features"), [(1, 1), (30, 30), (120, 120), (120, 3)])
def test_long_paths_add_up_too(length: int, features: int) -> None:
    model = chain(length, feature_count=features)
    for value in (1.0, -1.0, math.nan):
        shares = model.contributions([value] * features)
        assert math.fsum(shares) == pytest.approx(model.margin([value] * features), abs=1e-6)


def test_a_feature_that_no_tree_asks_for_has_no_share() -> None:
    model = chain(2, feature_count=5)
    assert model.contributions([1.0] * 5)[2:5] == [0.0, 0.0, 0.0]


def test_contributions_do_not_depend_on_how_the_row_is_held() -> None:
    judge = trained(0)
    model = Model.from_xgboost(judge.ubj)
    row = judge.rows[0]
    expected = model.contributions(row)
    assert model.contributions(row.tolist()) == expected
    assert model.contributions(row.astype(np.float64)) == expected
    assert model.contributions(np.repeat(row, 2)[::2]) == expected


def test_a_row_of_another_length_is_refused() -> None:
    model = chain(2, feature_count=3)
    for row in ([1.0] * 2, [1.0] * 4, []):
        with pytest.raises(MalformedError):
            model.contributions(row)


@pytest.mark.parametrize("cover", [math.nan, math.inf, -1.0])
def test_a_model_without_weights_scores_and_has_no_contributions(cover: float) -> None:
    model = Model.from_nodes(
        tree_sizes=array("i", [3]),
        left=array("i", [1, -1, -1]),
        right=array("i", [2, -1, -1]),
        feature=array("i", [0, 0, 0]),
        threshold=array("f", [0.5, 0, 0]),
        default_left=array("B", [1, 0, 0]),
        value=array("f", [0, -1.0, 1.0]),
        cover=array("f", [2.0, cover, 1.0]),
        feature_count=1,
        base_margin=0.0,
        link="identity",
    )
    assert Model.from_bytes(model.to_bytes()).margin([0.7]) == 1.0
    with pytest.raises(ModelError, match=r"^the covers of the model are no weights"):
        model.contributions([0.7])
