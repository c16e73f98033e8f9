from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from sikka.domain.errors import InvalidRequest
from sikka.fraud.training.files import read_stream
from sikka.fraud.training.stream import data_hash
from tests.unit.fraud.training.payments import columns, stream, told_late


def test_parquet_and_csv_of_the_same_payments_are_the_same(tmp_path: Path) -> None:
    made = told_late(columns(payments=300))
    table = pa.table(made)
    pyarrow.parquet.write_table(table, tmp_path / "a.parquet", row_group_size=70)
    pyarrow.csv.write_csv(table, tmp_path / "a.csv")
    pd.DataFrame(made).to_csv(tmp_path / "pandas.CSV", index=False, float_format="%.12g")
    frame = pd.DataFrame(made).astype({"known_ms": "Int64"})
    frame.to_parquet(tmp_path / "pandas.parquet", index=False)
    frame.to_csv(tmp_path / "b.csv", index=False)
    for name in ("a.parquet", "a.csv", "pandas.parquet", "b.csv"):
        assert data_hash(read_stream(tmp_path / name)) == data_hash(stream(made)), name


def csv(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "payments.csv"
    head = (
        "payment_id,time_ms,amount_minor,currency,payment_method,merchant,latitude,longitude,fraud"
    )
    path.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    return path


GOOD = "pay_1,1750000000000,100,INR,UPI,shop,,,true"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "pay_2,soon,100,INR,UPI,shop,,,",
            "row 2: time_ms must be a whole number of at most 18 digits",
        ),
        (
            "pay_2,1750000000000,1e2,INR,UPI,shop,,,",
            "row 2: amount_minor must be a whole number of at most 18 digits",
        ),
        (
            "pay_2,1750000000000,9999999999999999999,INR,UPI,shop,,,",
            "row 2: amount_minor must be a whole number of at most 18 digits",
        ),
        ("pay_2,1750000000000,100,INR,UPI,shop,x,72,", "row 2: latitude must be a number"),
        ("pay_2,1750000000000,100,INR,UPI,shop,19,nan,", "row 2: longitude must be a number"),
        ("pay_2,1750000000000,100,INR,UPI,shop,,,yes", "row 2: fraud must be true or false"),
        ("pay_2,,100,INR,UPI,shop,,,", "row 2: time_ms must be there"),
        ('"",1750000000000,100,INR,UPI,shop,,,', "row 2: payment_id must be there"),
        ("pay_1,1750000000000,100,INR,UPI,shop,,,", "row 2: payment_id must not repeat that of a"),
    ],
)
def test_a_bad_line_of_csv_is_named(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(InvalidRequest, match=f"^{re.escape(message)}"):
        read_stream(csv(tmp_path, GOOD, line))


def test_a_name_that_looks_like_nothing_is_a_name(tmp_path: Path) -> None:
    read = read_stream(csv(tmp_path, GOOD, "NA,1750000000000,100,INR,UPI,null,19.5,-7.25e1,0"))
    assert list(read.payment_ids) == ["pay_1", "NA"]
    assert read.merchant.whole() == ["shop", "null"]
    assert read.places() == ([None, 19.5], [None, -72.5])
    assert read.fraud.tolist() == [1, 0]


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "payments.xlsx"
    path.write_bytes(b"PK")
    with pytest.raises(InvalidRequest, match="must end in .parquet or .csv$"):
        read_stream(path)


@pytest.mark.parametrize("name", ["broken.parquet", "broken.csv"])
@pytest.mark.parametrize("content", [b"", b"PAR1 is not enough", b'a,b\n1\n"'])
def test_a_damaged_file_is_refused_by_name(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InvalidRequest, match=r"is no (parquet|csv) file|^column .*: is not one of"):
        read_stream(path)


def test_a_csv_with_an_unknown_column_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "payments.csv"
    path.write_text("payment_id,colour\npay_1,red\n")
    with pytest.raises(InvalidRequest, match="^column colour: is not one of payment_id, "):
        read_stream(path)


def test_a_file_that_is_not_there_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_stream(tmp_path / "none.csv")
