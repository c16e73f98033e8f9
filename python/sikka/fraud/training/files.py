"""Payment streams from files, in Parquet or CSV."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from sikka.domain.errors import InvalidRequest
from sikka.fraud.training.columns import BY_NAME, TEXT, bad_row, names_to_read
from sikka.fraud.training.stream import PaymentStream
from sikka.fraud.training.table import stream_of_table

# Eighteen digits always fit 64 bits; whatever needs more is beyond every rule.
WHOLE_NUMBER = r"^-?[0-9]{1,18}$"
NUMBER = r"^[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]{1,3})?$"
YES_OR_NO = r"^(true|false|True|False|1|0)$"


def read_stream(path: Path) -> PaymentStream:
    """Read a payment stream from a file, `.parquet` or `.csv`.

    A CSV file is UTF-8 with one line of column names; what is empty is missing, and labels are
    true or false, True or False, 1 or 0.

    Raises:
        OSError: the file cannot be read.
        InvalidRequest: it is neither kind of file, or the message names row, column and rule.
    """
    readers = {".parquet": _read_parquet, ".csv": _read_csv}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise InvalidRequest(message=f"{path}: must end in .parquet or .csv", param="data")
    try:
        table = reader(path)
    except pa.ArrowInvalid as error:
        told = str(error).splitlines()[0]
        message = f"{path}: is no {path.suffix[1:]} file that can be read: {told}"
        raise InvalidRequest(message=message, param="data") from None
    return stream_of_table(table)


def _read_parquet(path: Path) -> pa.Table:
    # One file, opened here: a folder or an address is none.
    with path.open("rb") as file:
        return pyarrow.parquet.ParquetFile(file).read()


def _read_csv(path: Path) -> pa.Table:
    convert = pyarrow.csv.ConvertOptions(
        column_types=dict.fromkeys(BY_NAME, TEXT),
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=True,
    )
    with path.open("rb") as file:
        table = pyarrow.csv.read_csv(file, convert_options=convert)
    names = names_to_read(table.column_names)
    return pa.table({name: _parsed(name, table[name]) for name in names})


def _parsed(name: str, texts: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = BY_NAME[name].type
    if kind == TEXT:
        return texts
    if pa.types.is_boolean(kind):
        _all_match(name, texts, YES_OR_NO, "must be true or false")
        yes = pc.is_in(texts, value_set=pa.array(["true", "True", "1"], TEXT))
        return pc.if_else(pc.is_valid(texts), yes, None)
    pattern, rule = (
        (WHOLE_NUMBER, "must be a whole number of at most 18 digits")
        if pa.types.is_integer(kind)
        else (NUMBER, "must be a number")
    )
    _all_match(name, texts, pattern, rule)
    return texts.cast(kind)


def _all_match(name: str, texts: pa.ChunkedArray, pattern: str, rule: str) -> None:
    matches = pc.fill_null(pc.match_substring_regex(texts, pattern), fill_value=True)
    at = pc.index(matches, value=False).as_py()
    if at >= 0:
        raise bad_row(at, name, rule)
