"""Metrics of ranking, against their definitions written down."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sikka.fraud.training.ranking import (
    DAY_S,
    auc,
    average_precision,
    card_precision,
    recall_at_false_positive_rate,
)
from sikka.fraud.training.scored import Scored
from tests.unit.fraud.training.judged import SCORED, made_scored


@given(SCORED)
@settings(deadline=None)
def test_the_area_under_roc_is_the_chance_that_a_fraud_is_ranked_higher(scored: Scored) -> None:
    frauds, good = scored.margins[scored.frauds], scored.margins[~scored.frauds]
    wins = (frauds[:, None] > good).mean() + (frauds[:, None] == good).mean() / 2
    assert auc(scored) == pytest.approx(wins)


@given(SCORED)
@settings(deadline=None)
def test_average_precision_is_the_sum_of_precision_over_steps_of_recall(scored: Scored) -> None:
    total, recall_before = 0.0, 0.0
    for margin in sorted(set(scored.margins.tolist()), reverse=True):
        flagged = scored.margins >= margin
        recall = (scored.frauds & flagged).sum() / scored.frauds.sum()
        total += (recall - recall_before) * scored.frauds[flagged].mean()
        recall_before = recall
    assert average_precision(scored) == pytest.approx(total)


@given(SCORED, st.sampled_from([0.0, 0.001, 0.05, 0.3, 1.0]))
@settings(deadline=None)
def test_recall_is_the_highest_that_the_false_positives_allow(scored: Scored, most: float) -> None:
    best = 0.0
    for margin in [*scored.margins.tolist(), np.inf]:
        flagged = scored.margins >= margin
        if (flagged & ~scored.frauds).sum() / (~scored.frauds).sum() <= most:
            best = max(best, (flagged & scored.frauds).sum() / scored.frauds.sum())
    recall, margin = recall_at_false_positive_rate(scored, most)
    assert recall == pytest.approx(best)
    flagged = scored.margins >= margin
    assert (flagged & scored.frauds).sum() / scored.frauds.sum() == pytest.approx(best)
    assert (flagged & ~scored.frauds).sum() / (~scored.frauds).sum() <= most


def precision_day_by_day(scored: Scored, cards_a_day: int, utc_offset_s: int) -> float:
    """The definition in plain Python; of equal cards the lower number comes first."""
    days = defaultdict(list)
    for row, time_ms in enumerate(scored.time_ms.tolist()):
        days[(time_ms // 1000 + utc_offset_s) // DAY_S].append(row)
    found: set[int] = set()
    precisions = []
    for day in sorted(days):
        highest: dict[int, float] = {}
        compromised = set()
        for row in days[day]:
            card = int(scored.cards[row])
            if card in found:
                continue
            highest[card] = max(highest.get(card, -np.inf), float(scored.margins[row]))
            if scored.frauds[row]:
                compromised.add(card)
        first = sorted(highest, key=lambda card: (-highest[card], card))[:cards_a_day]
        new = compromised & set(first)
        precisions.append(len(new) / cards_a_day)
        found |= new
    return float(np.mean(precisions))


@given(SCORED, st.integers(1, 8), st.sampled_from([0, 19_800, -36_000]))
@settings(deadline=None)
def test_card_precision_is_that_of_cards_looked_at_day_by_day(
    scored: Scored, cards_a_day: int, utc_offset_s: int
) -> None:
    assert card_precision(scored, cards_a_day, utc_offset_s) == pytest.approx(
        precision_day_by_day(scored, cards_a_day, utc_offset_s)
    )


def handbook_card_precision(frame: pd.DataFrame, top_k: int) -> float:
    """As the book's own code says it (shared_functions.py, card_precision_top_k)."""
    detected: list[int] = []
    per_day = []
    for day in sorted(frame.TX_TIME_DAYS.unique()):
        of_day = frame[frame.TX_TIME_DAYS.eq(day)][["predictions", "CUSTOMER_ID", "TX_FRAUD"]]
        of_day = of_day[~of_day.CUSTOMER_ID.isin(detected)]
        cards = of_day.groupby("CUSTOMER_ID").max().sort_values(by="predictions", ascending=False)
        top = cards.reset_index(drop=False).head(top_k)
        found = list(top[top.TX_FRAUD == 1].CUSTOMER_ID)
        per_day.append(len(found) / top_k)
        detected.extend(found)
    return float(np.mean(per_day))


def test_card_precision_is_the_handbooks() -> None:
    scored = made_scored(3, size=3_000, cards=200, days=6)
    # Without equal predictions, whose order the book leaves to chance.
    different = np.random.default_rng(1).permutation(3_000).astype(np.float32)
    scored = replace(scored, margins=different)
    frame = pd.DataFrame(
        {
            "TX_TIME_DAYS": scored.time_ms // 1000 // DAY_S,
            "CUSTOMER_ID": scored.cards,
            "TX_FRAUD": scored.frauds.astype(int),
            "predictions": different,
        }
    )
    for cards_a_day in (1, 10, 100):
        assert card_precision(scored, cards_a_day) == pytest.approx(
            handbook_card_precision(frame, cards_a_day)
        )
