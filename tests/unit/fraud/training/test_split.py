from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sikka.domain.errors import InvalidRequest
from sikka.fraud.training.split import Span, labelled, split_of
from sikka.fraud.training.verdicts import verdicts_of
from tests.unit.fraud.training.payments import (
    DAY_MS,
    DELAY_MS,
    START_MS,
    columns,
    stream,
    told_late,
)

PAYMENTS = stream(told_late(columns(payments=1_000)))
FIRST_MS, LAST_MS = int(PAYMENTS.time_ms[0]), int(PAYMENTS.time_ms[-1])


@given(st.integers(1, 12 * DAY_MS))
def test_the_stretches_follow_each_other_with_room_for_labels(delay_ms: int) -> None:
    split = split_of(PAYMENTS, label_delay_ms=delay_ms)
    assert split.train.from_ms == FIRST_MS
    assert split.validation.from_ms == split.train.until_ms + delay_ms
    assert split.test.from_ms == split.validation.until_ms + delay_ms
    assert split.test.until_ms == LAST_MS + 1
    spans = (split.train, split.validation, split.test)
    assert all(span.from_ms < span.until_ms for span in spans)


def test_training_takes_six_tenths_and_the_others_share_the_rest() -> None:
    split = split_of(PAYMENTS, label_delay_ms=DELAY_MS)
    train, validation, test = (
        (span.until_ms - span.from_ms) / DAY_MS
        for span in (split.train, split.validation, split.test)
    )
    assert train == pytest.approx(0.6 * 26, abs=0.1)
    assert validation == pytest.approx(0.2 * 26, abs=0.1) == test


def test_training_begins_and_ends_where_it_is_told() -> None:
    begin, end = START_MS + 3 * DAY_MS, START_MS + 10 * DAY_MS
    split = split_of(PAYMENTS, label_delay_ms=DELAY_MS, train_from_ms=begin, train_until_ms=end)
    assert split.train == Span(begin, end)
    assert split.validation.from_ms == end + DELAY_MS


@pytest.mark.parametrize(
    ("begin", "end", "delay_ms"),
    [
        (None, None, 20 * DAY_MS),
        (None, START_MS + 29 * DAY_MS, DELAY_MS),
        (None, START_MS - DAY_MS, DELAY_MS),
        (START_MS + 29 * DAY_MS, None, DELAY_MS),
    ],
)
def test_too_short_a_stream_is_refused_with_what_to_do(
    begin: int | None, end: int | None, delay_ms: int
) -> None:
    with pytest.raises(InvalidRequest, match="take more data, a shorter label delay or an earlier"):
        split_of(PAYMENTS, label_delay_ms=delay_ms, train_from_ms=begin, train_until_ms=end)


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 45))
def test_payments_are_those_of_the_stretch_as_they_were_known_by_then(
    begin: int, end: int, known_by: int
) -> None:
    span = Span(START_MS + begin * DAY_MS, START_MS + end * DAY_MS)
    moment_ms = START_MS + known_by * DAY_MS
    found = labelled(PAYMENTS, span, label_delay_ms=DELAY_MS, known_by_ms=moment_ms)
    held = verdicts_of(PAYMENTS, DELAY_MS).by(moment_ms)
    expected = [
        (row, held[row] == 1)
        for row in range(len(PAYMENTS))
        if span.from_ms <= PAYMENTS.time_ms[row] < span.until_ms and held[row] >= 0
    ]
    assert list(zip(found.rows.tolist(), found.frauds.tolist(), strict=True)) == expected


def test_without_a_moment_what_turned_out_in_the_end_counts() -> None:
    found = labelled(PAYMENTS, Span(FIRST_MS, LAST_MS + 1), label_delay_ms=DELAY_MS)
    assert np.array_equal(found.rows, np.flatnonzero(PAYMENTS.fraud >= 0))
    assert np.array_equal(found.frauds, PAYMENTS.fraud[found.rows] == 1)
