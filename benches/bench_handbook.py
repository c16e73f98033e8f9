"""The Handbook's protocol: features of our own windows, our trainer, its four folds, its table.

Run as `make bench-fraud HANDBOOK=payments.parquet`. The settings are those that `handbook_search`
chose on earlier weeks. It writes handbook.json and HANDBOOK.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import xgboost

import sikka_core
from benches.handbook_folds import (
    FIGURES,
    Figures,
    History,
    ceiling,
    fold_of,
    judge,
    means,
    weeks,
)
from benches.handbook_page import page
from benches.handbook_payments import LABEL_DELAY_MS, read_payments
from benches.handbook_search import CHOICE, RATIOS, REFERENCE
from benches.measure import print_targets
from sikka.fraud.training.replay import replay
from sikka.fraud.training.settings import FitSettings
from sikka.fraud.training.stream import MISSING, PaymentStream
from sikka_core import FEATURE_NAMES

WEEKS = weeks("2018-07-25", "2018-08-15")
# Payments and frauds of the first fold, as the Handbook prints them: training, then test.
FIRST_FOLD = (67_240, 598, 58_264, 385)
TURNS = 3
CHOSEN, CEILING = "the chosen settings", "ceiling"
TARGETS = {
    "auc": "auc_at_least_0.875",
    "average_precision": "average_precision_at_least_0.700",
    "card_precision_at_100": "card_precision_at_100_at_least_0.305",
}

Vectors = np.ndarray[Any, np.dtype[np.float32]]


def chosen_settings() -> FitSettings:
    """What the search chose."""
    settings = json.loads(CHOICE.read_text())["chosen"]["settings"]
    return FitSettings(**{**settings, "features": tuple(settings["features"])})


def without(settings: FitSettings, names: Sequence[str]) -> FitSettings:
    """The settings without some features."""
    features = tuple(name for name in settings.features or FEATURE_NAMES if name not in names)
    return replace(settings, features=features)


def replay_times(stream: PaymentStream) -> tuple[Vectors, dict[str, float]]:
    """Play all payments through a store in this process, with and without their labels, in turns.

    Returns:
        The vectors with labels, and medians of seconds by the clock and of the processor.
    """
    unlabelled = replace(stream, fraud=np.full_like(stream.fraud, MISSING))
    cases = {"with_labels": stream, "without_labels": unlabelled}
    seconds: dict[str, list[float]] = {}
    vectors: dict[str, Vectors] = {}
    for _ in range(TURNS):
        for name, payments in cases.items():
            started_s, started_cpu_s = time.perf_counter(), time.process_time()
            vectors[name] = replay(payments, label_delay_ms=LABEL_DELAY_MS, utc_offset_s=0)
            seconds.setdefault(f"{name}_s", []).append(time.perf_counter() - started_s)
            seconds.setdefault(f"{name}_cpu_s", []).append(time.process_time() - started_cpu_s)
    return vectors["with_labels"], {name: statistics.median(each) for name, each in seconds.items()}


def judge_folds(history: History) -> list[dict[str, Any]]:
    """Every fold with its counts, and the figures of every model."""
    chosen = chosen_settings()
    models = {
        "all features, XGBoost's defaults": replace(REFERENCE, max_bin=256),
        "all features, 4,096 bins": REFERENCE,
        "the choice without ratios": without(chosen, RATIOS),
        CHOSEN: chosen,
    }
    folds = []
    for week in WEEKS:
        fold = fold_of(history.stream, week)
        if week == WEEKS[0] and fold.counts() != FIRST_FOLD:
            raise ValueError(f"the first fold must have {FIRST_FOLD} rows, not {fold.counts()}")
        judged = {name: judge(history, fold, settings) for name, settings in models.items()}
        judged[CEILING] = ceiling(history, fold)
        folds.append({"week": str(week), "counts": fold.counts(), "models": judged})
        print_fold(folds[-1])
    return folds


def print_fold(fold: dict[str, Any]) -> None:
    print(f"\ntraining from {fold['week']}: payments and frauds {fold['counts']}")
    for name, figures in fold["models"].items():
        told = "  ".join(f"{figures[figure]:.4f}" for figure in FIGURES)
        print(f"  {name:34} {told}")


def run(path: Path) -> dict[str, Any]:
    """Measure everything and print it; what is returned goes into handbook.json.

    Raises RuntimeError when the native core is a debug build, ValueError when the payments are not
    those of the Handbook.
    """
    if sikka_core.BUILD_PROFILE != "release":
        raise RuntimeError("sikka_core is a debug build; benches need a release build")
    load = os.getloadavg()[0]
    stream = read_payments(path)
    vectors, times = replay_times(stream)
    started_s = time.perf_counter()
    folds = judge_folds(History(stream, vectors))
    times["four_folds_s"] = time.perf_counter() - started_s
    by_model: dict[str, Figures] = {
        name: means([fold["models"][name] for fold in folds]) for name in folds[0]["models"]
    }
    targets = {bar: by_model[CHOSEN][figure] for figure, bar in TARGETS.items()}
    targets["replay_with_labels_s_at_most_10"] = times["with_labels_s"]
    targets["replay_without_labels_s_at_most_10"] = times["without_labels_s"]
    print_targets(targets)
    return {
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "xgboost": xgboost.__version__,
        "load_before": load,
        "payments": len(stream),
        "times": times,
        "folds": folds,
        "means": by_model,
        "targets": targets,
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benches.bench_handbook", description=__doc__)
    parser.add_argument("payments", type=Path, help="the Handbook's payments, a Parquet file")
    report = run(parser.parse_args().payments)
    folder = CHOICE.parent
    folder.joinpath("handbook.json").write_text(json.dumps(report, indent=1) + "\n")
    folder.joinpath("HANDBOOK.md").write_text(page(report, json.loads(CHOICE.read_text())))
    print("\nthe report is in benches/handbook.json, its tables beside it in HANDBOOK.md")


if __name__ == "__main__":
    main()
