from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sikka.fraud.training.scored import Scored
from sikka.fraud.training.thresholds import Costs, outcomes_at
from tests.unit.fraud.training.judged import SCORED


@given(
    SCORED,
    st.lists(st.floats(0, 1), min_size=1, max_size=6),
    st.builds(Costs, st.integers(0, 10**6), st.integers(0, 10**6)),
)
@settings(deadline=None)
def test_outcomes_are_those_of_counting_each_payment(
    scored: Scored, thresholds: list[float], costs: Costs
) -> None:
    # A threshold that is equal to a score flags it.
    thresholds = [*thresholds, float(scored.probabilities[0])]
    outcomes = outcomes_at(scored, thresholds)
    for place, threshold in enumerate(thresholds):
        flagged = caught = missed = refusing = reviewing = 0
        for fraud, likely, amount in zip(
            scored.frauds.tolist(),
            scored.probabilities.tolist(),
            scored.amount_minor.tolist(),
            strict=True,
        ):
            if likely >= threshold:
                flagged += 1
                caught += fraud
                refusing += 0 if fraud else costs.refusal_minor
                reviewing += costs.review_minor
            elif fraud:
                missed += amount
        assert outcomes.flagged[place] == flagged
        assert outcomes.caught[place] == caught
        assert outcomes.missed_minor[place] == missed
        assert outcomes.cost_of_refusing_minor(costs)[place] == missed + refusing
        assert outcomes.cost_of_reviewing_minor(costs)[place] == missed + reviewing
        assert outcomes.precision[place] == pytest.approx(caught / flagged if flagged else 1)
        assert outcomes.recall[place] == pytest.approx(caught / scored.frauds.sum())
        assert outcomes.false_positive_rate[place] == pytest.approx(
            (flagged - caught) / (~scored.frauds).sum()
        )
    assert (outcomes.frauds, outcomes.good) == (scored.frauds.sum(), (~scored.frauds).sum())
    assert outcomes.flagged.dtype == np.int64
