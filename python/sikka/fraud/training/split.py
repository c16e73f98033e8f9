"""Which payments a model learns from, and which it is judged on: by time, never by chance.

train | labels become known | validation | labels become known | test
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sikka.domain.errors import InvalidRequest
from sikka.fraud.training.stream import MISSING, PaymentStream
from sikka.fraud.training.verdicts import NEVER_MS, verdicts_of

DAY_MS = 86_400_000
TRAIN_SHARE = 0.6


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time in milliseconds since 1970; the end is not included."""

    from_ms: int
    until_ms: int


@dataclass(frozen=True, slots=True)
class Split:
    """The three stretches of a training. Whoever trains stands at the end of a gap.

    Args:
        train: what the trees are grown on, as it was known when validation begins.
        validation: what tells when to stop and fits the calibration, as it was known when the test
            begins.
        test: what the model is judged on, as it turned out in the end.
    """

    train: Span
    validation: Span
    test: Span


def split_of(
    stream: PaymentStream,
    *,
    label_delay_ms: int,
    train_from_ms: int | None = None,
    train_until_ms: int | None = None,
) -> Split:
    """Divide a stream.

    Args:
        stream: the payments.
        label_delay_ms: the gap between two of the stretches.
        train_from_ms: where training begins; the first payment if None. What is before it is only
            remembered by the features.
        train_until_ms: where training ends; if None, after six tenths of the time that the two
            gaps leave. Validation and test share the rest.

    Raises:
        InvalidRequest: the stream is too short for that.
    """
    first_ms = int(stream.time_ms[0]) if train_from_ms is None else train_from_ms
    end_ms = int(stream.time_ms[-1]) + 1
    usable_ms = end_ms - first_ms - 2 * label_delay_ms
    if train_until_ms is None:
        train_until_ms = first_ms + int(usable_ms * TRAIN_SHARE)
    rest_ms = end_ms - train_until_ms - 2 * label_delay_ms
    if rest_ms < 2 or train_until_ms <= first_ms:  # noqa: PLR2004 - one each of the two.
        days = (end_ms - first_ms) / DAY_MS
        raise InvalidRequest(
            message=f"the payments span {days:.1f} days, too little for training, two label delays"
            f" of {label_delay_ms / DAY_MS:.1f} days, validation and test: take more data, a"
            " shorter label delay or an earlier end of training",
            param="train_until",
        )
    validation_from_ms = train_until_ms + label_delay_ms
    validation_until_ms = validation_from_ms + rest_ms // 2
    return Split(
        Span(first_ms, train_until_ms),
        Span(validation_from_ms, validation_until_ms),
        Span(validation_until_ms + label_delay_ms, end_ms),
    )


@dataclass(frozen=True, slots=True)
class Labelled:
    """Payments of a stretch with what was held to be true of them.

    Args:
        rows: (n,), their places in the stream, in its order.
        frauds: (n,) bool.
    """

    rows: NDArray[np.intp]
    frauds: NDArray[np.bool_]


def labelled(
    stream: PaymentStream, span: Span, *, label_delay_ms: int, known_by_ms: int = NEVER_MS
) -> Labelled:
    """The payments of a stretch that had a label before a moment, and what it was then.

    A payment that was disputed later only counts as genuine once the label delay has passed, as it
    did for whoever looked at it then.

    Args:
        stream: the payments.
        span: the stretch.
        label_delay_ms: how long after a payment silence means that it was genuine.
        known_by_ms: the moment; by default what turned out in the end counts.
    """
    held = verdicts_of(stream, label_delay_ms).by(known_by_ms)
    begin, end = np.searchsorted(stream.time_ms, [span.from_ms, span.until_ms])
    rows: NDArray[np.intp] = np.flatnonzero(held[begin:end] != MISSING) + begin
    return Labelled(rows, held[rows] == 1)
