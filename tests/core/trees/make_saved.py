"""Trains the small models of `saved/` with the XGBoost that is installed beside this script.

The models were made by three releases, each in an environment of its own with nothing but
`xgboost==1.7.6` (or `xgboost==2.1.4`, `xgboost-cpu==3.2.0`), numpy and scipy:

    python -m venv old
    old/bin/pip install xgboost==1.7.6 'numpy<2' scipy
    old/bin/python tests/core/trees/make_saved.py

It writes `saved/<version>/<model>.json` and, for those whose shape differs, the same model as
`.ubj`; and `saved/<version>/predictions.npz`: the rows, and for each model what that release's own
DMatrix prediction says of them, as `<model>/margins` and `<model>/outputs`, with the trees up to
best_iteration where training stopped early. `stopped/all` is with every tree.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import xgboost

SAVED = Path(__file__).parent / "saved"
ROWS = 48
# The features of the categorical models: two categories and two quantities.
TYPES = ["c", "q", "c", "q"]
NAMES = ["merchant", "amount", "device", "hour"]

# These differ by their objective alone, and are kept in one form.
JSON_ONLY = {"base_score", "tiny_base_score", "poisson", "hinge", "logitraw", "ranking", "one_hot"}

Parameters = dict[str, Any]


def numbers(generator: np.random.Generator, count: int) -> np.ndarray:
    """Rows of four quantities, some missing, some as large as float32 goes."""
    rows = generator.normal(size=(count, 4)).astype(np.float32)
    rows[:, 3] = np.round(rows[:, 3] * 2) / 2
    rows[generator.random(rows.shape) < 0.1] = np.nan
    rows[0], rows[1], rows[2] = 3.4e38, -3.4e38, np.nan
    return rows


def categories(generator: np.random.Generator, count: int) -> np.ndarray:
    """Rows for TYPES; the first feature has 40 categories, so that a set fills two words."""
    rows = numbers(generator, count)
    rows[3:, 0] = generator.integers(0, 40, count - 3)
    rows[3:, 2] = generator.integers(0, 3, count - 3)
    rows[generator.random(count) < 0.1, 0] = np.nan
    rows[:3, [0, 2]] = np.nan
    return rows


def hostile_categories(rows: np.ndarray) -> np.ndarray:
    """The same rows, the first ones with categories that no training row had."""
    hostile = rows.copy()
    strange = [-1.0, -0.5, -0.0, 0.5, 2.9, 39.0, 40.0, 63.0, 64.0, 1e3, 2.0**24, 2.0**31, 3e38]
    hostile[: len(strange), 0] = strange
    return hostile


def plain_models() -> Iterator[tuple[str, Parameters, int]]:
    """The name, the parameters and the rounds of each model over four quantities."""
    logistic = {"objective": "binary:logistic", "max_depth": 2}
    stump = {"max_depth": 2, "gamma": 1e9}
    yield "logistic", logistic, 4
    yield "deep", {**logistic, "max_depth": 5}, 2
    yield "base_score", {**logistic, "base_score": 0.01}, 3
    yield "tiny_base_score", {**logistic, "base_score": 1e-7}, 3
    yield "forest", {**logistic, "num_parallel_tree": 3, "subsample": 0.7}, 2
    yield "dart", {**logistic, "booster": "dart", "rate_drop": 0.5, "one_drop": 1}, 4
    yield "pruned", {**logistic, "tree_method": "exact", "max_depth": 4, "gamma": 9.0}, 2
    yield "one_node", {"objective": "reg:squarederror", "tree_method": "exact", **stump}, 2
    yield "poisson", {"objective": "count:poisson", "max_depth": 2}, 3
    yield "hinge", {"objective": "binary:hinge", "max_depth": 2}, 3
    yield "logitraw", {"objective": "binary:logitraw", "max_depth": 2, "base_score": 0.3}, 3
    yield "ranking", {"objective": "rank:pairwise", "max_depth": 2, "base_score": 0.5}, 3


def train_plain(parameters: Parameters, rounds: int, rows: np.ndarray) -> xgboost.Booster:
    """A model of labels that lean on all features."""
    known = np.nan_to_num(np.clip(rows, -9, 9))
    labels = (known[:, 0] + known[:, 1] * known[:, 2] + known[:, 3] > 0.2).astype(np.float32)
    data = xgboost.DMatrix(rows, labels)
    if parameters["objective"] == "rank:pairwise":
        data.set_group([20] * (len(rows) // 20))
    return xgboost.train({**parameters, "seed": 7, "nthread": 1}, data, rounds)


def train_stopped(rows: np.ndarray) -> xgboost.Booster:
    """A model that learned noise, so that its training stopped early with trees to spare."""
    generator = np.random.default_rng(8)
    labels = (np.nan_to_num(rows[:, 0]) + generator.normal(size=len(rows)) > 0).astype(np.float32)
    half = len(rows) // 2
    parameters = {"objective": "binary:logistic", "max_depth": 2, "eta": 0.9, "seed": 2}
    return xgboost.train(
        {**parameters, "nthread": 1, "num_parallel_tree": 2, "subsample": 0.8},
        xgboost.DMatrix(rows[:half], labels[:half]),
        30,
        evals=[(xgboost.DMatrix(rows[half:], labels[half:]), "test")],
        early_stopping_rounds=2,
        verbose_eval=False,
    )


def train_categorical(one_hot: int, rows: np.ndarray) -> xgboost.Booster:
    """A model whose splits are sets of categories, or single ones up to `one_hot` categories."""
    parameters = {"objective": "binary:logistic", "max_depth": 3, "max_cat_to_onehot": one_hot}
    # Release 1.7 knows no sets of categories with its histograms.
    method = "approx" if xgboost.__version__.startswith("1.") else "hist"
    labels = np.isin(np.nan_to_num(rows[:, 0]) % 7, [1, 3, 6]) ^ (rows[:, 2] == 1)
    data = categorical_matrix(rows, labels.astype(np.float32))
    return xgboost.train({**parameters, "tree_method": method, "nthread": 1}, data, 3)


def categorical_matrix(rows: np.ndarray, labels: np.ndarray | None = None) -> xgboost.DMatrix:
    """Rows of TYPES as XGBoost takes them."""
    return xgboost.DMatrix(
        rows, labels, feature_types=TYPES, feature_names=NAMES, enable_categorical=True
    )


def main() -> None:
    """Trains, saves and predicts."""
    folder = SAVED / xgboost.__version__
    folder.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(20)
    training, rows = numbers(generator, 240), numbers(generator, ROWS)
    training_categories = categories(generator, 400)
    strange_rows = hostile_categories(categories(generator, ROWS))
    models = {name: train_plain(some, count, training) for name, some, count in plain_models()}
    models["stopped"] = train_stopped(training)
    models["sets"] = train_categorical(1, training_categories)
    models["one_hot"] = train_categorical(100, training_categories)
    predictions = {"rows": rows, "categories": strange_rows}
    for name, model in models.items():
        for form in ("json",) if name in JSON_ONLY else ("json", "ubj"):
            model.save_model(folder / f"{name}.{form}")
        strange = name in {"sets", "one_hot"}
        data = categorical_matrix(strange_rows) if strange else xgboost.DMatrix(rows)
        end = model.best_iteration + 1 if name == "stopped" else 0
        for kind, is_margin in (("margins", True), ("outputs", False)):
            predictions[f"{name}/{kind}"] = model.predict(
                data, output_margin=is_margin, iteration_range=(0, end)
            )
    predictions["stopped/all"] = models["stopped"].predict(
        xgboost.DMatrix(rows), output_margin=True
    )
    np.savez_compressed(folder / "predictions.npz", **predictions)


if __name__ == "__main__":
    main()
