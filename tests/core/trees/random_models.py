"""XGBoost models of every kind that the core supports, each drawn from a number."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import xgboost

OBJECTIVES = [
    "binary:logistic",
    "reg:squarederror",
    "binary:logitraw",
    "count:poisson",
    "reg:logistic",
    "binary:hinge",
    "reg:gamma",
    "rank:pairwise",
    "reg:tweedie",
    "survival:cox",
    "reg:absoluteerror",
    "survival:aft",
    "reg:pseudohubererror",
    "rank:ndcg",
    "reg:squaredlogerror",
    "reg:quantileerror",
]
COUNT = 21 * len(OBJECTIVES)

# A base_score that each family of objectives can have.
BASE_SCORES = {
    "binary": [0.001, 0.3, 0.5, 0.97],
    "reg:logistic": [1e-7, 0.2, 0.999],
    "reg": [0.5, 3.25, 100.0],
    "count": [0.7, 12.0],
    "rank": [0.0, -1.5],
    "survival": [0.4, 7.0],
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What is drawn for one model before anything is trained."""

    seed: int
    objective: str
    parameters: dict[str, Any]
    rounds: int
    row_count: int
    feature_count: int
    scored_count: int
    missing: float
    scale: float
    categorical: bool
    stops_early: bool

    @property
    def name(self) -> str:
        """What tells the model from the others in the report of a failure."""
        some = self.parameters
        words = [
            str(self.seed),
            self.objective.replace(":", "_"),
            some["booster"],
            f"{self.rounds}x{some['max_depth']}x{self.feature_count}",
            some["tree_method"],
            "categorical" if self.categorical else "",
            "stopped" if self.stops_early else "",
            f"parallel{some['num_parallel_tree']}" if some["num_parallel_tree"] > 1 else "",
            "one_node" if some["gamma"] else "",
            f"base{some['base_score']}" if "base_score" in some else "",
        ]
        return "-".join(word for word in words if word)


@dataclass(frozen=True, slots=True)
class Trained:
    """A model as XGBoost saves it, rows, and what XGBoost's own predict says of them."""

    plan: Plan
    json: bytes
    ubj: bytes
    rows: np.ndarray = field(repr=False)
    margins: np.ndarray = field(repr=False)
    outputs: np.ndarray = field(repr=False)


def plan(seed: int) -> Plan:
    """Draws the kind of the model with this number; the objectives take turns."""
    draw = np.random.default_rng([7, seed])
    turn, objective = seed // len(OBJECTIVES), OBJECTIVES[seed % len(OBJECTIVES)]
    categorical = turn % 5 == 1
    depth = int(draw.integers(1, 13))
    parameters: dict[str, Any] = {
        "objective": objective,
        "booster": "dart" if turn % 6 == 0 else "gbtree",
        "tree_method": str(draw.choice(["hist", "approx"] if categorical else ["hist", "exact"])),
        "max_depth": depth,
        "eta": float(draw.choice([0.1, 0.3, 1.0])),
        "gamma": 1e9 if turn % 11 == 3 else 0.0,
        "num_parallel_tree": 3 if turn % 7 == 4 else 1,
        "subsample": float(draw.choice([0.7, 1.0])),
        "min_child_weight": 0.0 if depth > 6 else 1.0,
        "max_cat_to_onehot": int(draw.choice([1, 4, 100])),
        "seed": seed,
        "nthread": 1,
        "verbosity": 0,
    }
    if parameters["booster"] == "dart":
        parameters |= {"rate_drop": 0.3, "one_drop": 1}
    if parameters["tree_method"] == "hist" and draw.random() < 0.4:
        parameters |= {"grow_policy": "lossguide", "max_leaves": int(draw.integers(2, 40))}
    if draw.random() < 0.5:
        scores = BASE_SCORES.get(objective) or BASE_SCORES[objective.partition(":")[0]]
        parameters["base_score"] = float(draw.choice(scores))
    if objective == "reg:quantileerror":
        parameters["quantile_alpha"] = 0.7
    return Plan(
        seed=seed,
        objective=objective,
        parameters=parameters,
        # Twenty-one models of each objective: one long one, one of a single round.
        rounds={8: 500, 9: 1}.get(turn, int(draw.choice([2, 5, 10, 25, 60]))),
        row_count=60 if turn == 8 else int(draw.choice([40, 120, 240])),
        feature_count=int(draw.choice([1, 2, 5, 15, 64])),
        scored_count=int(draw.choice([1, 15, 16, 33, 64, 100, 131])),
        missing=float(draw.choice([0.0, 0.1, 0.5])),
        scale=float(draw.choice([1.0, 1.0, 1e-30, 1e37])),
        categorical=categorical,
        stops_early=turn % 8 == 5 and not objective.startswith(("rank", "survival:aft")),
    )


@cache
def trained(seed: int) -> Trained:
    """Trains the model with this number, once, and lets XGBoost predict."""
    drawn = plan(seed)
    draw = np.random.default_rng([11, seed])
    rows, scored = (_rows(drawn, count, draw) for count in (drawn.row_count, drawn.scored_count))
    labels = _labels(drawn, rows, draw)
    data = _matrix(drawn, rows, labels)
    options: dict[str, Any] = {"verbose_eval": False}
    if drawn.stops_early:
        # Judged by rows with shuffled labels, training does not go on for long.
        judged = _matrix(drawn, rows, draw.permutation(labels))
        options |= {"evals": [(judged, "shuffled")], "early_stopping_rounds": 2}
    model = xgboost.train(drawn.parameters, data, drawn.rounds, **options)
    end = model.best_iteration + 1 if drawn.stops_early else 0
    asked = _matrix(drawn, _hostile(drawn, scored))
    return Trained(
        plan=drawn,
        json=bytes(model.save_raw("json")),
        ubj=bytes(model.save_raw("ubj")),
        rows=_hostile(drawn, scored),
        margins=model.predict(asked, output_margin=True, iteration_range=(0, end)),
        outputs=model.predict(asked, iteration_range=(0, end)),
    )


def _types(drawn: Plan) -> list[str] | None:
    """Every second feature of a categorical model holds categories, the first one for sure."""
    if not drawn.categorical:
        return None
    return ["cq"[place % 2] for place in range(drawn.feature_count)]


def _matrix(drawn: Plan, rows: np.ndarray, labels: np.ndarray | None = None) -> xgboost.DMatrix:
    types = _types(drawn)
    data = xgboost.DMatrix(rows, feature_types=types, enable_categorical=drawn.categorical)
    if labels is None:
        return data
    if drawn.objective == "survival:aft":
        data.set_float_info("label_lower_bound", labels)
        data.set_float_info("label_upper_bound", labels * 2)
    else:
        data.set_label(labels)
    if drawn.objective.startswith("rank"):
        data.set_group([20] * (len(labels) // 20))
    return data


def _rows(drawn: Plan, count: int, draw: np.random.Generator) -> np.ndarray:
    rows = draw.normal(size=(count, drawn.feature_count)) * drawn.scale
    # Some features lie on a grid, so that rows meet thresholds exactly.
    rows[:, ::3] = np.round(rows[:, ::3] / drawn.scale * 2) / 2 * drawn.scale
    if drawn.categorical:
        places = range(0, drawn.feature_count, 2)
        rows[:, ::2] = np.stack(
            [draw.integers(0, (70, 3, 12)[place // 2 % 3], count) for place in places], axis=1
        )
    rows[draw.random(rows.shape) < drawn.missing] = np.nan
    return rows.astype(np.float32)


def _hostile(drawn: Plan, rows: np.ndarray) -> np.ndarray:
    """The same rows, with some values as no training row had them."""
    strange = np.array([3.4e38, -3.4e38, -0.0, 1e-45, -0.5, 2.9, 69.0, 71.0, 2.0**24, 2.0**31])
    hostile = rows.copy()
    cells = hostile.reshape(-1)[drawn.seed % 5 :: 7]
    cells[:] = np.resize(strange, cells.size)
    return hostile


def _labels(drawn: Plan, rows: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    known = np.nan_to_num(np.clip(rows / (1 if drawn.categorical else drawn.scale), -99, 99))
    signal = known @ draw.normal(size=drawn.feature_count) + draw.normal(size=len(rows))
    if drawn.categorical:
        signal += 3 * np.isin(known[:, 0] % 7, [1, 2, 5])
    family, _, kind = drawn.objective.partition(":")
    if family in {"binary", "rank"}:
        return (signal > np.median(signal)).astype(np.float32)
    if kind == "logistic":
        return (1 / (1 + np.exp(-np.clip(signal, -9, 9)))).astype(np.float32)
    positive = np.abs(np.clip(signal, -50, 50)) + 0.1
    if family == "count":
        return np.floor(positive).astype(np.float32)
    if kind in {"gamma", "tweedie", "squaredlogerror", "cox", "aft"}:
        return positive.astype(np.float32)
    return signal.astype(np.float32)
