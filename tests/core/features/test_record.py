from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sikka_core import (
    FeatureStore,
    MalformedError,
    PaymentEvent,
    label_record,
    read_records,
    update_record,
)
from tests.core.features import mirror
from tests.core.features.streams import START_MS, stream

KINDS = mirror.KINDS

times = st.integers(0, 2**47 - 1) | st.integers(START_MS, START_MS + 10**8)
names = st.none() | st.sampled_from(["a", "b", "c"])
payments = st.fixed_dictionaries(
    {
        "payment_id": st.integers(0, 30).map(str),
        "time_ms": times,
        "amount_minor": st.integers(0, 2**53 - 1) | st.integers(0, 10_000),
        "user": st.just("user"),
        "instrument": names,
        "device": names | st.integers().map(str),
        "ip": names,
        "merchant": names | st.integers().map(str),
    },
    optional={},
).flatmap(
    lambda fields: st.one_of(
        st.just(fields),
        st.tuples(st.floats(-90, 90), st.floats(-180, 180)).map(
            lambda place: {**fields, "latitude": place[0], "longitude": place[1]}
        ),
    )
)


def test_the_store_and_the_records_elsewhere_have_the_same_bytes_and_vectors() -> None:
    store = FeatureStore()
    kept: dict[tuple[str, str], bytes] = {}
    for fields in stream(1, 3_000, late=0.05):
        event = PaymentEvent(**fields)
        taking_part = {kind: fields[kind] for kind in KINDS if fields[kind] is not None}
        before = {kind: kept.get((kind, id)) for kind, id in taking_part.items()}
        vector = read_records(event, **before)
        assert store.read(**fields).tobytes() == vector.tobytes()
        assert store.observe(**fields).tobytes() == vector.tobytes()
        for kind, id in taking_part.items():
            kept[kind, id] = update_record(kind, before[kind], event)
    assert len(kept) == len(store)
    for (kind, id), record in kept.items():
        assert store.record(kind, id) == record


def test_a_script_elsewhere_makes_the_very_bytes() -> None:
    for seed, late, gap_ms in [(2, 0.0, 300_000), (3, 0.2, 20_000), (4, 0.1, 10**8)]:
        kept: dict[tuple[str, str], bytes] = {}
        for fields in stream(seed, 1_000, late=late, gap_ms=gap_ms):
            event = PaymentEvent(**fields)
            for kind in KINDS:
                if (id := fields[kind]) is not None:
                    before = kept.get((kind, id))
                    after = update_record(kind, before, event)
                    assert mirror.update(kind, before, event.pack()) == after
                    kept[kind, id] = after


@given(st.lists(payments, max_size=40))
def test_a_script_elsewhere_makes_the_very_bytes_of_any_stream(stream: list[dict]) -> None:
    ours: dict[str, bytes | None] = dict.fromkeys(KINDS)
    for fields in stream:
        event = PaymentEvent(**fields)
        for kind in KINDS:
            after = update_record(kind, ours[kind], event)
            assert mirror.update(kind, ours[kind], event.pack()) == after
            assert len(after) == (652 if kind == "user" else 532)
            ours[kind] = after
        read_records(event, **ours)


def test_a_repeated_payment_leaves_the_very_bytes() -> None:
    events = [PaymentEvent(**fields) for fields in stream(5, 8)]
    record = None
    for event in events:
        record = update_record("merchant", record, event)
    for event in events:
        assert update_record("merchant", record, event) == record


def test_a_repeated_label_leaves_the_very_bytes() -> None:
    record = label_record("merchant", None, "pay_1", START_MS, True)
    assert label_record("merchant", record, "pay_1", START_MS + 1, False) == record
    assert label_record("merchant", record, "pay_2", START_MS + 1, False) != record


@given(st.sampled_from(KINDS), st.binary(max_size=700), payments)
def test_any_bytes_are_a_record_or_refused(kind: str, record: bytes, fields: dict) -> None:
    event = PaymentEvent(**fields)
    for change in (
        lambda: update_record(kind, record, event),
        lambda: label_record(kind, record, "pay_1", 0, True),
        lambda: read_records(event, **{kind: record}),
    ):
        with pytest.raises(MalformedError, match="record"):
            change()


@given(st.sampled_from(KINDS), st.integers(0, 651), st.integers(1, 255), payments)
def test_a_changed_byte_of_a_record_never_harms(
    kind: str, place: int, change: int, fields: dict
) -> None:
    event = PaymentEvent(**fields)
    record = bytearray(update_record(kind, None, event))
    record[place % len(record)] ^= change
    later = PaymentEvent(**{**fields, "payment_id": "another"})
    try:
        updated = update_record(kind, bytes(record), later)
    except MalformedError:
        with pytest.raises(MalformedError, match="record"):
            read_records(later, **{kind: bytes(record)})
    else:
        assert len(updated) == len(record)
        assert len(read_records(later, **{kind: bytes(record)})) > 0


@pytest.mark.parametrize(
    ("kind", "length", "place", "octet", "rule"),
    [
        ("user", 651, 0, 1, "length"),
        ("user", 532, 0, 1, "length"),
        ("ip", 532, 0, 2, "version"),
        ("ip", 532, 1, 4, "kind"),
        ("ip", 532, 2, 32, "level"),
        ("ip", 532, 3, 1, "place"),
        ("ip", 532, 15, 1, "time"),
        ("ip", 532, 31, 1, "amount"),
        ("ip", 532, 39, 0x80, "decayed"),
    ],
)
def test_a_refusal_names_the_rule(
    kind: str, length: int, place: int, octet: int, rule: str
) -> None:
    record = bytearray(update_record(kind, None, PaymentEvent("1", 0, 1, **{kind: "x"})))
    record[place] = octet
    with pytest.raises(MalformedError, match=rule):
        label_record(kind, bytes(record[:length]), "pay_1", 0, True)


def test_a_kind_is_one_of_five() -> None:
    with pytest.raises(MalformedError, match="kind"):
        update_record("terminal", None, PaymentEvent("1", 0, 1, ip="x"))
    with pytest.raises(MalformedError, match="kind"):
        FeatureStore().record("users", "x")
