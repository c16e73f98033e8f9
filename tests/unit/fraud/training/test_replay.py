from __future__ import annotations

import numpy as np
import pytest

from sikka.domain.errors import UnprocessableRequest
from sikka.fraud.training import replay as module
from sikka.fraud.training.replay import labels_in_order, replay
from sikka.fraud.training.stream import ENTITIES, NEVER_MS
from sikka_core import FEATURE_NAMES, FeatureStore
from tests.unit.fraud.training.payments import (
    DAY_MS,
    DELAY_MS,
    START_MS,
    Columns,
    columns,
    stream,
    told_late,
)


def one_by_one(made: Columns, delay_ms: int) -> list[bytes]:
    """The vectors as a gateway would have made them, written down as it is said."""
    store = FeatureStore()
    labels = []
    for row, (time_ms, fraud) in enumerate(zip(made["time_ms"], made["fraud"], strict=True)):
        if fraud is not None:
            told = made["known_ms"][row]
            labels.append((time_ms + delay_ms if told is None else told, row))
    labels.sort()
    vectors = []
    for row, time_ms in enumerate(made["time_ms"]):
        while labels and labels[0][0] < time_ms:
            known_ms, labelled = labels.pop(0)
            who = {name: made[name][labelled] for name in ENTITIES}
            store.label(made["payment_id"][labelled], known_ms, made["fraud"][labelled], **who)
        vector = store.observe(
            made["payment_id"][row],
            time_ms,
            made["amount_minor"][row],
            latitude=made["latitude"][row],
            longitude=made["longitude"][row],
            **{name: made[name][row] for name in ENTITIES},
        )
        vectors.append(vector.tobytes())
    return vectors


@pytest.mark.parametrize("seed", [1, 2])
def test_vectors_are_those_of_a_gateway_that_learns_labels_when_they_become_known(
    seed: int,
) -> None:
    made = told_late(columns(seed, payments=1_500))
    vectors = replay(stream(made), label_delay_ms=DELAY_MS)
    assert vectors.shape == (1_500, len(FEATURE_NAMES))
    assert vectors.dtype == np.float32
    assert [vector.tobytes() for vector in vectors] == one_by_one(made, DELAY_MS)


def risk_of_the_second(known_after_ms: int, second_after_ms: int) -> float:
    """What the second payment at a merchant knows of the first, which was fraud."""
    made = {name: values[:2] for name, values in columns(payments=2).items()}
    made["time_ms"] = [START_MS, START_MS + second_after_ms]
    made["merchant"], made["fraud"] = ["shop", "shop"], [True, None]
    made["known_ms"] = [START_MS + known_after_ms, None]
    vectors = replay(stream(made), label_delay_ms=DAY_MS)
    return float(vectors[1][FEATURE_NAMES.index("merchant_risk_7d")])


def test_a_label_is_seen_after_its_moment_and_not_in_it() -> None:
    assert np.isnan(risk_of_the_second(known_after_ms=1_001, second_after_ms=1_000))
    assert np.isnan(risk_of_the_second(known_after_ms=1_000, second_after_ms=1_000))
    assert risk_of_the_second(known_after_ms=999, second_after_ms=1_000) == 1.0


def test_labels_come_in_the_order_in_which_they_become_known_and_never_without_one() -> None:
    known = np.array([5, NEVER_MS, 3, 5, NEVER_MS, 1])
    assert labels_in_order(known).tolist() == [5, 2, 0, 3]
    assert labels_in_order(np.array([NEVER_MS])).tolist() == []


def test_hours_are_those_of_the_clock_that_is_named() -> None:
    payments = stream(columns(payments=5))
    place = FEATURE_NAMES.index("transaction_hour")
    here, there = (
        replay(payments, label_delay_ms=DAY_MS, utc_offset_s=offset)[:, place]
        for offset in (0, 3_600)
    )
    assert ((here + 1) % 24 == there).all()


def test_vectors_that_depend_on_chance_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "roomy_store", lambda *_: FeatureStore(entities_max=10))
    with pytest.raises(UnprocessableRequest, match="the features depend on chance"):
        replay(stream(), label_delay_ms=DAY_MS)
