from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sikka_core import (
    BUCKETS,
    MalformedError,
    bucket_of,
    bucket_of_id,
    id_of_upi_transaction,
    is_id,
    new_id,
    new_message_id,
    rrn,
    time_ms_of_id,
    upi_transaction_id,
)

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

prefixes = st.from_regex(r"[a-z]{2,6}", fullmatch=True)
psp_prefixes = st.from_regex(r"[A-Z0-9]{3}", fullmatch=True)
buckets = st.integers(0, BUCKETS - 1)
times_ms = st.integers(0, 2**48 - 1)


def bits_of(digits: str) -> int:
    value = 0
    for digit in digits:
        value = value * 32 + ALPHABET.index(digit)
    return value


@given(st.text(), st.text())
def test_a_bucket_is_the_first_twelve_bits_of_a_hash_of_both_parts(merchant: str, key: str) -> None:
    try:
        parts = [merchant.encode(), key.encode()]
    except UnicodeEncodeError:
        with pytest.raises(MalformedError, match="Unicode"):
            bucket_of(merchant, key)
        return
    octets = b"".join(len(part).to_bytes(8) + part for part in parts)
    assert bucket_of(merchant, key) == hashlib.sha256(octets).digest()[0] * 16 + (
        hashlib.sha256(octets).digest()[1] >> 4
    )


def test_the_border_between_merchant_and_key_counts() -> None:
    assert bucket_of("ab", "c") != bucket_of("a", "bc")


def test_buckets_are_spread_evenly() -> None:
    counts = [0] * 16
    for number in range(16_000):
        counts[bucket_of("mer_1", f"order-{number}") % 16] += 1
    assert min(counts) > 850
    assert max(counts) < 1150


@given(prefixes, buckets, times_ms)
def test_an_id_tells_what_it_was_made_of(prefix: str, bucket: int, now_ms: int) -> None:
    made = new_id(prefix, bucket, now_ms)
    name, digits = made.split("_")
    bits = bits_of(digits)
    assert name == prefix
    assert len(digits) == 26
    assert bits >> 80 == now_ms == time_ms_of_id(made)
    assert bits >> 68 & 0xFFF == bucket == bucket_of_id(made)
    assert is_id(made, prefix)
    assert not is_id(made, prefix + "x")


@given(buckets, buckets, times_ms, times_ms)
def test_ids_sort_by_time(bucket: int, other_bucket: int, before: int, after: int) -> None:
    before, after = sorted((before, after))
    if before < after:
        assert new_id("pay", bucket, before) < new_id("pay", other_bucket, after)


def test_ids_of_one_millisecond_differ() -> None:
    assert len({new_id("pay", 1, 1) for _ in range(10_000)}) == 10_000


@pytest.mark.parametrize("prefix", ["", "p", "payment", "PAY", "pa1", "pa_", "p y", "pá"])
def test_a_bad_prefix_is_refused(prefix: str) -> None:
    with pytest.raises(MalformedError, match="prefix"):
        new_id(prefix, 0, 0)
    with pytest.raises(MalformedError, match="prefix"):
        id_of_upi_transaction("SKA" + "0" * 32, prefix)


@pytest.mark.parametrize("bucket", [-1, 4096, 2**63, -(2**70)])
def test_a_bucket_out_of_range_is_refused(bucket: int) -> None:
    with pytest.raises(MalformedError, match="bucket"):
        new_id("pay", bucket, 0)


@pytest.mark.parametrize("now_ms", [-1, 2**48, 2**80])
def test_a_time_out_of_range_is_refused(now_ms: int) -> None:
    with pytest.raises(MalformedError, match="now_ms"):
        new_id("pay", 0, now_ms)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "pay",
        "pay_",
        "pay_" + "0" * 25,
        "pay_" + "0" * 27,
        "pay_8" + "0" * 25,
        "pay_" + "0" * 25 + "I",
        "pay_" + "0" * 25 + "L",
        "pay_" + "0" * 25 + "O",
        "pay_" + "0" * 25 + "U",
        "pay_" + "0" * 25 + "a",
        "pay__" + "0" * 25,
        "PAY_" + "0" * 26,
        "pay-" + "0" * 26,
        " pay_" + "0" * 26,
        "pay_" + "0" * 26 + "\n",
        "pay_" + "é" * 13,
        "pay_" + "0" * 25 + "\udcff",
    ],
)
def test_what_is_no_id_is_refused(text: str) -> None:
    assert not is_id(text, "pay")
    for function in (bucket_of_id, time_ms_of_id):
        with pytest.raises(MalformedError):
            function(text)
    with pytest.raises(MalformedError):
        upi_transaction_id("SKA", text)


@given(st.text())
def test_a_question_about_any_text_is_answered(text: str) -> None:
    assert not is_id(text, "pay") or len(text) == 30


@given(psp_prefixes, prefixes, buckets, times_ms)
def test_a_upi_transaction_leads_back_to_its_id(
    psp_prefix: str, prefix: str, bucket: int, now_ms: int
) -> None:
    made = new_id(prefix, bucket, now_ms)
    transaction_id = upi_transaction_id(psp_prefix, made)
    assert len(transaction_id) == 35
    assert transaction_id[:3] == psp_prefix
    assert transaction_id[3:] == f"{bits_of(made.split('_')[1]):032X}"
    assert id_of_upi_transaction(transaction_id, prefix) == made


@pytest.mark.parametrize(
    "transaction_id",
    [
        "",
        "SKA",
        "SKA" + "0" * 31,
        "SKA" + "0" * 33,
        "ska" + "0" * 32,
        "SKA" + "a" * 32,
        "SKA" + "G" * 32,
        "SK€" + "0" * 30,
        "€" + "0" * 32,
        "S€A" + "0" * 32,
    ],
)
def test_a_foreign_transaction_id_is_refused(transaction_id: str) -> None:
    with pytest.raises(MalformedError, match="transaction_id"):
        id_of_upi_transaction(transaction_id, "pay")


def test_message_ids_are_of_35_characters_and_differ() -> None:
    made = {new_message_id("SKA") for _ in range(1_000)}
    assert len(made) == 1_000
    assert all(len(one) == 35 and one.startswith("SKA") and one.isupper() for one in made)
    assert all(set(one[3:]) <= set("0123456789ABCDEF") for one in made)


@pytest.mark.parametrize("psp_prefix", ["", "SK", "SKAA", "ska", "SK-", "S A"])
def test_a_bad_psp_prefix_is_refused(psp_prefix: str) -> None:
    with pytest.raises(MalformedError, match="psp_prefix"):
        new_message_id(psp_prefix)
    with pytest.raises(MalformedError, match="psp_prefix"):
        upi_transaction_id(psp_prefix, new_id("pay", 0, 0))


@given(st.integers(1, 9999), st.integers(1, 366), st.integers(0, 2**63 - 1))
def test_a_reference_is_of_twelve_digits(year: int, day_of_year: int, sequence: int) -> None:
    reference = rrn(year, day_of_year, sequence)
    assert reference == f"{year % 10}{day_of_year:03d}{sequence % 10**8:08d}"
    assert len(reference) == 12


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ((0, 1, 1), "year"),
        ((10_000, 1, 1), "year"),
        ((2026, 0, 1), "day_of_year"),
        ((2026, 367, 1), "day_of_year"),
        ((2026, 1, -1), "sequence"),
        ((2026, 1, 2**63), "sequence"),
    ],
)
def test_a_reference_out_of_range_is_refused(arguments: tuple[int, int, int], field: str) -> None:
    with pytest.raises(MalformedError, match=field):
        rrn(*arguments)


def test_a_number_of_another_type_is_a_type_error() -> None:
    with pytest.raises(TypeError):
        new_id("pay", "1", 0)  # type: ignore[arg-type]
