"""A stream as a table, and as a file.

One row a payment, in the order of time:

==================  =====================================================================
`payment_id`        text
`time_ms`           int64, milliseconds since 1970, UTC
`amount_minor`      int64, paise
`currency`          text, INR
`payment_method`    text, UPI or CARD
`user`, `instrument`, `device`, `ip`, `merchant`  text, null where there is none
`latitude`, `longitude`  float64, null where the place is not known
`fraud`             bool: whether it becomes known that it is fraud, sooner or later
`fraud_kind`        text, null if it is none in truth; for reports, never a feature
`known_ms`          int64, when that it is fraud becomes known; null if it never does
`true_fraud`        bool: whether it is fraud in truth, reported or not; for reports
`merchant_kind`     text; for reports
==================  =====================================================================

A fraud that nobody reports has ``fraud`` false like every honest payment, because that is what
whoever trains on it would believe. Ids are a keyed permutation of numbers that honest and
fraudulent entities share: nothing in the text of an id says anything of who has it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from sikka_sim.stream.draws import Draws, Flags, Integers
from sikka_sim.stream.frauds.plan import FRAUD_KINDS
from sikka_sim.stream.geography import DEGREE_E6, NOWHERE
from sikka_sim.stream.holdings import NOBODY, is_card
from sikka_sim.stream.network import ADDRESS_BITS
from sikka_sim.stream.payments import NEVER_KNOWN, Payments
from sikka_sim.stream.schema import Parameters

ID_BITS = 48
ROUNDS = 3
ALPHABET = np.frombuffer(b"abcdefghijklmnopqrstuvwxyz234567", np.uint8)
SYMBOL_BITS = 5
ROW_GROUP = 1 << 17

ENTITIES = ("user", "instrument", "device", "ip", "merchant")

SCHEMA = pa.schema(
    [
        pa.field("payment_id", pa.string(), nullable=False),
        pa.field("time_ms", pa.int64(), nullable=False),
        pa.field("amount_minor", pa.int64(), nullable=False),
        pa.field("currency", pa.string(), nullable=False),
        pa.field("payment_method", pa.string(), nullable=False),
        *(pa.field(name, pa.string()) for name in ENTITIES),
        pa.field("latitude", pa.float64()),
        pa.field("longitude", pa.float64()),
        pa.field("fraud", pa.bool_()),
        pa.field("fraud_kind", pa.string()),
        pa.field("known_ms", pa.int64()),
        pa.field("true_fraud", pa.bool_(), nullable=False),
        pa.field("merchant_kind", pa.string(), nullable=False),
    ]
)


class Texts:
    """Makes ids of numbers, and counts payments.

    Arguments:
        seed: of the stream, which the ids depend on.
    """

    def __init__(self, seed: int) -> None:
        draws = Draws(np.random.SeedSequence(seed, spawn_key=(2**31,)))
        self._keys = {name: draws.below(1 << ID_BITS, ROUNDS) for name in ("payment", *ENTITIES)}
        self._payments = 0

    def payments(self, count: int) -> pa.Array:
        """Ids of the next payments."""
        numbers = np.arange(self._payments, self._payments + count)
        self._payments += count
        return _text(b"pay_", self._mixed("payment", numbers, ID_BITS))

    def ids(self, name: str, prefix: bytes, numbers: Integers, suffix: bytes = b"") -> pa.Array:
        """Ids of entities of a kind, null for NOBODY."""
        text = _text(prefix, self._mixed(name, numbers, ID_BITS), suffix)
        return _null_where(numbers == NOBODY, text)

    def addresses(self, numbers: Integers) -> pa.Array:
        """IP addresses of a network that is nobody's, 10.0.0.0/8."""
        mixed = self._mixed("ip", numbers, ADDRESS_BITS)
        octets = [pc.cast(pa.array((mixed >> shift) & 0xFF), pa.string()) for shift in (16, 8, 0)]
        text = pc.binary_join_element_wise("10", *octets, ".")
        return _null_where(numbers == NOBODY, text)

    def _mixed(self, name: str, numbers: Integers, bits: int) -> Integers:
        """A keyed permutation of the numbers of so many bits (Feistel's, in a few rounds)."""
        half = bits // 2
        mask = (1 << half) - 1
        left, right = (numbers >> half) & mask, numbers & mask
        for key in self._keys[name]:
            mixed = (right * 0x9E3779B1 + int(key)) & 0xFFFFFFFFFFFF
            mixed = (mixed ^ (mixed >> 15)) * 0x85EBCA6B & 0xFFFFFFFFFFFF
            left, right = right, left ^ ((mixed >> 13) & mask)
        return (left << half) | right


def _text(prefix: bytes, numbers: Integers, suffix: bytes = b"") -> pa.Array:
    """Numbers as text of one length, between prefix and suffix."""
    symbols = -(-ID_BITS // SYMBOL_BITS)
    shifts = np.arange(symbols - 1, -1, -1) * SYMBOL_BITS
    digits = ALPHABET[(numbers[:, np.newaxis] >> shifts) & (len(ALPHABET) - 1)]
    count = len(numbers)
    matrix = np.empty((count, len(prefix) + symbols + len(suffix)), np.uint8)
    matrix[:, : len(prefix)] = np.frombuffer(prefix, np.uint8)
    matrix[:, len(prefix) : len(prefix) + symbols] = digits
    matrix[:, len(prefix) + symbols :] = np.frombuffer(suffix, np.uint8)
    offsets = np.arange(count + 1, dtype=np.int32) * matrix.shape[1]
    return pa.StringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(matrix))


def _null_where(missing: Flags, values: Any) -> Any:
    return pc.if_else(pa.array(missing), pa.scalar(None, values.type), values)


def table_of(payments: Payments, parameters: Parameters, texts: Texts) -> pa.Table:
    """Payments as a table of `SCHEMA`."""
    count = len(payments)
    card = is_card(payments.instrument)
    fraud_kinds = pa.array([None, *FRAUD_KINDS], pa.string())
    kinds = pa.array(parameters.kind_names, pa.string())
    known = payments.known_ms
    nowhere = payments.latitude_e6 == NOWHERE
    columns = [
        texts.payments(count),
        pa.array(payments.time_ms),
        pa.array(payments.amount_minor),
        pa.array(["INR"] * count, pa.string()),
        pc.if_else(pa.array(card), "CARD", "UPI"),
        texts.ids("user", b"user_", payments.user),
        pc.if_else(
            pa.array(card),
            texts.ids("instrument", b"card_", payments.instrument),
            texts.ids("instrument", b"", payments.instrument, b"@upi"),
        ),
        texts.ids("device", b"device_", payments.device),
        texts.addresses(payments.ip),
        texts.ids("merchant", b"merchant_", payments.merchant),
        _null_where(nowhere, pa.array(payments.latitude_e6 / DEGREE_E6)),
        _null_where(nowhere, pa.array(payments.longitude_e6 / DEGREE_E6)),
        pa.array(known != NEVER_KNOWN),
        fraud_kinds.take(pa.array(payments.fraud)),
        _null_where(known == NEVER_KNOWN, pa.array(known)),
        pa.array(payments.fraud != 0),
        kinds.take(pa.array(payments.kind)),
    ]
    return pa.Table.from_arrays(columns, schema=SCHEMA)


class _Writer(Protocol):
    def write_table(self, table: pa.Table) -> None: ...
    def close(self) -> None: ...


def _writer(path: Path, suffix: str) -> _Writer:
    if suffix == ".parquet":
        return pa.parquet.ParquetWriter(path, SCHEMA, compression="zstd")  # type: ignore[no-any-return]
    return pa.csv.CSVWriter(path, SCHEMA)  # type: ignore[no-any-return]


def _in_groups(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The same rows in tables of a good size, so that neither days nor memory shape the file."""
    waiting: list[pa.Table] = []
    rows = 0
    for table in tables:
        waiting.append(table)
        rows += len(table)
        if rows >= ROW_GROUP:
            yield pa.concat_tables(waiting).combine_chunks()
            waiting, rows = [], 0
    if waiting:
        yield pa.concat_tables(waiting).combine_chunks()


def write(tables: Iterable[pa.Table], path: Path) -> int:
    """Write a stream to a file, which appears when it is whole.

    Args:
        tables: of the stream, in its order.
        path: ends in .parquet or .csv.

    Returns:
        how many payments it has.

    Raises:
        ValueError: the path ends in something else.
        OSError: the file cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix not in (".parquet", ".csv"):
        raise ValueError("output must end in .parquet or .csv")
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        writer = _writer(unfinished, suffix)
        rows = 0
        try:
            for group in _in_groups(tables):
                writer.write_table(group)
                rows += len(group)
        finally:
            writer.close()
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return rows
