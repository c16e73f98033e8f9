"""A stream of recorded payments in columns, in the order of time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Who may take part in a payment, in the core's order.
ENTITIES = ("user", "instrument", "device", "ip", "merchant")
# What stands for "no label" and "no time" in a column of whole numbers.
MISSING = -1


@dataclass(frozen=True, slots=True)
class Texts:
    """A column of texts that repeat.

    Args:
        codes: (n,) int32, the place of each row's text in `values`, or -1 for none.
        values: the different texts, in the order in which they first appear.
    """

    codes: NDArray[np.int32]
    values: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.codes)

    def whole(self) -> list[str | None]:
        """The text of every row."""
        # The place -1 is the last one, where None stands.
        texts: list[str | None] = [*self.values, None]
        return [texts[code] for code in self.codes.tolist()]

    def are(self, text: str) -> NDArray[np.bool_]:
        """Which rows hold this text."""
        if text not in self.values:
            return np.zeros(len(self), dtype=bool)
        return np.equal(self.codes, self.values.index(text))

    def at(self, rows: NDArray[np.intp]) -> Texts:
        """The column of some rows; a text keeps its place."""
        return Texts(self.codes[rows], self.values)


@dataclass(frozen=True, slots=True)
class PaymentStream:
    """Recorded payments, sorted by time; a row a payment, and as many rows in each column.

    Args:
        payment_ids: each once.
        time_ms: (n,) int64, milliseconds since 1970, never falling.
        amount_minor: (n,) int64, minor units of `currency`.
        currency: that of every payment.
        payment_method: UPI or CARD.
        user, instrument, device, ip, merchant: who takes part; of each row at least one is there.
        latitude, longitude: (n,) float64 degrees; both NaN where the place is not known.
        fraud: (n,) int8; 1 for fraud, 0 for none, -1 where there is no label.
        known_ms: (n,) int64, when the label became known; -1 where it is not told.
        fraud_kind: what kind of fraud it was, for reports only.
        rules_decision: what rules decided (APPROVE, REVIEW, DECLINE), for reports only.
        true_fraud: (n,) int8, as `fraud`: what a payment is in truth, whoever came to know it, as
            only a generator can tell; for reports only.
    """

    payment_ids: Sequence[str]
    time_ms: NDArray[np.int64]
    amount_minor: NDArray[np.int64]
    currency: str
    payment_method: Texts
    user: Texts
    instrument: Texts
    device: Texts
    ip: Texts
    merchant: Texts
    latitude: NDArray[np.float64]
    longitude: NDArray[np.float64]
    fraud: NDArray[np.int8]
    known_ms: NDArray[np.int64]
    fraud_kind: Texts
    rules_decision: Texts
    true_fraud: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.time_ms)

    def entities(self) -> tuple[Texts, ...]:
        """The columns of those who take part, in the order of `ENTITIES`."""
        return (self.user, self.instrument, self.device, self.ip, self.merchant)

    def places(self) -> tuple[list[float | None], list[float | None]]:
        """Latitude and longitude of every row, as the core takes them."""
        latitude, longitude = self.latitude.astype(object), self.longitude.astype(object)
        nowhere = np.isnan(self.latitude)
        latitude[nowhere] = longitude[nowhere] = None
        return latitude.tolist(), longitude.tolist()


def data_hash(stream: PaymentStream) -> str:
    """SHA-256 over what the stream says, as 64 lower-case hex digits.

    It does not depend on the file's format, on how a table was cut into chunks, or on whether an
    optional column is absent or empty. Each column is hashed with its name and its lengths: whole
    numbers and floats as little-endian 64 bits (bytes for labels), texts as their codes in the
    order of first appearance and the different texts once.
    """
    digest = hashlib.sha256(b"sikka payment stream 1\n")
    for field in fields(stream):
        digest.update(f"{field.name}:{len(stream)}\n".encode())
        for part in _parts(getattr(stream, field.name)):
            digest.update(part)
    return digest.hexdigest()


def _parts(column: object) -> Iterator[bytes]:
    if isinstance(column, Texts):
        yield column.codes.astype("<i4").tobytes()
        yield from _texts(column.values)
    elif isinstance(column, np.ndarray):
        yield _canonical(column).tobytes()
    elif isinstance(column, str):
        yield from _texts([column])
    elif isinstance(column, Sequence):
        yield from _texts(column)
    else:
        raise TypeError(f"a column cannot be {type(column).__name__}")


def _canonical(column: NDArray[Any]) -> NDArray[Any]:
    if column.dtype.kind == "f":
        # One NaN for all, and no negative zero: equal numbers have equal bytes.
        column = np.where(np.isnan(column), np.nan, column + 0.0)
    return column.astype(column.dtype.newbyteorder("<"))


def _texts(texts: Sequence[str]) -> Iterator[bytes]:
    # The lengths say where each text ends, whatever characters it holds.
    yield np.fromiter(map(len, texts), dtype="<i8", count=len(texts)).tobytes()
    yield "".join(texts).encode()
