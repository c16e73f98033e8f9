from __future__ import annotations

import numpy as np
import pytest

from sikka.fraud.models.calibration import Calibration
from sikka.fraud.training.fit import Examples, fit
from sikka.fraud.training.replay import replay
from sikka.fraud.training.scored import scored_rows
from sikka.fraud.training.settings import FitSettings
from sikka.fraud.training.split import Labelled
from tests.unit.fraud.training.payments import DELAY_MS, columns, stream

LINE = Calibration("platt", (-10.0, 10.0), (-10.0, 10.0))


def test_scores_stand_beside_their_payments() -> None:
    made = columns(payments=800)
    made["user"][5] = made["user"][6] = made["user"][7] = None
    made["instrument"][5] = made["instrument"][6] = "a@bank"
    made["instrument"][7] = None
    payments = stream(made)
    vectors = replay(payments, label_delay_ms=DELAY_MS)
    model = fit(Examples(vectors, payments.fraud == 1), FitSettings(rounds_max=5)).model
    rows = np.array([5, 6, 7, 8, 799])
    judged = Labelled(rows, payments.fraud[rows] == 1)
    scored = scored_rows(payments, vectors, judged, model, LINE)
    assert len(scored) == 5
    for place, row in enumerate(rows.tolist()):
        assert scored.margins[place] == model.margin(vectors[row])
        assert scored.probabilities[place] == pytest.approx(model.score(vectors[row]), rel=1e-5)
        assert scored.amount_minor[place] == made["amount_minor"][row]
        assert scored.time_ms[place] == made["time_ms"][row]
        assert scored.frauds[place] == bool(made["fraud"][row])
        assert scored.fraud_kind.whole()[place] == made["fraud_kind"][row]
    assert scored.cards[0] == scored.cards[1]
    assert len({*scored.cards[[0, 2, 3]].tolist()}) == 3
    assert scored.base_rate == scored.frauds.sum() / 5
    assert scored.truth is not None
    assert scored.truth.tolist() == [made["true_fraud"][row] for row in rows]
    made["true_fraud"][6] = None
    assert scored_rows(stream(made), vectors, judged, model, LINE).truth is None
