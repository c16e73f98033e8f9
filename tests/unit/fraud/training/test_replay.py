from __future__ import annotations

import numpy as np
import pytest

from sikka.domain.errors import UnprocessableRequest
from sikka.fraud.training import replay as module
from sikka.fraud.training.replay import replay, spoken_in_order
from sikka.fraud.training.stream import ENTITIES
from sikka.fraud.training.verdicts import NEVER_MS, Verdicts
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
        matures_ms, id_ = time_ms + delay_ms, made["payment_id"][row]
        known_ms = made["known_ms"][row] or matures_ms
        if fraud is not None:
            labels.append((min(known_ms, matures_ms), row, id_, fraud and known_ms <= matures_ms))
        if fraud and known_ms > matures_ms:
            labels.append((known_ms, row, f"{id_}/again", True))
    labels.sort()
    vectors = []
    for row, time_ms in enumerate(made["time_ms"]):
        while labels and labels[0][0] < time_ms:
            known_ms, labelled, key, fraud = labels.pop(0)
            store.label(key, known_ms, fraud, **{name: made[name][labelled] for name in ENTITIES})
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


def test_silence_is_heard_until_somebody_disputes() -> None:
    # A day after the payment it counts as genuine; what is known later makes it one of two.
    late = 2 * DAY_MS
    assert risk_of_the_second(known_after_ms=late, second_after_ms=DAY_MS + 1) == 0.0
    assert risk_of_the_second(known_after_ms=late, second_after_ms=late + 1) == pytest.approx(
        1 / (1 + np.exp(-1 / 7)), rel=1e-3
    )


def test_verdicts_come_in_the_order_in_which_they_are_spoken_and_never_without_one() -> None:
    verdicts = Verdicts(
        first_ms=np.array([5, NEVER_MS, 3, 5]),
        first=np.array([True, False, False, False]),
        second_ms=np.array([NEVER_MS, NEVER_MS, 5, NEVER_MS]),
    )
    spoken = spoken_in_order(verdicts)
    assert spoken.at_ms.tolist() == [3, 5, 5, 5]
    assert spoken.rows.tolist() == [2, 0, 2, 3]
    assert spoken.frauds.tolist() == [False, True, True, False]
    assert spoken.again.tolist() == [False, False, True, False]


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
