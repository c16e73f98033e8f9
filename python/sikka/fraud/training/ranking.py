"""How well margins put frauds before other payments, whatever the threshold."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from sikka.fraud.training.scored import Scored

DAY_S = 86_400
FALSE_POSITIVE_RATE = 0.001
CARDS_A_DAY = 100


def auc(scored: Scored) -> float:
    """The area under the ROC curve."""
    return float(roc_auc_score(scored.frauds, scored.margins))


def average_precision(scored: Scored) -> float:
    """The average precision: the mean of precision over the steps of recall."""
    return float(average_precision_score(scored.frauds, scored.margins))


def recall_at_false_positive_rate(
    scored: Scored, most: float = FALSE_POSITIVE_RATE
) -> tuple[float, float]:
    """The highest recall that costs at most this share of the good payments.

    Args:
        scored: the payments.
        most: the share of good payments that may be flagged.

    Returns:
        The recall, and the margin from which on payments are flagged for it (infinite when not
        even the highest may be).
    """
    false_rates, recalls, margins = roc_curve(
        scored.frauds, scored.margins, drop_intermediate=False
    )
    place = int(np.searchsorted(false_rates, most, side="right")) - 1
    return float(recalls[place]), float(margins[place])


def card_precision(scored: Scored, cards_a_day: int = CARDS_A_DAY, utc_offset_s: int = 0) -> float:
    """The share of compromised cards among those that a team would look at each day.

    As "Reproducible Machine Learning for Credit Card Fraud Detection" (Le Borgne et al. 2022,
    section 4.4) defines it: each day the cards are ranked by their highest margin of the day, and
    the first `cards_a_day` are looked at; one that has a fraud this day is found, and not looked at
    on any later day. The answer is the mean over the days of found / cards_a_day.

    Args:
        scored: the payments.
        cards_a_day: how many cards are looked at a day.
        utc_offset_s: of the clock whose midnight ends a day.
    """
    days = (scored.time_ms // 1_000 + utc_offset_s) // DAY_S
    found: NDArray[np.int64] = np.empty(0, dtype=np.int64)
    precisions = []
    for day in np.unique(days):
        of_day = (days == day) & ~np.isin(scored.cards, found)
        new = _found(scored, np.flatnonzero(of_day), cards_a_day)
        precisions.append(len(new) / cards_a_day)
        found = np.concatenate([found, new])
    return float(np.mean(precisions))


def _found(scored: Scored, rows: NDArray[np.intp], cards_a_day: int) -> NDArray[np.int64]:
    """The compromised ones among the first cards of a day; of equal margins the lower number."""
    cards, of_card = np.unique(scored.cards[rows], return_inverse=True)
    highest = np.full(len(cards), -np.inf, dtype=np.float32)
    np.maximum.at(highest, of_card, scored.margins[rows])
    compromised = np.zeros(len(cards), dtype=bool)
    np.logical_or.at(compromised, of_card, scored.frauds[rows])
    first = np.argsort(-highest, kind="stable")[:cards_a_day]
    return cards[first][compromised[first]]
