"""The columns of a stream and its file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from sikka_sim.stream import Parameters, Stream, write
from sikka_sim.stream.table import SCHEMA, Texts

if TYPE_CHECKING:
    from numpy.typing import NDArray

ENTITIES = ["user", "instrument", "device", "ip", "merchant"]


def test_the_columns_are_those_of_the_contract(stream: pa.Table) -> None:
    assert stream.schema == SCHEMA
    assert stream.column_names[:15] == [
        "payment_id", "time_ms", "amount_minor", "currency", "payment_method", *ENTITIES,
        "latitude", "longitude", "fraud", "fraud_kind", "known_ms",
    ]  # fmt: skip


def test_payments_are_in_the_order_of_time_and_named_once(payments: pd.DataFrame) -> None:
    assert payments.time_ms.is_monotonic_increasing
    assert payments.payment_id.is_unique
    assert payments.day.min() == 0
    assert payments.day.max() == 74


def test_every_payment_has_somebody_and_a_whole_place_or_none(payments: pd.DataFrame) -> None:
    assert payments.instrument.notna().all()
    assert payments.merchant.notna().all()
    assert (payments.latitude.isna() == payments.longitude.isna()).all()
    assert payments.latitude.dropna().between(6, 38).all()
    assert payments.longitude.dropna().between(68, 98).all()
    for name in ("user", "device", "ip", "latitude"):
        assert 0 < payments[name].isna().mean() < 0.3


def test_methods_and_instruments_agree(payments: pd.DataFrame) -> None:
    assert set(payments.payment_method) == {"UPI", "CARD"}
    assert set(payments.currency) == {"INR"}
    card = payments.payment_method == "CARD"
    assert (payments.instrument.str.startswith("card_") == card).all()
    assert (payments.instrument.str.endswith("@upi") != card).all()


def test_addresses_are_of_a_network_that_is_nobodys(payments: pd.DataFrame) -> None:
    octets = payments.ip.dropna().str.split(".", expand=True).astype(int)
    assert (octets[0] == 10).all()
    assert octets.min().min() >= 0
    assert octets.max().max() <= 255


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_a_file_holds_what_the_table_holds(
    tmp_path: Path, parameters: Parameters, suffix: str
) -> None:
    whole = pa.concat_tables(list(Stream(parameters, users=100, days=6, seed=3).tables()))
    path = tmp_path / f"stream{suffix}"
    assert write([whole], path) == len(whole)
    if suffix == ".parquet":
        assert pyarrow.parquet.read_table(path).equals(whole)
    else:
        options = pyarrow.csv.ConvertOptions(
            column_types=SCHEMA, strings_can_be_null=True, quoted_strings_can_be_null=False
        )
        read = pyarrow.csv.read_csv(path, convert_options=options)
        assert read.to_pydict() == whole.to_pydict()


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path, parameters: Parameters) -> None:
    def broken() -> Iterator[pa.Table]:
        yield from Stream(parameters, users=50, days=2, seed=3).tables()
        raise KeyboardInterrupt

    path = tmp_path / "stream.parquet"
    path.write_bytes(b"what was there")
    with pytest.raises(KeyboardInterrupt):
        write(broken(), path)
    assert path.read_bytes() == b"what was there"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_must_be_parquet_or_csv(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^output must end in .parquet or .csv$"):
        write([], tmp_path / "stream.json")


@pytest.mark.parametrize("bits", [24, 48])
def test_ids_are_a_permutation(bits: int) -> None:
    numbers: NDArray[np.int64] = np.arange(200_000)
    mixed = Texts(7)._mixed("user", numbers, bits)
    assert len(np.unique(mixed)) == len(numbers)
    assert mixed.min() >= 0
    assert mixed.max() < 1 << bits
    # Neighbours differ in about half of their bits.
    flipped = np.array([int(value).bit_count() for value in mixed[1:20_000] ^ mixed[:19_999]])
    assert abs(flipped.mean() / bits - 0.5) < 0.02
