"""The proof that features know nothing of the future: some are computed again from the past alone.

The past of a payment is written down here in the simplest way that is right, and shares nothing
with the replay that it judges but the core.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sikka.domain.errors import UnprocessableRequest
from sikka.fraud.training.replay import INDIA_UTC_OFFSET_S
from sikka.fraud.training.stream import ENTITIES, MISSING, PaymentStream
from sikka_core import FEATURE_NAMES, FeatureStore


def check_no_look_ahead(
    stream: PaymentStream,
    vectors: NDArray[np.float32],
    *,
    label_delay_ms: int,
    sample: int = 100,
    seed: int = 0,
    utc_offset_s: int = INDIA_UTC_OFFSET_S,
) -> int:
    """Compute the vectors of a sample of payments from what came before them, and compare.

    For each one a new store sees the earlier rows that share a user, instrument, device, address
    or merchant with it, and what was held to be true of these before its time, and nothing else.
    All features of a payment come from the records of those who take part in it, so the vectors
    must be equal to the bit. Half of the sample are frauds, as far as there are enough: what a leak
    tells shows in them first.

    Args:
        stream: the payments.
        vectors: (n, len(FEATURE_NAMES)) float32, what is to be judged.
        label_delay_ms, utc_offset_s: as the vectors were made with.
        sample: how many payments to judge.
        seed: of the choice.

    Returns:
        How many payments were judged.

    Raises:
        UnprocessableRequest: a vector is another one; the message names the payment's row, the
            feature and both numbers.
    """
    chosen = _sample(stream, sample, seed)
    for row in chosen.tolist():
        alone = _vector_from_the_past(stream, row, label_delay_ms, utc_offset_s)
        different = alone.view(np.int32) != vectors[row].view(np.int32)
        # Two missing values are the same, whichever bits say so.
        different &= ~(np.isnan(alone) & np.isnan(vectors[row]))
        if different.any():
            place = int(np.argmax(different))
            raise UnprocessableRequest(
                message=f"row {row + 1}: {FEATURE_NAMES[place]} is {vectors[row][place]} in the"
                f" training data and {alone[place]} from the past alone: the features know what"
                " was not known at the time, and no model was made"
            )
    return len(chosen)


def _sample(stream: PaymentStream, size: int, seed: int) -> NDArray[np.intp]:
    chance = np.random.default_rng(seed)
    frauds = np.flatnonzero(stream.fraud == 1)
    chosen = chance.choice(frauds, min(size // 2, len(frauds)), replace=False)
    others = np.setdiff1d(np.arange(len(stream)), chosen)
    rest = chance.choice(others, min(size - len(chosen), len(others)), replace=False)
    return np.sort(np.concatenate([chosen, rest])).astype(np.intp)


def _vector_from_the_past(
    stream: PaymentStream, row: int, label_delay_ms: int, utc_offset_s: int
) -> NDArray[np.float32]:
    past = _rows_that_share(stream, row)
    now_ms = int(stream.time_ms[row])
    # A payment happens at its time; what is said at the same time is said after it.
    happenings: list[tuple[int, int, int, str, bool]] = []
    for each in past:
        happenings.append((int(stream.time_ms[each]), 0, each, "", False))
        happenings += [
            (at_ms, 1, each, key, fraud)
            for at_ms, key, fraud in _verdicts(stream, each, label_delay_ms)
            if at_ms < now_ms
        ]
    store = FeatureStore(entities_max=6 * len(past) + 2**15, utc_offset_s=utc_offset_s)
    for at_ms, _, each, key, fraud in sorted(happenings):
        if key:
            store.label(key, at_ms, fraud, **_participants(stream, each))
        else:
            _observe(store, stream, each)
    return _observe(store, stream, row)


def _verdicts(stream: PaymentStream, row: int, label_delay_ms: int) -> list[tuple[int, str, bool]]:
    """When something was held to be true of a payment, under which name, and whether fraud."""
    if stream.fraud[row] == MISSING:
        return []
    payment_id, fraud = stream.payment_ids[row], bool(stream.fraud[row] == 1)
    matures_ms = int(stream.time_ms[row]) + label_delay_ms
    told_ms = int(stream.known_ms[row])
    known_ms = matures_ms if told_ms == MISSING else told_ms
    if known_ms <= matures_ms:
        return [(known_ms, payment_id, fraud)]
    silence = (matures_ms, payment_id, False)
    return [silence, (known_ms, f"{payment_id}/again", True)] if fraud else [silence]


def _rows_that_share(stream: PaymentStream, row: int) -> list[int]:
    """The rows above this one that someone of it takes part in."""
    shares = np.zeros(row, dtype=bool)
    for column in stream.entities():
        if column.codes[row] != MISSING:
            shares |= column.codes[:row] == column.codes[row]
    rows: list[int] = np.flatnonzero(shares).tolist()
    return rows


def _observe(store: FeatureStore, stream: PaymentStream, row: int) -> NDArray[np.float32]:
    latitude, longitude = (
        None if np.isnan(column[row]) else float(column[row])
        for column in (stream.latitude, stream.longitude)
    )
    vector = store.observe(
        stream.payment_ids[row],
        int(stream.time_ms[row]),
        int(stream.amount_minor[row]),
        latitude=latitude,
        longitude=longitude,
        **_participants(stream, row),
    )
    return np.frombuffer(vector, dtype=np.float32)


def _participants(stream: PaymentStream, row: int) -> dict[str, str | None]:
    texts = {}
    for name, column in zip(ENTITIES, stream.entities(), strict=True):
        code = int(column.codes[row])
        texts[name] = None if code == MISSING else column.values[code]
    return texts
