"""Chooses how to train for the Handbook's protocol, on weeks that end before its first test.

Run as `python -m benches.handbook_search PAYMENTS.parquet`. What it tries does not depend on the
clock or the machine: which features, one by one, then settings drawn under a seed, the best of
which are tried on all weeks. It writes handbook_search.json, from which the bench takes the choice.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benches.handbook_folds import (
    Figures,
    Fold,
    History,
    ceiling,
    fold_of,
    history_of,
    judge,
    weeks,
)
from sikka.fraud.training.settings import FitSettings
from sikka_core import FEATURE_NAMES

CHOICE = Path(__file__).with_name("handbook_search.json")
# The test of the last of these weeks ends on the day before the first test of the bench, and
# what is of that day or later is not even read.
WEEKS = tuple(sorted(weeks("2018-05-16", "2018-07-18") + weeks("2018-05-19", "2018-07-14")))
BEFORE = np.datetime64("2018-08-08")
SETS, DRAWS, FINALISTS, SEED = 3, 30, 8, 20180808
GOALS = ("auc", "average_precision", "card_precision_at_100")

# What anybody would start with: XGBoost's defaults, but for bins and base score.
REFERENCE = FitSettings(rounds_max=100, learning_rate=0.3, max_depth=6, early_stopping_rounds=None)
START = FitSettings(
    rounds_max=200, learning_rate=0.05, max_depth=4, max_bin=1_024, early_stopping_rounds=None
)

LABELS = tuple(
    f"merchant_{what}_{window}" for what in ("labels", "risk") for window in ("24h", "7d", "30d")
)
# A tree asks for one number at a time and would need many questions for a ratio of two.
RATIOS = ("amount_to_mean_24h", "amount_to_mean_7d", "amount_to_mean_30d")
FEW = (
    "amount",
    "amount_deviation",
    "avg_transaction_amount",
    "user_mean_7d",
    *RATIOS[1:],
    *LABELS[1:],
)
OTHERS = (
    "transaction_hour",
    "transaction_frequency_24h",
    "user_count_7d",
    "user_count_30d",
    "user_sum_24h",
    "user_mean_24h",
    "amount_to_last",
    RATIOS[0],
    "merchant_count_7d",
    "merchant_count_30d",
    "merchant_mean_30d",
    "merchant_deviation",
    "merchant_labels_24h",
)
ADDED = ("user_mean_24h", RATIOS[0], "amount_to_last", "user_count_30d", "merchant_labels_24h")
FEATURES: dict[str, tuple[str, ...]] = {
    "all": FEATURE_NAMES,
    "all but user_frauds_30d": tuple(n for n in FEATURE_NAMES if n != "user_frauds_30d"),
    "amounts, counts and labels": FEW + OTHERS,
    "amounts and labels": FEW,
    **{f"amounts and labels less {name}": tuple(n for n in FEW if n != name) for name in FEW},
    **{f"amounts and labels and {name}": (*FEW, name) for name in ADDED},
}
DRAWN: dict[str, tuple[Any, ...]] = {
    "max_depth": (3, 4, 5, 6),
    "learning_rate": (0.03, 0.05, 0.1),
    "reg_lambda": (0.3, 1.0, 3.0, 10.0),
    "min_child_weight": (0.3, 1.0, 3.0),
    "subsample": (0.6, 0.8, 1.0),
    "gamma": (0.0, 0.5),
    "max_bin": (1_024, 4_096),
    "monotone": ({}, {"amount": 1}, {"merchant_risk_24h": 1}),
}
# How far the trees may go together: the learning rate times their number.
REACHES = (6.0, 10.0, 15.0, 20.0)


@dataclass(frozen=True, slots=True)
class Week:
    """A fold with what is reached without a choice, and what can be reached at all."""

    fold: Fold
    reference: Figures
    ceiling: Figures


@dataclass(frozen=True, slots=True)
class Tried:
    """Settings on some weeks, by their places among all."""

    name: str
    settings: FitSettings
    figures: dict[int, Figures]
    gain: float

    def report(self) -> dict[str, Any]:
        """As plain data; the features stand in the name."""
        folds = self.figures.values()
        figures = {goal: float(np.mean([fold[goal] for fold in folds])) for goal in GOALS}
        return {"name": self.name, "weeks": len(folds), "gain": self.gain, **figures}


class Search:
    """Tries settings on weeks, as many at a time as there are processors."""

    def __init__(self, history: History, jobs: int) -> None:
        self._history = history
        self._pool = ThreadPoolExecutor(jobs)
        folds = [fold_of(history.stream, week) for week in WEEKS]
        references = self._judge(folds, REFERENCE)
        self.weeks = [
            Week(fold, reference, ceiling(history, fold))
            for fold, reference in zip(folds, references, strict=True)
        ]
        self.tried: dict[str, Tried] = {}

    def try_on(self, name: str, settings: FitSettings, places: Iterable[int]) -> Tried:
        """Train and judge on some of the weeks, beside those where it was done before."""
        figures = dict(self.tried[name].figures) if name in self.tried else {}
        new = [place for place in places if place not in figures]
        judged = self._judge([self.weeks[place].fold for place in new], settings)
        figures |= dict(zip(new, judged, strict=True))
        gain = gain_of([self.weeks[place] for place in figures], list(figures.values()))
        tried = self.tried[name] = Tried(name, settings, figures, gain)
        told = " ".join(f"{tried.report()[goal]:.4f}" for goal in GOALS)
        print(f"  {len(figures):2} weeks  {gain:6.3f}  {told}  {name}", flush=True)
        return tried

    def _judge(self, folds: Iterable[Fold], settings: FitSettings) -> list[Figures]:
        return list(self._pool.map(lambda fold: judge(self._history, fold, settings), folds))


def gain_of(chosen: Sequence[Week], figures: Sequence[Figures]) -> float:
    """Which share of the way from the reference to the ceiling was gone, the mean of three figures.

    The three differ in how far they can move: by .02 the precision among 100 cards, by .1 the
    average precision. So each counts by the share of what there is to gain.
    """
    shares = []
    for goal in GOALS:
        gained = sum(f[goal] - w.reference[goal] for w, f in zip(chosen, figures, strict=True))
        shares.append(gained / sum(w.ceiling[goal] - w.reference[goal] for w in chosen))
    return float(np.mean(shares))


def best(tried: Iterable[Tried], count: int) -> list[Tried]:
    """The first ones by what they gained."""
    return sorted(tried, key=lambda each: -each.gain)[:count]


def choose(search: Search) -> Tried:
    """Features first, then settings, on every second week; then the best on all weeks."""
    some, every = range(0, len(WEEKS), 2), range(len(WEEKS))
    sets = [
        search.try_on(name, replace(START, features=features), some)
        for name, features in FEATURES.items()
    ]
    [features] = best([search.try_on(s.name, s.settings, every) for s in best(sets, SETS)], 1)
    print(f"features: {features.name}")
    draw = np.random.default_rng(SEED)
    drawn = [
        search.try_on(name, settings, some)
        for name, settings in (draw_settings(draw, features.settings) for _ in range(DRAWS))
    ]
    finals = [search.try_on(f.name, f.settings, every) for f in best(drawn, FINALISTS)]
    return best([features, *finals], 1)[0]


def draw_settings(draw: np.random.Generator, start: FitSettings) -> tuple[str, FitSettings]:
    """Settings by chance, with a name that tells them."""
    chosen = {name: values[draw.integers(len(values))] for name, values in DRAWN.items()}
    chosen["monotone"] = {
        n: way for n, way in chosen["monotone"].items() if n in (start.features or ())
    }
    reach = REACHES[draw.integers(len(REACHES))]
    chosen["rounds_max"] = round(reach / chosen["learning_rate"])
    return ", ".join(f"{n} {v}" for n, v in chosen.items()), replace(start, **chosen)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benches.handbook_search", description=__doc__)
    parser.add_argument("payments", type=Path, help="the Handbook's payments, a Parquet file")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    options = parser.parse_args()
    started_s = time.monotonic()
    search = Search(history_of(options.payments, BEFORE), options.jobs)
    chosen = choose(search)
    report = {
        "weeks": [str(week) for week in WEEKS],
        "nothing_read_from": str(BEFORE),
        "reference": {g: float(np.mean([w.reference[g] for w in search.weeks])) for g in GOALS},
        "ceiling": {g: float(np.mean([w.ceiling[g] for w in search.weeks])) for g in GOALS},
        "tried": [tried.report() for tried in search.tried.values()],
        "chosen": {**chosen.report(), "settings": asdict(chosen.settings)},
        "seconds": round(time.monotonic() - started_s),
    }
    CHOICE.write_text(json.dumps(report, indent=1) + "\n")
    print(f"chosen: {chosen.name}, features {chosen.settings.features}")


if __name__ == "__main__":
    main()
