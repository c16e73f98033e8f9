"""What the columns of a payment stream are called, and what they hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from sikka.domain.errors import InvalidRequest


@dataclass(frozen=True, slots=True)
class Column:
    """A column as it comes in.

    Args:
        name: as the contract calls it.
        type: what it is read as.
        required: whether every row has it; a column that is not required may be absent.
    """

    name: str
    type: pa.DataType
    required: bool = False


TEXT = pa.large_string()

COLUMNS = (
    Column("payment_id", TEXT, required=True),
    Column("time_ms", pa.int64(), required=True),
    Column("amount_minor", pa.int64(), required=True),
    Column("currency", TEXT, required=True),
    Column("payment_method", TEXT, required=True),
    Column("user", TEXT),
    Column("instrument", TEXT),
    Column("device", TEXT),
    Column("ip", TEXT),
    Column("merchant", TEXT),
    Column("latitude", pa.float64()),
    Column("longitude", pa.float64()),
    Column("fraud", pa.bool_()),
    Column("fraud_kind", TEXT),
    Column("known_ms", pa.int64()),
    Column("rules_decision", TEXT),
    Column("true_fraud", pa.bool_()),
)
# What a generator may tell besides, and nothing here looks at.
UNREAD = {"merchant_kind"}
BY_NAME = {column.name: column for column in COLUMNS}


def names_to_read(names: Sequence[str]) -> list[str]:
    """Check which columns there are, and return those that are read, in their order.

    Raises:
        InvalidRequest: one is unknown, there twice or lacking; the message names it.
    """
    read = [name for name in names if name not in UNREAD]
    for name in read:
        if name not in BY_NAME:
            known = ", ".join(BY_NAME)
            raise InvalidRequest(message=f"column {name}: is not one of {known}", param=name)
        if read.count(name) > 1:
            raise InvalidRequest(message=f"column {name}: must be there once", param=name)
    for column in COLUMNS:
        if column.required and column.name not in read:
            raise InvalidRequest(message=f"column {column.name}: must be there", param=column.name)
    return read


def bad_row(row: int, column: str, rule: str) -> InvalidRequest:
    """The error of one value.

    Args:
        row: the place of the row, from 0; the message counts from 1 and no heading.
        column: the column's name.
        rule: what must be true of it.
    """
    return InvalidRequest(message=f"row {row + 1}: {column} {rule}", param=column)


def typed(table: pa.Table) -> pa.Table:
    """The table with every column of the contract in its type; absent ones are empty.

    Raises:
        InvalidRequest: a column is unknown, lacking, there twice, or of another type.
    """
    names = names_to_read(table.column_names)
    arrays = []
    for column in COLUMNS:
        if column.name in names:
            arrays.append(_cast(table[column.name], column))
        else:
            arrays.append(pa.chunked_array([pa.nulls(len(table), column.type)]))
    return pa.table(arrays, names=list(BY_NAME))


def _cast(values: pa.ChunkedArray, column: Column) -> pa.ChunkedArray:
    found = values.type
    if pa.types.is_dictionary(found):
        found = found.value_type
    if not (pa.types.is_null(found) or _alike(found, column.type)):
        raise InvalidRequest(
            message=f"column {column.name}: must be {column.type}, not {found}", param=column.name
        )
    try:
        return values.cast(column.type)
    except pa.ArrowInvalid:
        raise InvalidRequest(
            message=f"column {column.name}: has a value that is no {column.type}", param=column.name
        ) from None


def _alike(found: pa.DataType, wanted: pa.DataType) -> bool:
    kinds = (
        (pa.types.is_integer, pa.types.is_integer),
        (pa.types.is_floating, pa.types.is_floating),
        (pa.types.is_boolean, pa.types.is_boolean),
        (pa.types.is_large_string, lambda kind: pa.types.is_string(kind) or kind == TEXT),
    )
    return any(is_wanted(wanted) and is_found(found) for is_wanted, is_found in kinds)
