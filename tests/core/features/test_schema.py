from __future__ import annotations

import math
import re

import sikka_core
from sikka_core import FEATURE_NAMES, SCHEMA, SCHEMA_VERSION, FeatureStore
from tests.core.features.streams import START_MS

# The names of the plan; device and place are told by what follows from them too.
PLANNED = {
    "amount", "amount_deviation", "transaction_hour", "day_of_week", "avg_transaction_amount",
    "transaction_frequency_1h", "transaction_frequency_24h", "unique_merchants_24h",
    "device_fingerprint", "location_lat", "location_lng", "new_device", "new_location",
    "velocity_violation", "suspicious_pattern",
}  # fmt: skip


def test_the_schema_is_one_table_in_order() -> None:
    assert SCHEMA_VERSION == 2
    assert [row[0] for row in SCHEMA] == list(range(len(SCHEMA)))
    assert tuple(row[1] for row in SCHEMA) == FEATURE_NAMES
    assert len(set(FEATURE_NAMES)) == len(SCHEMA)
    for _, name, unit, meaning, missing in SCHEMA:
        assert re.fullmatch(r"[a-z][a-z0-9_]+", name)
        assert unit
        assert meaning.endswith(".")
        assert missing == "never" or missing.startswith("without")


def test_the_schema_has_every_planned_name() -> None:
    assert set(FEATURE_NAMES) >= PLANNED


def test_what_the_schema_calls_missing_is_missing() -> None:
    store = FeatureStore()
    without = {name: "without an? " + name for name in ("user", "instrument", "device", "merchant")}
    without["ip"] = "without an IP address"
    for kind, words in without.items():
        others = {other: other for other in without if other != kind}
        vector = store.observe(kind, START_MS, 100, **others, latitude=1.0, longitude=2.0)
        for (_, name, _, _, missing), number in zip(SCHEMA, vector, strict=True):
            if re.search(words, missing):
                assert math.isnan(number), name
            elif missing == "never":
                assert not math.isnan(number), name


def test_with_everything_given_and_a_history_nothing_is_missing() -> None:
    store = FeatureStore()
    everything = dict.fromkeys(("user", "instrument", "device", "ip", "merchant"), "x")
    for number in range(3):
        place = {"latitude": 1.0, "longitude": 2.0}
        store.observe(str(number), START_MS, 100, **everything, **place)
    store.label("0", START_MS, False, **everything)
    vector = store.observe("3", START_MS, 100, **everything, latitude=1.0, longitude=2.0)
    assert not any(math.isnan(number) for number in vector)


def test_a_first_payment_lacks_what_needs_one_before() -> None:
    everything = dict.fromkeys(("user", "instrument", "device", "ip", "merchant"), "x")
    vector = sikka_core.FeatureStore().observe("1", START_MS, 100, **everything)
    for (_, name, _, _, missing), number in zip(SCHEMA, vector, strict=True):
        assert math.isnan(number) == ("before" in missing or "a place" in missing), name
