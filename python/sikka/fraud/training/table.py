"""A payment stream out of an Arrow table: every rule of the contract is checked here."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sikka.domain.fraud.assessment import Decision
from sikka.fraud.training.columns import BY_NAME, bad_row, typed
from sikka.fraud.training.stream import ENTITIES, MISSING, PaymentStream, Texts

TIME_MS_MAX = 2**47 - 1
AMOUNT_MINOR_MAX = 2**53 - 1
METHODS = ("UPI", "CARD")


def stream_of_table(table: pa.Table) -> PaymentStream:
    """Check a table against the contract and take it over.

    Args:
        table: the columns of `columns.COLUMNS`; the order does not matter, and columns that may
            be empty may be absent.

    Raises:
        InvalidRequest: the message names the row (from 1), the column and the rule.
    """
    table = typed(table)
    if len(table) == 0:
        raise bad_row(0, "payment_id", "must be there: the data has no rows")
    columns = {name: table[name].combine_chunks() for name in BY_NAME}
    for name, column in columns.items():
        _check_presence(name, column)
    texts = {
        name: _texts(column)
        for name, column in columns.items()
        if pa.types.is_large_string(column.type) and name != "payment_id"
    }
    latitude, longitude = (_floats(columns[name]) for name in ("latitude", "longitude"))
    stream = PaymentStream(
        payment_ids=columns["payment_id"].to_pylist(),
        time_ms=columns["time_ms"].to_numpy(zero_copy_only=False),
        amount_minor=columns["amount_minor"].to_numpy(zero_copy_only=False),
        currency=_one_currency(texts.pop("currency")),
        latitude=latitude,
        longitude=longitude,
        fraud=_numbers(columns["fraud"].cast(pa.int8())),
        known_ms=_numbers(columns["known_ms"]),
        true_fraud=_numbers(columns["true_fraud"].cast(pa.int8())),
        **texts,
    )
    _check_numbers(stream)
    _check_participants(stream)
    _check_places(stream)
    _check_labels(stream, pc.is_valid(columns["known_ms"]).to_numpy(zero_copy_only=False))
    _check_words(stream)
    _check_ids(columns["payment_id"])
    return stream


def _check_presence(name: str, column: pa.Array) -> None:
    if BY_NAME[name].required:
        _none_of(pc.is_null(column).to_numpy(zero_copy_only=False), name, "must be there")
    if pa.types.is_large_string(column.type):
        empty = pc.fill_null(pc.equal(column, ""), False)
        _none_of(empty.to_numpy(zero_copy_only=False), name, "must not be empty")


def _check_numbers(stream: PaymentStream) -> None:
    time_ms, amount_minor = stream.time_ms, stream.amount_minor
    _none_of((time_ms < 0) | (time_ms > TIME_MS_MAX), "time_ms", "must be within 0..2**47 - 1")
    _none_of(
        (amount_minor < 0) | (amount_minor > AMOUNT_MINOR_MAX),
        "amount_minor",
        "must be within 0..2**53 - 1",
    )
    falls = np.concatenate([[False], time_ms[1:] < time_ms[:-1]])
    _none_of(falls, "time_ms", "must not be before the row above: sort the rows by time")


def _check_participants(stream: PaymentStream) -> None:
    nobody = np.logical_and.reduce([column.codes == MISSING for column in stream.entities()])
    _none_of(nobody, ENTITIES[0], f"or another of {', '.join(ENTITIES)} must be there")


def _check_places(stream: PaymentStream) -> None:
    for name, degrees, most in (
        ("latitude", stream.latitude, 90),
        ("longitude", stream.longitude, 180),
    ):
        _none_of(np.abs(degrees) > most, name, f"must be within -{most}..{most}")
    alone = np.isnan(stream.latitude) != np.isnan(stream.longitude)
    _none_of(alone, "latitude", "and longitude must be there together")


def _check_labels(stream: PaymentStream, told: NDArray[np.bool_]) -> None:
    unlabelled = stream.fraud == MISSING
    _none_of(told & unlabelled, "known_ms", "must be absent where there is no label")
    _none_of(
        told & (stream.known_ms <= stream.time_ms),
        "known_ms",
        "must be after time_ms: nothing is known of a payment when it is made",
    )
    _none_of(told & (stream.known_ms > TIME_MS_MAX), "known_ms", "must be within 0..2**47 - 1")


def _check_words(stream: PaymentStream) -> None:
    for name, column, words in (
        ("payment_method", stream.payment_method, METHODS),
        ("rules_decision", stream.rules_decision, tuple(Decision)),
    ):
        wrong = np.array([value not in words for value in column.values] + [False])
        _none_of(wrong[column.codes], name, f"must be one of {', '.join(words)}")


def _check_ids(payment_ids: pa.LargeStringArray) -> None:
    codes = payment_ids.dictionary_encode().indices.to_numpy(zero_copy_only=False)
    # Codes are given in the order of first appearance, so a repetition does not raise the highest.
    highest = np.maximum.accumulate(codes)
    repeated = np.concatenate([[False], codes[1:] <= highest[:-1]])
    _none_of(repeated, "payment_id", "must not repeat that of a row above")


def _one_currency(column: Texts) -> str:
    currency = column.values[0]
    rule = f"must be {currency} as in the first row: amounts of two currencies do not compare"
    _none_of(column.codes != 0, "currency", rule)
    if len(currency) != 3 or not (currency.isascii() and currency.isalpha() and currency.isupper()):  # noqa: PLR2004
        raise bad_row(0, "currency", "must be three capital letters")
    return currency


def _none_of(wrong: NDArray[np.bool_], column: str, rule: str) -> None:
    if wrong.any():
        raise bad_row(int(np.argmax(wrong)), column, rule)


def _texts(column: pa.Array) -> Texts:
    encoded = column.dictionary_encode()
    codes = pc.fill_null(encoded.indices, MISSING).to_numpy(zero_copy_only=False)
    return Texts(codes.astype(np.int32), tuple(encoded.dictionary.to_pylist()))


def _numbers(column: pa.Array) -> NDArray[Any]:
    return np.asarray(pc.fill_null(column, MISSING).to_numpy(zero_copy_only=False))


def _floats(column: pa.Array) -> NDArray[np.float64]:
    return np.asarray(pc.fill_null(column, np.nan).to_numpy(zero_copy_only=False))
