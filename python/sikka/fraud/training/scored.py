"""Payments that a model has judged, beside what became of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sikka.fraud.models.calibration import Calibration
from sikka.fraud.training.split import Labelled
from sikka.fraud.training.stream import MISSING, PaymentStream, Texts
from sikka_core import Model


@dataclass(frozen=True, slots=True)
class Scored:
    """Labelled payments in the order of time, and what a model says of them.

    Args:
        frauds: (n,) bool.
        margins: (n,) float32; what payments are ranked by.
        probabilities: (n,) float64, calibrated; what thresholds are compared with.
        amount_minor: (n,) int64.
        time_ms: (n,) int64.
        cards: (n,) int64, a number for each user; for each instrument where there is no user, and
            for each payment where there is neither.
        fraud_kind, rules_decision: as in `PaymentStream`.
        truth: (n,) bool, what payments are in truth, known or not; None where nobody tells.
    """

    frauds: NDArray[np.bool_]
    margins: NDArray[np.float32]
    probabilities: NDArray[np.float64]
    amount_minor: NDArray[np.int64]
    time_ms: NDArray[np.int64]
    cards: NDArray[np.int64]
    fraud_kind: Texts
    rules_decision: Texts
    truth: NDArray[np.bool_] | None

    def __len__(self) -> int:
        return len(self.frauds)

    @property
    def base_rate(self) -> float:
        """The share of frauds."""
        return float(self.frauds.mean())


def scored_rows(
    stream: PaymentStream,
    vectors: NDArray[np.float32],
    judged: Labelled,
    model: Model,
    calibration: Calibration,
) -> Scored:
    """Let a model judge some payments of a stream.

    Args:
        stream: the payments.
        vectors: (n, len(FEATURE_NAMES)) float32, of all rows of the stream.
        judged: which to judge, and what they are.
        model: the model.
        calibration: from its margin to a probability.
    """
    rows = judged.rows
    truth = stream.true_fraud[rows]
    margins = np.array(model.score_many(vectors[rows], margin=True))
    return Scored(
        frauds=judged.frauds,
        margins=margins,
        probabilities=probabilities_of(calibration, margins),
        amount_minor=stream.amount_minor[rows],
        time_ms=stream.time_ms[rows],
        cards=_cards(stream, rows),
        fraud_kind=stream.fraud_kind.at(rows),
        rules_decision=stream.rules_decision.at(rows),
        truth=truth == 1 if (truth != MISSING).all() else None,
    )


def probabilities_of(calibration: Calibration, margins: NDArray[np.float32]) -> NDArray[np.float64]:
    """`Calibration.probability` of many margins, but for its last bits.

    Args:
        calibration: the broken line.
        margins: (n,) float32, no NaN.

    Returns:
        (n,) float64.
    """
    log_odds = np.interp(margins.astype(np.float64), calibration.margins, calibration.log_odds)
    return np.asarray(1 / (1 + np.exp(-log_odds)))


def _cards(stream: PaymentStream, rows: NDArray[np.intp]) -> NDArray[np.int64]:
    users, instruments = stream.user.codes[rows], stream.instrument.codes[rows]
    first_instrument = len(stream.user.values)
    first_row = first_instrument + len(stream.instrument.values)
    cards = np.where(instruments == MISSING, first_row + rows, first_instrument + instruments)
    return np.where(users == MISSING, cards, users).astype(np.int64)
