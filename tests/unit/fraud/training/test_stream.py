from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sikka.fraud.training.stream import Texts, data_hash
from sikka.fraud.training.table import stream_of_table
from tests.unit.fraud.training.payments import columns, stream


def test_the_hash_is_of_what_the_data_says_and_not_of_how_it_lies_there() -> None:
    table = pa.table(columns(payments=100))
    chunked = pa.concat_tables([table.slice(0, 33), table.slice(33)])
    place = table.column_names.index("merchant")
    coded = table.set_column(place, "merchant", table["merchant"].dictionary_encode())
    turned = table.select(table.column_names[::-1])
    without = table.drop_columns(["known_ms"])
    more = table.append_column("merchant_kind", table["merchant"])
    hashes = {data_hash(stream_of_table(t)) for t in (table, chunked, coded, turned, without, more)}
    assert len(hashes) == 1
    assert len(hashes.pop()) == 64


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("payment_id", "pay_x"),
        ("amount_minor", 1),
        ("user", "user-0x"),
        ("latitude", 19.000001),
        ("fraud", None),
        ("fraud_kind", "another"),
        ("rules_decision", None),
        ("true_fraud", None),
    ],
)
def test_the_hash_changes_with_any_value(column: str, value: Any) -> None:
    made = columns(payments=100)
    made["latitude"][50] = made["longitude"][50] = 19.0
    before = data_hash(stream(made))
    made[column][50] = value
    assert data_hash(stream(made)) != before


def test_the_hash_tells_texts_apart_that_run_together() -> None:
    made = columns(payments=2)
    made["payment_id"] = ["a", "bc"]
    before = data_hash(stream(made))
    made["payment_id"] = ["ab", "c"]
    assert data_hash(stream(made)) != before


def test_the_hash_of_known_data_is_the_same_for_ever() -> None:
    one = {
        "payment_id": ["pay_1", "pay_2"],
        "time_ms": [1_750_000_000_000, 1_750_000_000_001],
        "amount_minor": [100, 250],
        "currency": ["INR", "INR"],
        "payment_method": ["UPI", "CARD"],
        "user": ["asha", None],
        "merchant": ["shop", "shop"],
        "latitude": [19.5, None],
        "longitude": [-0.0, None],
        "fraud": [True, None],
        "known_ms": [1_750_000_000_005, None],
    }
    assert data_hash(stream(one)) == KNOWN_HASH


KNOWN_HASH = "f807eaa7ce2908ff38b4ad17119ed62d9abea38745530090495127b6fb9eb2bc"


@given(st.lists(st.sampled_from(["a", "b", "", "ü"]) | st.none(), max_size=20))
@settings(deadline=None)
def test_texts_keep_every_text(texts: list[str | None]) -> None:
    values = tuple(dict.fromkeys(text for text in texts if text is not None))
    codes = [-1 if text is None else values.index(text) for text in texts]
    kept = Texts(np.array(codes, dtype=np.int32), values)
    assert kept.whole() == texts
    for text in ("a", "ü", "never"):
        assert kept.are(text).tolist() == [each == text for each in texts]
    backwards = np.arange(len(texts))[::-1]
    assert kept.at(backwards).whole() == texts[::-1]
