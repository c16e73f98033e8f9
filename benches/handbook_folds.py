"""The Handbook's folds: a week to learn from, a week of delay, a week to be judged on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benches.handbook_payments import (
    FIRST_DAY,
    LABEL_DELAY_MS,
    NEW_TERMINAL,
    days_of,
    read_payments,
)
from sikka.fraud.models.calibration import Calibration
from sikka.fraud.training.fit import Examples, fit
from sikka.fraud.training.metrics import metrics_of
from sikka.fraud.training.replay import replay
from sikka.fraud.training.scored import Scored, scored_rows
from sikka.fraud.training.settings import FitSettings
from sikka.fraud.training.split import Labelled
from sikka.fraud.training.stream import PaymentStream

WEEK_DAYS = 7
# The protocol has no payments to calibrate by: a margin is taken for log-odds, as XGBoost does.
AS_IT_IS = Calibration("platt", (-30.0, 30.0), (-30.0, 30.0))
# Which of the trainer's figures are shown, in this order.
FIGURES = (
    "auc",
    "average_precision",
    "card_precision_at_100",
    "recall_at_fpr_0.1_percent",
    "accuracy_at_one_half",
    "accuracy_of_never_fraud",
)

Figures = dict[str, float]


@dataclass(frozen=True, slots=True)
class History:
    """Payments and the vector of each at its own moment.

    Args:
        stream: the payments.
        vectors: (n, len(FEATURE_NAMES)) float32.
    """

    stream: PaymentStream
    vectors: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Fold:
    """The payments of a fold.

    Args:
        week: the first day of training.
        train: the payments of that week, as they are known when the test begins.
        test: the payments of the week after next, but those of customers who are known by then.
    """

    week: np.datetime64
    train: Labelled
    test: Labelled

    def counts(self) -> tuple[int, int, int, int]:
        """Payments and frauds to learn from, payments and frauds to be judged by."""
        train, test = self.train.frauds, self.test.frauds
        return (len(train), int(train.sum()), len(test), int(test.sum()))


def weeks(first: str, last: str) -> tuple[np.datetime64, ...]:
    """Every seventh day from the first to the last, both included."""
    return tuple(np.arange(first, np.datetime64(last) + 1, WEEK_DAYS, dtype="datetime64[D]"))


def history_of(path: Path, before: np.datetime64 | None = None) -> History:
    """Read the payments before a day, or all, and compute their vectors on a clock of UTC."""
    stream = read_payments(path, before)
    return History(stream, replay(stream, label_delay_ms=LABEL_DELAY_MS, utc_offset_s=0))


def fold_of(stream: PaymentStream, week: np.datetime64) -> Fold:
    """The fold that learns from the week that begins with a day.

    A customer with a fraud in the training week or since is taken out of the test from the first
    day on which all labels of the fraud's day are known (the Handbook's `get_train_test_set`).
    """
    days, frauds = days_of(stream.time_ms), stream.fraud == 1
    first = int((week - FIRST_DAY) / np.timedelta64(1, "D"))

    def rows(from_day: int, until_day: int) -> NDArray[np.intp]:
        begin, end = np.searchsorted(days, [from_day, until_day])
        return np.arange(begin, end)

    tests = []
    for day in range(first + 2 * WEEK_DAYS, first + 3 * WEEK_DAYS):
        labelled = rows(first, day - WEEK_DAYS)
        known = np.unique(stream.user.codes[labelled[frauds[labelled]]])
        of_day = rows(day, day + 1)
        tests.append(of_day[~np.isin(stream.user.codes[of_day], known)])
    train, test = rows(first, first + WEEK_DAYS), np.concatenate(tests)
    return Fold(week, Labelled(train, frauds[train]), Labelled(test, frauds[test]))


def judge(history: History, fold: Fold, settings: FitSettings) -> Figures:
    """Learn from a fold's training week and judge by its test week."""
    examples = Examples(history.vectors[fold.train.rows], fold.train.frauds)
    model = fit(examples, settings).model
    scored = scored_rows(history.stream, history.vectors, fold.test, model, AS_IT_IS)
    return metrics_of(scored, utc_offset_s=0)


def ceiling(history: History, fold: Fold) -> Figures:
    """What somebody would reach who knows the simulator and whatever labels tell, and no more.

    The frauds that can be known come first, in no order; then all other payments, in no order.
    """
    stream, rows, frauds = history.stream, fold.test.rows, fold.test.frauds
    kinds = stream.fraud_kind.at(rows)
    chance = np.random.default_rng(0).uniform(-0.5, 0.5, len(rows))
    log_odds = chance + np.where(frauds & ~kinds.are(NEW_TERMINAL), 2, -2)
    scored = Scored(
        frauds=frauds,
        margins=log_odds.astype(np.float32),
        probabilities=1 / (1 + np.exp(-log_odds)),
        amount_minor=stream.amount_minor[rows],
        time_ms=stream.time_ms[rows],
        cards=stream.user.codes[rows].astype(np.int64),
        fraud_kind=kinds,
        rules_decision=stream.rules_decision.at(rows),
        truth=None,
    )
    return metrics_of(scored, utc_offset_s=0)


def means(folds: Sequence[Mapping[str, float]]) -> Figures:
    """The mean of every figure over folds; what a fold has no figure of is not counted there."""
    names = {name for figures in folds for name in figures}
    return {
        name: float(np.mean([figures[name] for figures in folds if name in figures]))
        for name in sorted(names)
    }
