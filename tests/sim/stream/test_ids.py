"""Nothing but what people do tells fraud: neither ids nor where a row stands."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

# Of a payment id there are enough frauds to measure; of each entity, those only seen in fraud.
NAMES = ["payment_id", "user", "instrument", "device", "ip", "merchant"]


def score(texts: pd.Series, fraud: pd.Series, seed: int) -> float:
    """How well the letters of ids tell fraud, on ids that were not learnt: 0.5 is not at all."""
    vectors = HashingVectorizer(analyzer="char", ngram_range=(1, 2), n_features=2**12)
    order = np.random.default_rng(seed).permutation(len(texts))
    middle = len(order) // 2
    learnt, judged = order[:middle], order[middle:]
    model = LogisticRegression(class_weight="balanced", max_iter=500)
    model.fit(vectors.transform(texts.iloc[learnt]), fraud.iloc[learnt])
    scores = model.decision_function(vectors.transform(texts.iloc[judged]))
    return float(roc_auc_score(fraud.iloc[judged], scores))


@pytest.mark.parametrize("name", NAMES)
def test_the_text_of_an_id_does_not_tell_fraud(payments: pd.DataFrame, name: str) -> None:
    seen = payments.dropna(subset=[name])
    # Instruments of the two methods look different, and frauds prefer cards.
    if name == "instrument":
        seen = seen[seen.payment_method == "CARD"]
    by_id = seen.groupby(name).true_fraud.max()
    frauds, honest = by_id[by_id], by_id[~by_id]
    sample = honest.sample(min(len(honest), 4_000), random_state=1)
    texts = np.concatenate([frauds.index, sample.index])
    labels = np.repeat([True, False], [len(frauds), len(sample)])
    aucs = [score(pd.Series(texts), pd.Series(labels), seed) for seed in range(2)]
    # Four times the standard error of the area under random scores.
    allowed = 4 * np.sqrt(1 / 12 / (len(frauds) / 2))
    assert abs(np.mean(aucs) - 0.5) < allowed


def test_ids_of_fraud_have_the_form_of_all(payments: pd.DataFrame) -> None:
    for name in NAMES:
        shapes = payments[name].dropna().str.replace(r"[a-z2-7]{10}|\d+", "x", regex=True)
        assert set(shapes[payments.true_fraud]) == set(shapes[~payments.true_fraud])


def test_users_who_are_seen_once_are_seen_once_among_honest_people_too(
    payments: pd.DataFrame,
) -> None:
    counts = payments.groupby("user").true_fraud.agg(["size", "max"])
    once = counts[counts["size"] == 1]
    assert not once["max"].all()
    assert (~payments.true_fraud[payments.user.isna()]).mean() > 0.9
