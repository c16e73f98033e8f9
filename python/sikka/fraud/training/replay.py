"""The features of recorded payments, each at its own moment, by the core that serves payments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sikka.domain.errors import UnprocessableRequest
from sikka.fraud.training.stream import PaymentStream
from sikka.fraud.training.verdicts import NEVER_MS, Verdicts, verdicts_of
from sikka_core import FEATURE_NAMES, FeatureStore

INDIA_UTC_OFFSET_S = 19_800
VECTOR_BYTES = 4 * len(FEATURE_NAMES)


def replay(
    stream: PaymentStream, *, label_delay_ms: int, utc_offset_s: int = INDIA_UTC_OFFSET_S
) -> NDArray[np.float32]:
    """Play payments and labels again in the order of time, and return every payment's vector.

    A payment is seen after those of the rows above it. A verdict (`verdicts_of`) enters when it was
    spoken and is seen by the payments after that moment, not by those of the very millisecond.
    Nothing is forgotten for want of room, so the vectors are the same on any machine.

    Args:
        stream: the payments.
        label_delay_ms: how long after a payment silence means that it was genuine.
        utc_offset_s: how far the clock that makes hours and weekdays is ahead of UTC.

    Returns:
        (n, len(FEATURE_NAMES)) float32, NaN for what is missing.
    """
    store = roomy_store(stream, utc_offset_s)
    spoken = spoken_in_order(verdicts_of(stream, label_delay_ms))
    # For each payment, how many verdicts were spoken before it.
    spoken_before = np.searchsorted(spoken.at_ms, stream.time_ms, side="left").tolist()
    names = [column.whole() for column in stream.entities()]
    speak = _speaker(store, stream, names, spoken)
    observe = store.observe
    vectors = bytearray(VECTOR_BYTES * len(stream))
    done = start = 0
    columns = (stream.time_ms.tolist(), stream.amount_minor.tolist(), *names, *stream.places())
    for id_, due, time_ms, paid, user, instrument, device, ip, merchant, north, east in zip(
        stream.payment_ids, spoken_before, *columns, strict=True
    ):
        if done < due:
            speak(done, due)
            done = due
        vectors[start : start + VECTOR_BYTES] = observe(
            id_,
            time_ms,
            paid,
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


@dataclass(frozen=True, slots=True)
class Spoken:
    """Verdicts in the order in which they were spoken; those of one millisecond by their payments.

    Args:
        at_ms: (m,) int64, never falling.
        rows: (m,), the payment's row.
        frauds: (m,) bool, what was said.
        again: (m,) bool, whether something else had been said of the payment before.
    """

    at_ms: NDArray[np.int64]
    rows: NDArray[np.intp]
    frauds: NDArray[np.bool_]
    again: NDArray[np.bool_]


def spoken_in_order(verdicts: Verdicts) -> Spoken:
    """Every verdict that is ever spoken."""
    at_ms = np.concatenate([verdicts.first_ms, verdicts.second_ms])
    count = len(verdicts.first)
    rows = np.tile(np.arange(count), 2)
    order = np.lexsort((rows, at_ms))
    order = order[: np.searchsorted(at_ms[order], NEVER_MS)]
    frauds = np.concatenate([verdicts.first, np.ones(count, dtype=bool)])
    return Spoken(at_ms[order], rows[order], frauds[order], order >= count)


def _speaker(
    store: FeatureStore,
    stream: PaymentStream,
    names: Sequence[Sequence[str | None]],
    spoken: Spoken,
) -> Callable[[int, int], None]:
    """What tells the store the verdicts from one place in their order to before another."""
    ids, label = stream.payment_ids, store.label
    users, instruments, devices, ips, merchants = names
    columns = (spoken.rows, spoken.at_ms, spoken.frauds, spoken.again)
    rows, times, frauds, again = (column.tolist() for column in columns)

    def speak(begin: int, end: int) -> None:
        for place in range(begin, end):
            row = rows[place]
            label(
                # The store takes one label a payment: a second one goes by a name of its own.
                f"{ids[row]}/again" if again[place] else ids[row],
                times[place],
                frauds[place],
                user=users[row],
                instrument=instruments[row],
                device=devices[row],
                ip=ips[row],
                merchant=merchants[row],
            )

    return speak


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
