"""The features of recorded payments, each at its own moment, by the core that serves payments."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from sikka.domain.errors import UnprocessableRequest
from sikka.fraud.training.stream import NEVER_MS, PaymentStream
from sikka_core import FEATURE_NAMES, FeatureStore

INDIA_UTC_OFFSET_S = 19_800
VECTOR_BYTES = 4 * len(FEATURE_NAMES)


def replay(
    stream: PaymentStream, *, label_delay_ms: int, utc_offset_s: int = INDIA_UTC_OFFSET_S
) -> NDArray[np.float32]:
    """Play payments and labels again in the order of time, and return every payment's vector.

    A payment is seen after those of the rows above it. A label enters when it became known
    (`PaymentStream.label_known_ms`) and is seen by the payments after that moment, not by those of
    the very millisecond. Nothing is forgotten for want of room, so the vectors are the same on any
    machine.

    Args:
        stream: the payments.
        label_delay_ms: how long after its payment a label is known that does not say.
        utc_offset_s: how far the clock that makes hours and weekdays is ahead of UTC.

    Returns:
        (n, len(FEATURE_NAMES)) float32, NaN for what is missing.
    """
    store = roomy_store(stream, utc_offset_s)
    known_ms = stream.label_known_ms(label_delay_ms)
    rows = labels_in_order(known_ms)
    # For each payment, how many labels are known before it.
    known_before = np.searchsorted(known_ms[rows], stream.time_ms, side="left").tolist()
    names = [column.whole() for column in stream.entities()]
    play_labels = _labels_of(store, stream, names, rows.tolist(), known_ms)
    observe = store.observe
    vectors = bytearray(VECTOR_BYTES * len(stream))
    labelled = start = 0
    columns = (stream.time_ms.tolist(), stream.amount_minor.tolist(), *names, *stream.places())
    for (
        payment_id,
        due,
        time_ms,
        amount,
        user,
        instrument,
        device,
        ip,
        merchant,
        north,
        east,
    ) in zip(stream.payment_ids, known_before, *columns, strict=True):
        if labelled < due:
            play_labels(labelled, due)
            labelled = due
        vectors[start : start + VECTOR_BYTES] = observe(
            payment_id,
            time_ms,
            amount,
            user=user,
            instrument=instrument,
            device=device,
            ip=ip,
            merchant=merchant,
            latitude=north,
            longitude=east,
        )
        start += VECTOR_BYTES
    _check_nothing_was_forgotten(store, stream)
    return np.frombuffer(vectors, dtype=np.float32).reshape(len(stream), len(FEATURE_NAMES))


def _labels_of(
    store: FeatureStore,
    stream: PaymentStream,
    names: Sequence[Sequence[str | None]],
    rows: Sequence[int],
    known_ms: NDArray[np.int64],
) -> Callable[[int, int], None]:
    """What plays the labels from one place in `rows` to before another."""
    ids, known, frauds = stream.payment_ids, known_ms.tolist(), (stream.fraud == 1).tolist()
    users, instruments, devices, ips, merchants = names
    label = store.label

    def play(begin: int, end: int) -> None:
        for row in rows[begin:end]:
            label(
                ids[row],
                known[row],
                frauds[row],
                user=users[row],
                instrument=instruments[row],
                device=devices[row],
                ip=ips[row],
                merchant=merchants[row],
            )

    return play


def labels_in_order(known_ms: NDArray[np.int64]) -> NDArray[np.intp]:
    """The rows whose label is ever known, in the order in which labels become known.

    Labels of the same millisecond come in the order of their payments.
    """
    rows = np.argsort(known_ms, kind="stable")
    return rows[: np.searchsorted(known_ms[rows], NEVER_MS)]


def roomy_store(stream: PaymentStream, utc_offset_s: int) -> FeatureStore:
    """A feature store that has room for all who take part in a stream."""
    most = max(len(column.values) for column in stream.entities())
    # The store spreads entities over shards by chance: twice the room and some is never too little.
    return FeatureStore(entities_max=2 * most + 2**15, utc_offset_s=utc_offset_s)


def _check_nothing_was_forgotten(store: FeatureStore, stream: PaymentStream) -> None:
    there = sum(len(column.values) for column in stream.entities())
    if len(store) != there:
        raise UnprocessableRequest(
            message=f"the feature store kept {len(store)} entities of {there}: the features"
            " depend on chance; report this as a bug"
        )
