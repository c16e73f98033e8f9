from __future__ import annotations

from array import array
from typing import Any

import pytest

from sikka_core import (
    FEATURE_NAMES,
    SCHEMA_VERSION,
    FeatureStore,
    MalformedError,
    Model,
    ModelError,
    PaymentEvent,
    assess_records,
)
from tests.core.features.streams import START_MS, stream

AMOUNT = FEATURE_NAMES.index("amount")
COUNT = FEATURE_NAMES.index("user_count_10m")
NEW_DEVICE = FEATURE_NAMES.index("new_device")


def model(**changes: Any) -> Model:
    """Three stumps: over an amount, over a count, and by whether a device is new."""
    arguments: dict[str, Any] = {
        "tree_sizes": array("i", [3, 3, 3]),
        "left": array("i", [1, -1, -1] * 3),
        "right": array("i", [2, -1, -1] * 3),
        "feature": array("i", [AMOUNT, 0, 0, COUNT, 0, 0, NEW_DEVICE, 0, 0]),
        "threshold": array("f", [50_000, 0, 0, 2.5, 0, 0, 0.5, 0, 0]),
        "default_left": array("B", [1, 0, 0] * 3),
        "value": array("f", [0, -0.5, 1.0, 0, -0.25, 3.0, 0, -0.1, 0.1]),
        "cover": array("f", [10, 8, 2] * 3),
        "feature_count": len(FEATURE_NAMES),
        "base_margin": -2.0,
        "link": "logistic",
        "feature_names": list(FEATURE_NAMES),
        "schema_version": SCHEMA_VERSION,
    }
    return Model.from_nodes(**(arguments | changes))


def test_an_assessment_is_the_vector_its_score_and_what_moved_it() -> None:
    judge, store, other = model(), FeatureStore(), FeatureStore()
    for payment in stream(30, 300):
        vector, score, top = store.assess(judge, **payment)
        assert vector.tobytes() == other.observe(**payment).tobytes()
        assert score == judge.score(vector)
        *shares, _ = judge.contributions(vector)
        strongest = sorted(zip(FEATURE_NAMES, shares, strict=True), key=lambda pair: -abs(pair[1]))
        assert top == [pair for pair in strongest if pair[1]][:3]
    assert store.snapshot() == other.snapshot()


def test_the_reasons_are_those_of_the_payment() -> None:
    store, judge = FeatureStore(), model()
    for number in range(2):
        store.observe(str(number), START_MS, 100, user="u")
    _, score, top = store.assess(judge, "3", START_MS, 100, user="u", top=2)
    assert score > 0.5
    assert [name for name, _ in top] == ["user_count_10m", "amount"]
    assert top[0][1] > 0 > top[1][1]


def test_as_many_reasons_are_given_as_are_wanted_and_there_are() -> None:
    event = PaymentEvent("1", START_MS, 100, user="u")
    counts = [len(assess_records(model(), event, top=top)[2]) for top in (0, 1, 2, 50)]
    assert counts == [0, 1, 2, 3]
    with pytest.raises(OverflowError):
        assess_records(model(), event, top=-1)


def test_a_model_without_contributions_still_scores() -> None:
    judge = model(cover=array("f", [-1] * 9))
    vector, score, top = FeatureStore().assess(judge, "1", START_MS, 100, user="u")
    assert (score, top) == (judge.score(vector), [])
    with pytest.raises(ModelError):
        judge.contributions(vector)


def test_records_kept_elsewhere_are_assessed_alike() -> None:
    store, judge = FeatureStore(), model()
    for payment in stream(31, 200):
        kept = {
            kind: store.record(kind, payment[kind])
            for kind in ("user", "instrument", "device", "ip", "merchant")
            if payment[kind] is not None
        }
        elsewhere = assess_records(judge, PaymentEvent(**payment), **kept)
        vector, *rest = store.assess(judge, **payment)
        assert elsewhere[0].tobytes() == vector.tobytes()
        assert list(elsewhere[1:]) == rest


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"schema_version": SCHEMA_VERSION + 1}, "version"),
        ({"schema_version": None}, "version"),
        ({"feature_count": len(FEATURE_NAMES) + 1, "feature_names": None}, "features"),
        ({"feature_names": list(reversed(FEATURE_NAMES))}, "name"),
    ],
)
def test_a_model_of_another_schema_is_refused_and_nothing_is_counted(
    changes: dict[str, Any], rule: str
) -> None:
    store, judge = FeatureStore(), model(**changes)
    with pytest.raises(ModelError, match=rule):
        store.assess(judge, "1", START_MS, 100, user="u")
    assert len(store) == 0
    with pytest.raises(ModelError, match=rule):
        assess_records(judge, PaymentEvent("1", START_MS, 100, user="u"))


def test_a_model_that_names_no_features_is_taken_by_its_version() -> None:
    vector, score, _ = FeatureStore().assess(
        model(feature_names=None), "1", START_MS, 100, user="u"
    )
    assert score == model().score(vector)


def test_a_bad_payment_is_not_assessed() -> None:
    with pytest.raises(MalformedError, match="amount_minor"):
        FeatureStore().assess(model(), "1", START_MS, -1, user="u")
