from __future__ import annotations

import re
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from sikka.domain.errors import InvalidRequest
from sikka.fraud.training.stream import MISSING
from sikka.fraud.training.table import stream_of_table
from tests.unit.fraud.training.payments import columns, stream


def test_a_stream_holds_what_the_table_says() -> None:
    made = columns(payments=200)
    read = stream(made)
    assert len(read) == 200
    assert read.currency == "INR"
    assert list(read.payment_ids) == made["payment_id"]
    for name in ("user", "instrument", "device", "ip", "merchant", "fraud_kind", "rules_decision"):
        assert getattr(read, name).whole() == made[name], name
    assert read.places() == (made["latitude"], made["longitude"])
    assert read.time_ms.tolist() == made["time_ms"]
    assert [{1: True, 0: False, -1: None}[each] for each in read.fraud.tolist()] == made["fraud"]


def test_columns_that_may_be_empty_may_be_absent_and_come_in_any_order() -> None:
    made = columns(payments=50)
    few = ["merchant", "currency", "payment_method", "amount_minor", "time_ms", "payment_id"]
    read = stream({name: made[name] for name in few})
    assert read.user.whole() == [None] * 50
    assert read.fraud.tolist() == [MISSING] * 50
    assert read.known_ms.tolist() == read.true_fraud.tolist() == [MISSING] * 50


def test_texts_may_come_as_dictionaries_and_whole_numbers_in_less_bits() -> None:
    made = pa.table(columns(payments=50))
    place = made.column_names.index("user")
    narrow = made.set_column(place, "user", made["user"].dictionary_encode())
    place = made.column_names.index("amount_minor")
    narrow = narrow.set_column(place, "amount_minor", made["amount_minor"].cast(pa.int32()))
    assert np.array_equal(stream_of_table(narrow).user.codes, stream_of_table(made).user.codes)


def test_a_missing_place_may_be_told_as_no_number() -> None:
    made = columns(payments=20)
    for name in ("latitude", "longitude"):
        made[name] = [float("nan") if degrees is None else degrees for degrees in made[name]]
    assert stream(made).places() == stream(columns(payments=20)).places()


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("payment_id", None, "must be there"),
        ("payment_id", "", "must not be empty"),
        ("payment_id", "pay_3", "must not repeat that of a row above"),
        ("time_ms", None, "must be there"),
        ("time_ms", -1, "must be within 0..2**47 - 1"),
        ("time_ms", 2**47, "must be within 0..2**47 - 1"),
        ("time_ms", 1, "must not be before the row above: sort the rows by time"),
        ("amount_minor", -1, "must be within 0..2**53 - 1"),
        ("amount_minor", 2**53, "must be within 0..2**53 - 1"),
        ("amount_minor", None, "must be there"),
        (
            "currency",
            "USD",
            "must be INR as in the first row: amounts of two currencies do not compare",
        ),
        ("payment_method", "CASH", "must be one of UPI, CARD"),
        ("payment_method", None, "must be there"),
        ("user", "", "must not be empty"),
        ("latitude", 90.5, "must be within -90..90"),
        ("longitude", -181.0, "must be within -180..180"),
        ("longitude", float("inf"), "must be within -180..180"),
        ("known_ms", 1, "must be after time_ms: nothing is known of a payment when it is made"),
        ("known_ms", 2**47, "must be within 0..2**47 - 1"),
        ("rules_decision", "MAYBE", "must be one of APPROVE, DECLINE, REVIEW"),
    ],
)
def test_a_value_that_breaks_a_rule_is_named_by_row_column_and_rule(
    column: str, value: Any, rule: str
) -> None:
    made = columns(payments=30)
    made["fraud"] = [False] * 30
    made["latitude"], made["longitude"] = [19.0] * 30, [72.0] * 30
    made[column][11] = value
    with pytest.raises(InvalidRequest, match=f"^row 12: {column} {re.escape(rule)}$") as raised:
        stream(made)
    assert raised.value.param == column


def test_a_payment_of_nobody_is_refused() -> None:
    made = columns(payments=30)
    for name in ("user", "instrument", "device", "ip", "merchant"):
        made[name][4] = None
    with pytest.raises(InvalidRequest, match="^row 5: user or another of user, instrument, device"):
        stream(made)


def test_half_a_place_is_refused() -> None:
    made = columns(payments=30)
    made["latitude"][4], made["longitude"][4] = 19.0, None
    with pytest.raises(InvalidRequest, match="^row 5: latitude and longitude must be there togeth"):
        stream(made)


def test_a_time_of_a_label_that_is_not_there_is_refused() -> None:
    made = columns(payments=30)
    made["fraud"][4], made["known_ms"][4] = None, made["time_ms"][4] + 5
    with pytest.raises(
        InvalidRequest, match="^row 5: known_ms must be absent where there is no label$"
    ):
        stream(made)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"known_at": [1]}, "^column known_at: is not one of payment_id, time_ms, "),
        ({"amount_minor": [1.5]}, "^column amount_minor: must be int64, not double$"),
        ({"fraud": [1]}, "^column fraud: must be bool, not int64$"),
        ({"user": [7]}, "^column user: must be large_string, not int64$"),
        ({"latitude": ["north"]}, "^column latitude: must be double, not string$"),
        ({"time_ms": pa.array([2**63], pa.uint64())}, "^column time_ms: has a value that is no in"),
        ({"currency": ["inr"]}, "^row 1: currency must be three capital letters$"),
    ],
)
def test_a_column_that_breaks_a_rule_is_named(changed: dict[str, Any], message: str) -> None:
    made = {**columns(payments=1), **changed}
    with pytest.raises(InvalidRequest, match=message):
        stream(made)


def test_a_column_that_is_lacking_or_there_twice_is_named() -> None:
    made = pa.table(columns(payments=3))
    with pytest.raises(InvalidRequest, match="^column time_ms: must be there$"):
        stream_of_table(made.drop_columns(["time_ms"]))
    twice = made.append_column("user", made["user"])
    with pytest.raises(InvalidRequest, match="^column user: must be there once$"):
        stream_of_table(twice)


def test_data_without_rows_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="the data has no rows$"):
        stream_of_table(pa.table(columns(payments=3)).slice(0, 0))
