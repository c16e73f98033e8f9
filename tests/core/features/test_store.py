from __future__ import annotations

import struct
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from sikka_core import FEATURE_NAMES, SCHEMA, FeatureStore, MalformedError, PaymentEvent
from tests.core.features.streams import DAY_MS, HOUR_MS, START_MS, Payment, stream

BASE: Payment = {"payment_id": "1", "time_ms": START_MS, "amount_minor": 100, "user": "u"}


def test_a_vector_is_read_with_and_without_numpy() -> None:
    vector = FeatureStore().observe(**BASE)
    assert (vector.format, vector.itemsize, vector.shape) == ("f", 4, (len(SCHEMA),))
    assert vector.readonly
    assert vector[FEATURE_NAMES.index("amount")] == 100.0
    array = np.asarray(vector)
    assert array.dtype == np.float32
    assert np.shares_memory(array, np.frombuffer(vector.obj, np.float32))
    assert array.tobytes() == struct.pack(f"{len(vector)}f", *vector)


def test_a_repeated_payment_gets_the_same_vector_and_counts_once() -> None:
    store = FeatureStore()
    payments = stream(6, 500)
    vectors = [store.observe(**payment).tobytes() for payment in payments]
    snapshot = store.snapshot()
    for payment, vector in zip(payments, vectors, strict=True):
        assert store.observe(**payment).tobytes() == vector
        assert store.read(**payment).tobytes() == vector
    assert store.snapshot() == snapshot


def test_a_repeated_payment_is_recognised_after_a_restart() -> None:
    store, payments = FeatureStore(), stream(7, 100)
    for payment in payments:
        store.observe(**payment)
    restarted = FeatureStore()
    restarted.restore(store.snapshot())
    last_of_user = {payment["user"]: payment for payment in payments}
    for payment in last_of_user.values():
        restarted.observe(**payment)
    assert restarted.snapshot() == store.snapshot()


def test_what_threads_observe_at_once_is_what_one_observes_after_the_other() -> None:
    payments = [{**payment, "time_ms": START_MS} for payment in stream(8, 4_000)]
    alone, together = FeatureStore(), FeatureStore()
    for payment in payments:
        alone.observe(**payment)

    def observe(part: int) -> None:
        for payment in payments[part::3]:
            together.observe(**payment)
            together.observe(**payment)

    with ThreadPoolExecutor(4) as pool:
        snapshots = pool.submit(lambda: [together.snapshot() for _ in range(20)])
        list(pool.map(observe, range(3)))
    for snapshot in snapshots.result():
        FeatureStore().restore(snapshot)
    assert len(together) == len(alone)
    for kind in ("user", "instrument", "device", "ip", "merchant"):
        for id in {payment[kind] for payment in payments} - {None}:
            one, other = alone.record(kind, id), together.record(kind, id)
            assert one is not None
            assert other is not None
            # Payments, their decayed counts and the minutes; the order of the last ones differs.
            assert one[4:8] == other[4:8]
            assert one[32:64] == other[32:64]
            assert one[360:532] == other[360:532]


def test_no_more_entities_are_kept_than_allowed_and_the_oldest_go() -> None:
    store = FeatureStore(entities_max=100)
    for number in range(1_000):
        store.observe(str(number), START_MS + number, 1, user=str(number), merchant="m")
        assert len(store) <= 101
    kept = [number for number in range(1_000) if store.record("user", str(number))]
    assert len(kept) == 100
    assert min(kept) >= 800


def test_an_entity_that_pays_again_outlives_those_that_do_not() -> None:
    store = FeatureStore(entities_max=50)
    for number in range(1_000):
        store.observe(f"a{number}", START_MS + number, 1, user="regular")
        store.observe(f"b{number}", START_MS + number, 1, user=str(number))
    record = store.record("user", "regular")
    assert record is not None
    assert struct.unpack_from("<I", record, 4) == (1_000,)


def risk(store: FeatureStore, days: int) -> float:
    vector = store.read("new", START_MS + days * DAY_MS, 1, merchant="m")
    return vector[FEATURE_NAMES.index("merchant_risk_7d")]


def test_a_label_counts_once_and_from_when_it_is_known() -> None:
    store = FeatureStore()
    for number in range(4):
        store.observe(str(number), START_MS + number * HOUR_MS, 1, merchant="m", user="u")
    assert np.isnan(risk(store, 7))
    for number in range(4):
        known_ms = START_MS + 7 * DAY_MS
        assert store.label(str(number), known_ms, number == 0, merchant="m", user="u")
        assert not store.label(str(number), known_ms, True, merchant="m", user="u")
    assert risk(store, 7) == 0.25
    assert risk(store, 30) == 0.25


def test_a_snapshot_of_a_store_goes_on_as_the_store() -> None:
    first, second = FeatureStore(), FeatureStore(entities_max=1_000)
    payments = stream(9, 600)
    for payment in payments[:300]:
        first.observe(**payment)
    second.restore(first.snapshot())
    for payment in payments[300:]:
        assert first.observe(**payment).tobytes() == second.observe(**payment).tobytes()
    assert first.snapshot() == second.snapshot()


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"payment_id": ""}, "payment_id"),
        ({"time_ms": -1}, "time_ms"),
        ({"time_ms": 2**47}, "time_ms"),
        ({"time_ms": 2**70}, "time_ms"),
        ({"amount_minor": -1}, "amount_minor"),
        ({"amount_minor": 2**53}, "amount_minor"),
        ({"user": None}, "at least one"),
        ({"user": ""}, "user"),
        ({"ip": ""}, "ip"),
        ({"user": "\ud800"}, "Unicode"),
        ({"latitude": 1.0}, "latitude and longitude"),
        ({"latitude": 90.5, "longitude": 0.0}, "latitude"),
        ({"latitude": 0.0, "longitude": float("nan")}, "longitude"),
    ],
)
def test_a_bad_field_is_named_and_changes_nothing(change: Payment, rule: str) -> None:
    store = FeatureStore()
    fields = BASE | change
    for call in (store.observe, store.read, PaymentEvent):
        with pytest.raises(MalformedError, match=rule):
            call(**fields)
    assert len(store) == 0


@pytest.mark.parametrize(
    "change", [{"time_ms": 1.5}, {"amount_minor": "1"}, {"user": b"u"}, {"latitude": "1"}]
)
def test_a_wrong_type_is_a_type_error(change: Payment) -> None:
    with pytest.raises(TypeError):
        FeatureStore().observe(**(BASE | change))


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        ({"entities_max": 0}, "entities_max"),
        ({"entities_max": 2**28 + 1}, "entities_max"),
        ({"entities_max": 2**80}, "entities_max"),
        ({"utc_offset_s": 86_401}, "utc_offset_s"),
    ],
)
def test_the_bounds_of_a_store_are_checked(arguments: dict[str, int], rule: str) -> None:
    with pytest.raises(MalformedError, match=rule):
        FeatureStore(**arguments)
