"""One model, scored by every engine that can be called from Python."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightgbm
import lleaves
import numpy as np
import onnxmltools
import onnxruntime
import tl2cgen
import treelite
import xgboost
from onnxmltools.convert.common.data_types import FloatTensorType

import sikka_core

FEATURES = 15
DEPTH = 6
TRAINING_ROWS = 8_000
# Engines that add in float32, in other orders: how far apart their probabilities may be.
TOLERANCE = 2e-5

Rows = np.ndarray[Any, np.dtype[np.float32]]
Scorer = Callable[[Rows], Callable[[], Any]]
"""Takes the rows, prepares what can be prepared once, and returns the call that is timed."""


def training_data() -> tuple[Rows, Rows]:
    """Rows of payments as the model sees them: numbers that lean on one another, and noise."""
    draw = np.random.default_rng(2)
    rows = draw.normal(size=(TRAINING_ROWS, FEATURES)).astype(np.float32)
    signal = (rows[:, :5] ** 2).sum(axis=1) + rows[:, 5] * rows[:, 6]
    labels = signal + draw.normal(size=TRAINING_ROWS) * 2 > 5
    return rows, labels.astype(np.float32)


def bench_rows(count: int) -> Rows:
    """Rows that no model was trained on."""
    return np.random.default_rng(3).normal(size=(count, FEATURES)).astype(np.float32)


def core_scorer(model: sikka_core.Model) -> Scorer:
    """Ours: one row is asked for as one, many are written into the same place each time."""

    def scorer(rows: Rows) -> Callable[[], Any]:
        if len(rows) == 1:
            row = rows[0]
            return lambda: model.score(row)
        out = np.empty(len(rows), np.float32)
        return lambda: model.score_many(rows, out)

    return scorer


class XgboostModel:
    """A model of XGBoost, in the form of each engine that scores it."""

    def __init__(self, tree_count: int, folder: Path) -> None:
        rows, labels = training_data()
        parameters = {"objective": "binary:logistic", "max_depth": DEPTH, "eta": 0.1, "seed": 1}
        # Few rows weigh little towards the end; without a least weight trees stay whole.
        parameters |= {"min_child_weight": 0, "nthread": os.cpu_count()}
        self.booster = xgboost.train(parameters, xgboost.DMatrix(rows, labels), tree_count)
        self.booster.set_param({"nthread": 1})
        self.saved = bytes(self.booster.save_raw("ubj"))
        self.core = sikka_core.Model.from_xgboost(self.saved)
        self.treelite = treelite.frontend.from_xgboost(self.booster)
        self.onnx = onnx_session(self.booster)
        start = time.perf_counter()
        self.tl2cgen = compiled(self.treelite, folder / f"xgboost_{tree_count}.so")
        self.compile_s = time.perf_counter() - start

    def scorers(self) -> dict[str, Scorer]:
        """Every engine by its name; ours is the first."""
        return {
            "sikka_core": core_scorer(self.core),
            "ONNX Runtime": lambda rows: lambda: self.onnx.run(["probabilities"], {"rows": rows}),
            "tl2cgen": lambda rows: lambda: self.tl2cgen.predict(tl2cgen.DMatrix(rows)),
            "tl2cgen, matrix prepared": self.prepared_tl2cgen,
            "treelite GTIL": lambda rows: (
                lambda: treelite.gtil.predict(self.treelite, rows, nthread=1)
            ),
            "XGBoost inplace_predict": lambda rows: lambda: self.booster.inplace_predict(rows),
            # A matrix of its own that was prepared before would be scored from XGBoost's cache.
            "XGBoost predict": lambda rows: (
                lambda: self.booster.predict(xgboost.DMatrix(rows, nthread=1))
            ),
        }

    def prepared_tl2cgen(self, rows: Rows) -> Callable[[], Any]:
        """Without the cost of tl2cgen's own matrix."""
        matrix = tl2cgen.DMatrix(rows)
        return lambda: self.tl2cgen.predict(matrix)


class LightgbmModel:
    """A model of LightGBM of the same size, in the form of the engines that read it."""

    def __init__(self, tree_count: int, folder: Path) -> None:
        rows, labels = training_data()
        parameters = {"objective": "binary", "max_depth": DEPTH, "num_leaves": 2**DEPTH}
        parameters |= {"verbosity": -1, "seed": 1, "min_data_in_leaf": 1, "num_threads": 2}
        self.booster = lightgbm.train(parameters, lightgbm.Dataset(rows, labels), tree_count)
        self.core = sikka_core.from_lightgbm(self.booster)
        text = folder / f"lightgbm_{tree_count}.txt"
        self.booster.save_model(text)
        self.lleaves = lleaves.Model(model_file=str(text))
        start = time.perf_counter()
        self.lleaves.compile()
        self.compile_s = time.perf_counter() - start

    def scorers(self) -> dict[str, Scorer]:
        """Every engine by its name; ours is the first."""
        return {
            "sikka_core": core_scorer(self.core),
            "LightGBM": lambda rows: lambda: self.booster.predict(rows, num_threads=1),
            "lleaves": lambda rows: lambda: self.lleaves.predict(rows, n_jobs=1),
        }


def onnx_session(booster: xgboost.Booster) -> onnxruntime.InferenceSession:
    """The model in ONNX Runtime, on one thread."""
    inputs = [("rows", FloatTensorType([None, FEATURES]))]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        converted = onnxmltools.convert_xgboost(booster, initial_types=inputs)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(
        converted.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def compiled(model: treelite.Model, path: Path) -> tl2cgen.Predictor:
    """The model as C, compiled and on one thread.

    tl2cgen says that it was made for an earlier treelite; the scores are compared all the same.
    """
    parameters = {"parallel_comp": 8}
    tl2cgen.export_lib(model, toolchain="gcc", libpath=path, params=parameters, verbose=False)
    return tl2cgen.Predictor(path, nthread=1)


def assert_agreement(scorers: dict[str, Scorer], rows: Rows) -> None:
    """All engines give the same probabilities. Raises AssertionError that names who does not."""
    answers = {name: probabilities(scorer(rows)()) for name, scorer in scorers.items()}
    expected = answers["sikka_core"]
    for name, answer in answers.items():
        apart = float(np.abs(answer - expected).max())
        assert apart <= TOLERANCE, f"{name} is {apart} apart"


def probabilities(answer: Any) -> Rows:
    """The probability of the second class, in whichever form an engine gives it."""
    array = np.asarray(answer[0] if isinstance(answer, list) else answer, np.float32)
    return array[:, 1] if array.ndim == 2 and array.shape[1] == 2 else array.reshape(-1)
