"""A line's hash stands for all of its content, its place and the line before it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sikka.domain.audit_chain import GENESIS_HASH, canonical, hash_of
from sikka.domain.records import AuditRecord

RECORD = AuditRecord(
    id="aud_1",
    bucket=7,
    payment_id="pay_1",
    merchant_id="mer_1",
    user_id="key_1",
    action="payment.created",
    status="PENDING/created",
    ip_address="203.0.113.9",
    user_agent="curl/8",
    metadata={"b": [1, 2.5, None], "a": "चाय"},
    timestamp=datetime(2026, 1, 5, 12, 30, 15, 123456, tzinfo=UTC),
)

documents = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def test_the_canonical_form_is_compact_json_with_sorted_keys() -> None:
    text = canonical(RECORD, 3, GENESIS_HASH).decode()
    expected = {each.name: getattr(RECORD, each.name) for each in fields(RECORD)}
    expected |= {
        "timestamp": "2026-01-05T12:30:15.123456+00:00",
        "sequence": 3,
        "previous_hash": "0" * 64,
    }
    assert text == json.dumps(expected, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def test_the_hash_is_sha256_of_the_canonical_form() -> None:
    expected = hashlib.sha256(canonical(RECORD, 1, GENESIS_HASH)).hexdigest()
    assert hash_of(RECORD, 1, GENESIS_HASH) == expected


@pytest.mark.parametrize("name", [each.name for each in fields(AuditRecord)])
def test_every_attribute_counts(name: str) -> None:
    other: dict[str, Any] = {
        "bucket": 8,
        "metadata": {},
        "timestamp": RECORD.timestamp + timedelta(microseconds=1),
    }
    changed = replace(RECORD, **{name: other.get(name, "other")})
    assert hash_of(changed, 1, GENESIS_HASH) != hash_of(RECORD, 1, GENESIS_HASH)


def test_the_place_and_the_line_before_count() -> None:
    hashes = {
        hash_of(RECORD, 1, GENESIS_HASH),
        hash_of(RECORD, 2, GENESIS_HASH),
        hash_of(RECORD, 1, "f" * 64),
    }
    assert len(hashes) == 3


def test_the_time_zone_does_not_count() -> None:
    india = timezone(timedelta(hours=5, minutes=30))
    moved = replace(RECORD, timestamp=RECORD.timestamp.astimezone(india))
    assert canonical(moved, 1, GENESIS_HASH) == canonical(RECORD, 1, GENESIS_HASH)


@given(st.dictionaries(st.text(), documents))
def test_metadata_means_the_same_before_and_after_the_database(metadata: dict[str, Any]) -> None:
    stored = json.loads(json.dumps(metadata))
    reversed_ = dict(reversed(list(stored.items())))
    line = replace(RECORD, metadata=metadata)
    again = replace(RECORD, metadata=reversed_)
    assert canonical(line, 1, GENESIS_HASH) == canonical(again, 1, GENESIS_HASH)
