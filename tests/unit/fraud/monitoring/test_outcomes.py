from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix, precision_score, recall_score

from sikka.domain.fraud.assessment import Decision
from sikka.fraud.monitoring.outcomes import Confusion, Judged, cohort_of, judged, share
from sikka.fraud.monitoring.sample import Weighed
from tests.unit.fraud.monitoring.made import NOW, monitored

counts = st.lists(
    st.tuples(st.booleans(), st.booleans(), st.integers(1, 9)), min_size=1, max_size=60
)


@given(counts)
def test_counts_and_shares_are_those_of_scikit_learn(rows: list[tuple[bool, bool, int]]) -> None:
    confusion = Confusion()
    for positive, fraud, weight in rows:
        confusion.count(positive=positive, fraud=fraud, weight=weight)
    found = confusion.outcomes()
    said, was, weights = (np.array(column) for column in zip(*rows, strict=True))
    matrix = confusion_matrix(was, said, labels=[False, True], sample_weight=weights)
    assert [
        [found.true_negatives, found.false_positives],
        [found.false_negatives, found.true_positives],
    ] == matrix.tolist()
    for ours, theirs in ((found.precision, precision_score), (found.recall, recall_score)):
        other = theirs(was, said, sample_weight=weights, zero_division=np.nan)
        assert ours == pytest.approx(other) if ours is not None else np.isnan(other)
    false_positives, true_negatives = matrix[0][1], matrix[0][0]
    if false_positives + true_negatives:
        rate = false_positives / (false_positives + true_negatives)
        assert found.false_positive_rate == pytest.approx(rate)
    else:
        assert found.false_positive_rate is None


def test_a_share_of_nothing_is_none() -> None:
    assert share(0, 0) is None
    assert share(1, 3) == 0.25


def test_refused_and_reviewed_payments_are_positive_and_unknown_ones_count_nowhere() -> None:
    rows = [
        (Decision.DECLINE, True),
        (Decision.REVIEW, False),
        (Decision.APPROVE, True),
        (Decision.APPROVE, False),
        (Decision.DECLINE, None),
    ]
    payments = [
        Judged(Weighed(monitored(decision=decision), 2.0), fraud) for decision, fraud in rows
    ]
    found = cohort_of("m-1", payments, NOW, NOW, review_score=0.6, decline_score=0.95)
    assert (found.known, found.unknown) == (8, 2)
    decisions = found.decisions
    assert (decisions.true_positives, decisions.false_positives) == (2, 2)
    assert (decisions.precision, decisions.recall, decisions.false_positive_rate) == (0.5,) * 3


def test_a_score_is_positive_from_its_threshold_on_also_of_a_model_that_is_asked_beside() -> None:
    base = monitored(
        model_score_millionths=600_000,
        challenger_version="m-2",
        challenger_score_millionths=950_000,
    )
    rules = replace(base, model_score_millionths=None, risk_score_hundredths=59)
    payments = [Judged(Weighed(each, 1.0), True) for each in (base, rules)]
    one = cohort_of("m-1", payments, NOW, NOW, review_score=0.6, decline_score=0.95)
    assert (one.review_score.true_positives, one.review_score.false_negatives) == (1, 1)
    assert one.decline_score.true_positives == 0
    two = cohort_of("m-2", payments, NOW, NOW, review_score=0.6, decline_score=0.95)
    assert (two.known, two.decisions.recall) == (0, None)
    assert two.decline_score.true_positives == 2


def test_a_payment_with_a_label_stands_for_itself_wherever_it_is_read() -> None:
    labelled, other = monitored(), monitored()
    sample = [Weighed(labelled, 9.0), Weighed(other, 9.0)]
    rows = judged(sample, [Weighed(labelled, 1.0)], lambda each: each.weight == 1.0)
    assert [(each.weighed, each.fraud) for each in rows] == [
        (Weighed(labelled, 1.0), True),
        (Weighed(other, 9.0), False),
    ]
