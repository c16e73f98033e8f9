"""The check finds every leak that is planted, and nothing where there is none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from sikka.domain.errors import UnprocessableRequest
from sikka.fraud.training.look_ahead import check_no_look_ahead
from sikka.fraud.training.replay import replay
from sikka.fraud.training.stream import MISSING, PaymentStream
from sikka_core import FEATURE_NAMES
from tests.unit.fraud.training.payments import DAY_MS, DELAY_MS, columns, stream, told_late

Vectors = NDArray[np.float32]


@pytest.fixture(scope="module")
def payments() -> PaymentStream:
    return stream(told_late(columns(payments=2_000)))


@pytest.fixture(scope="module")
def vectors(payments: PaymentStream) -> Vectors:
    return replay(payments, label_delay_ms=DELAY_MS)


def check(payments: PaymentStream, vectors: Vectors, sample: int = 200) -> int:
    return check_no_look_ahead(payments, vectors, label_delay_ms=DELAY_MS, sample=sample)


def test_honest_features_pass_whichever_payments_are_looked_at(
    payments: PaymentStream, vectors: Vectors
) -> None:
    assert check(payments, vectors, sample=len(payments)) == 2_000
    assert check(payments, vectors, sample=10) == 10


def test_the_payments_that_are_looked_at_depend_on_the_seed_alone(
    payments: PaymentStream, vectors: Vectors
) -> None:
    # A vector that was spoilt is found or not: by the choice, which must not change.
    spoilt = vectors.copy()
    spoilt[:, 0] += 1
    rows = set()
    for seed in (1, 1, 2):
        with pytest.raises(UnprocessableRequest) as raised:
            check_no_look_ahead(payments, spoilt, label_delay_ms=DELAY_MS, sample=10, seed=seed)
        rows.add(raised.value.message.split(":")[0])
    assert len(rows) == 2


def test_labels_that_are_fed_when_the_payment_is_made_are_caught(payments: PaymentStream) -> None:
    told_at_once = np.where(payments.fraud == MISSING, MISSING, payments.time_ms - 1)
    leaking = replay(replace(payments, known_ms=told_at_once), label_delay_ms=DELAY_MS)
    with pytest.raises(UnprocessableRequest, match=r"_(risk|labels|frauds)_\d+[dh] is .* the past"):
        check(payments, leaking)


def test_labels_that_are_fed_a_day_too_early_are_caught(payments: PaymentStream) -> None:
    leaking = replay(payments, label_delay_ms=DELAY_MS - DAY_MS)
    with pytest.raises(UnprocessableRequest, match="the features know what was not known"):
        check(payments, leaking)


def test_a_feature_that_is_computed_with_the_future_is_caught(
    payments: PaymentStream, vectors: Vectors
) -> None:
    leaking = vectors.copy()
    place = FEATURE_NAMES.index("user_count_30d")
    leaking[:, place] = np.bincount(payments.user.codes + 1)[payments.user.codes + 1]
    with pytest.raises(UnprocessableRequest, match="^row [0-9]+: user_count_30d is [0-9.]+ in the"):
        check(payments, leaking)


def test_the_label_itself_among_the_features_is_caught(
    payments: PaymentStream, vectors: Vectors
) -> None:
    leaking = vectors.copy()
    leaking[payments.fraud == 1, FEATURE_NAMES.index("suspicious_pattern")] = 1
    with pytest.raises(UnprocessableRequest, match="suspicious_pattern is 1.0 in the training"):
        check(payments, leaking)


def test_the_features_of_the_next_payment_are_caught(
    payments: PaymentStream, vectors: Vectors
) -> None:
    with pytest.raises(UnprocessableRequest, match="the features know"):
        check(payments, np.roll(vectors, -1, axis=0))


def test_a_value_where_one_was_missing_is_caught(payments: PaymentStream, vectors: Vectors) -> None:
    with pytest.raises(UnprocessableRequest, match="is 0.0 in the training data and nan from"):
        check(payments, np.nan_to_num(vectors))


def test_a_stream_of_few_payments_is_looked_at_whole() -> None:
    few = stream(columns(payments=3))
    assert check(few, replay(few, label_delay_ms=DELAY_MS)) == 3
