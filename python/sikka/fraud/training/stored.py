"""Payment streams from a database, which whoever keeps the payments reads in chunks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol

import pyarrow as pa

from sikka.fraud.training.columns import BY_NAME, Column, bad_row, names_to_read, typed
from sikka.fraud.training.stream import PaymentStream
from sikka.fraud.training.table import stream_of_table


class StoredPayments(Protocol):
    """Recorded payments of one currency, as whoever keeps them reads them."""

    def chunks(self) -> AsyncIterator[Mapping[str, Sequence[object]]]:
        """The payments in the order of their time, some thousands at once.

        A chunk has the columns of a payment stream file, by name, as sequences of equal length;
        None is what is missing, and a column that is empty may be absent. `time_ms` and `known_ms`
        are int milliseconds since 1970, `amount_minor` an int, `fraud` a bool or None where there
        is no label, places float degrees, all else str. A payment comes once. Each is told as it
        is known when the reading begins, with the time at which its label became known.
        """
        ...


async def read_stored(payments: StoredPayments) -> PaymentStream:
    """Read a payment stream to its end.

    Raises:
        InvalidRequest: the message names row, column and rule; rows count over all chunks.
        Exception: whatever the reader raises.
    """
    tables: list[pa.Table] = []
    rows = 0
    async for chunk in payments.chunks():
        names = names_to_read(list(chunk))
        arrays = {name: _array(BY_NAME[name], chunk[name], rows) for name in names}
        table = typed(pa.table(arrays))
        tables.append(table)
        rows += len(table)
    return stream_of_table(pa.concat_tables(tables or [typed(_empty())]))


def _empty() -> pa.Table:
    return pa.table({name: pa.array([], column.type) for name, column in BY_NAME.items()})


def _array(column: Column, values: Sequence[object], rows_before: int) -> pa.Array:
    try:
        return pa.array(values, column.type)
    except (pa.ArrowException, OverflowError):
        for row, value in enumerate(values):
            if not _fits(column, value):
                raise bad_row(rows_before + row, column.name, f"must be {column.type}") from None
        raise


def _fits(column: Column, value: object) -> bool:
    try:
        pa.array([value], column.type)
    except (pa.ArrowException, OverflowError):
        return False
    return True
