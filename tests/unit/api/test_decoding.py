from __future__ import annotations

import contextlib
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import MultiDict

from sikka.api import queries, schemas
from sikka.api.decoding import decode_body, decode_query
from sikka.domain.errors import InvalidRequest
from tests.unit.api.world import collect

CARD_NUMBER = "4111111111111111"


def refused(body: Any, type_: Any = schemas.PaymentRequest) -> InvalidRequest:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(InvalidRequest) as error:
        decode_body(raw, type_)
    return error.value


def test_a_good_payment_is_decoded() -> None:
    decoded = decode_body(json.dumps(collect(metadata={"a": "b"})).encode(), schemas.PaymentRequest)
    assert isinstance(decoded, schemas.UpiPayment)
    assert (decoded.amount, decoded.upi) == (129_900, schemas.Collect("asha@simbank"))


def device(**values: Any) -> dict[str, Any]:
    return collect(device=values)


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ({}, "parameter_missing", "payment_method"),
        (collect(payment_method="CASH"), "parameter_invalid", "payment_method"),
        (collect(amount=0), "amount_invalid", "amount"),
        (collect(amount=1.5), "amount_invalid", "amount"),
        (collect(amount=1e3), "amount_invalid", "amount"),
        (collect(amount="1"), "amount_invalid", "amount"),
        (collect(amount=True), "amount_invalid", "amount"),
        (collect(amount=10**15), "amount_invalid", "amount"),
        (collect(currency="USD"), "currency_unsupported", "currency"),
        (collect(user_id=""), "parameter_invalid", "user_id"),
        (collect(user_id="a b"), "parameter_invalid", "user_id"),
        (collect(user_id="a\n"), "parameter_invalid", "user_id"),
        (collect(user_id="a" * 37), "parameter_invalid", "user_id"),
        (collect(extra=1), "parameter_unknown", "extra"),
        (collect(upi={"flow": "collect"}), "parameter_missing", "upi.vpa"),
        (collect(upi={"flow": "collect", "vpa": "asha"}), "vpa_invalid", "upi.vpa"),
        (collect(upi={"flow": "collect", "vpa": "asha@bank\n"}), "vpa_invalid", "upi.vpa"),
        (collect(upi={"flow": "qr", "vpa": "a@b"}), "parameter_unknown", "upi.vpa"),
        (collect(upi={"flow": "fax"}), "parameter_invalid", "upi.flow"),
        (collect(upi={"flow": "qr", "expires_in_s": 59}), "parameter_invalid", "upi.expires_in_s"),
        (collect(description="x" * 256), "parameter_invalid", "description"),
        (collect(metadata={"k" * 41: ""}), "metadata_invalid", "metadata"),
        (collect(metadata={"": ""}), "metadata_invalid", "metadata"),
        (collect(metadata={"k": "v" * 501}), "metadata_invalid", "metadata[...]"),
        (collect(metadata={"k": 1}), "metadata_invalid", "metadata[...]"),
        (collect(metadata={str(n): "" for n in range(51)}), "metadata_invalid", "metadata"),
        (device(latitude=91), "parameter_invalid", "device.latitude"),
        (device(colour="red"), "parameter_unknown", "device.colour"),
        ([], "body_invalid", None),
        (b"", "parameter_missing", "payment_method"),
        (b"{", "body_invalid", None),
        (b'{"amount": NaN}', "body_invalid", None),
        (b'{"payment_method": "\xff"}', "body_invalid", None),
        (b'{"payment_method": "\\ud800"}', "body_invalid", None),
        (json.dumps(collect()).encode() + b"{}", "body_invalid", None),
        (b"[" * 60_000, "body_invalid", None),
        (b'{"a":' + b"[" * 60_000, "body_invalid", None),
        (b'{"a":' * 60_000, "body_invalid", None),
        (b'{"payment_method":"CARD","a":' + b"[" * 60_000, "body_invalid", None),
    ],
)
def test_what_breaks_a_rule_is_named_by_field_and_rule(
    body: Any, code: str, param: str | None
) -> None:
    error = refused(body)
    assert (error.code, error.param) == (code, param)
    assert error.message or code == "body_invalid"


def test_the_place_in_a_batch_is_named() -> None:
    item = {"idempotency_key": "a", "payment": collect(amount=-1)}
    error = refused({"payments": [item]}, schemas.BatchRequest)
    assert (error.code, error.param) == ("amount_invalid", "payments[0].payment.amount")


def test_what_was_sent_is_not_repeated_in_the_error() -> None:
    bodies = (
        collect(payment_method=CARD_NUMBER),
        collect(currency=CARD_NUMBER),
        collect(upi={"flow": "collect", "vpa": CARD_NUMBER}),
        collect(user_id=CARD_NUMBER + "\n"),
        collect(upi={"flow": CARD_NUMBER}),
        collect(metadata={CARD_NUMBER * 3: "x"}),
    )
    for body in bodies:
        error = refused(body)
        assert CARD_NUMBER not in error.message + str(error.param)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=30,
    )
)
def test_any_json_is_decoded_or_refused_as_invalid(value: Any) -> None:
    for type_ in (schemas.PaymentRequest, schemas.BatchRequest, schemas.MerchantRequest):
        with contextlib.suppress(InvalidRequest):
            assert isinstance(decode_body(json.dumps(value).encode(), type_), msgspec.Struct)


@given(st.binary())
def test_any_bytes_are_decoded_or_refused_as_invalid(body: bytes) -> None:
    with contextlib.suppress(InvalidRequest):
        assert isinstance(decode_body(body, schemas.EndpointChanges), schemas.EndpointChanges)


def test_a_query_is_decoded() -> None:
    query = decode_query(
        MultiDict({"limit": "5", "status": "PENDING", "created[gte]": "2026-11-23T10:00:00Z"}),
        queries.PaymentsQuery,
    )
    assert (query.limit, query.status, query.user_id) == (5, "PENDING", None)
    assert query.created_gte is not None
    assert query.created_gte.isoformat() == "2026-11-23T10:00:00+00:00"


@pytest.mark.parametrize(
    ("query", "code", "param"),
    [
        ([("limit", "0")], "parameter_invalid", "limit"),
        ([("limit", "101")], "parameter_invalid", "limit"),
        ([("limit", "x")], "parameter_invalid", "limit"),
        ([("limit", "5.0")], "parameter_invalid", "limit"),
        ([("limit", "1e1")], "parameter_invalid", "limit"),
        ([("limit", "5"), ("limit", "6")], "parameter_invalid", "limit"),
        ([("status", "null")], "parameter_invalid", "status"),
        ([("status", "OPEN")], "parameter_invalid", "status"),
        ([("colour", "red")], "parameter_unknown", "colour"),
        ([("created[gte]", "0.5")], "parameter_invalid", "created[gte]"),
        ([("created[gte]", "2026-11-23")], "parameter_invalid", "created[gte]"),
        ([("created[gte]", "2026-11-23T10:00:00")], "parameter_invalid", "created[gte]"),
        ([("starting_after", "pay_1")], "parameter_invalid", "starting_after"),
        ([("merchant_id", "mer_1")], "parameter_invalid", "merchant_id"),
    ],
)
def test_a_query_that_breaks_a_rule_names_the_parameter(
    query: list[tuple[str, str]], code: str, param: str
) -> None:
    with pytest.raises(InvalidRequest) as error:
        decode_query(MultiDict(query), queries.PaymentsQuery)
    assert (error.value.code, error.value.param) == (code, param)


def test_the_word_null_is_a_text_where_a_text_is_meant() -> None:
    query = decode_query(MultiDict({"user_id": "null"}), queries.PaymentsQuery)
    assert query.user_id == "null"


@given(st.dictionaries(st.text(max_size=20), st.text(max_size=40), max_size=4))
def test_any_query_is_decoded_or_refused_as_invalid(query: dict[str, str]) -> None:
    with contextlib.suppress(InvalidRequest):
        decoded = decode_query(MultiDict(query), queries.PaymentsQuery)
        assert isinstance(decoded, queries.PaymentsQuery)
