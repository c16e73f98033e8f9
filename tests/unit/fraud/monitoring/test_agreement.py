from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from math import nan
from typing import Any

from sikka.domain.fraud.report import Agreement
from sikka.fraud.monitoring.agreement import agreement_of
from sikka.fraud.monitoring.reach import REACHES
from sikka.fraud.monitoring.replay import Past, replayed_vectors
from sikka_core import FEATURE_NAMES
from tests.unit.fraud.monitoring.made import DELAY, history

EVERYTHING = frozenset[str]()


def compared(change: dict[str, Any], past: Past | None = None) -> Agreement:
    past = past or Past(history(300, 1), None, EVERYTHING)
    sample = past.payments[-20:]
    again = replayed_vectors(past, {each.payment_id for each in sample}, DELAY)
    served = {
        id: {name: value for name, value in vector.items() if value == value}  # noqa: PLR0124
        for id, vector in again.items()
    }
    served[sample[-1].payment_id].update(change)
    return agreement_of(sample, served, again, past)


def test_equal_vectors_agree_in_every_feature() -> None:
    found = compared({})
    assert (found.payments, found.history, found.differing_share) == (20, 280, 0.0)
    assert found.not_compared == []
    assert {each.name for each in found.features} == set(FEATURE_NAMES)
    assert all(each.differing_share == each.absolute_max == 0.0 for each in found.features)


def test_a_difference_is_told_by_feature_the_furthest_first() -> None:
    found = compared({"user_count_7d": 1e6, "amount": nan})
    assert found.differing_share == 1 / 20
    names = [each.name for each in found.features[:2]]
    assert sorted(names) == ["amount", "user_count_7d"]
    by_name = {each.name: each for each in found.features}
    assert by_name["user_count_7d"].differing_share == 1 / 20
    assert by_name["user_count_7d"].absolute_max > 9e5
    assert 0.99 < by_name["user_count_7d"].relative_max <= 1.0
    assert (by_name["amount"].missing_share, by_name["amount"].absolute_max) == (1 / 20, 0.0)


def test_what_payments_on_their_way_share_is_told_and_blames_no_vector() -> None:
    found = compared({"merchant_count_10m": 77.0, "ip_count_10m": 78.0})
    assert found.differing_share == 0.0
    differing = {each.name for each in found.features if each.differing_share}
    assert differing <= {"merchant_count_10m", "ip_count_10m"}
    assert "merchant_count_10m" in differing


def test_rounding_is_no_difference() -> None:
    past = Past(history(300, 1), None, EVERYTHING)
    id = past.payments[-1].payment_id
    mean = replayed_vectors(past, {id}, DELAY)[id]["merchant_mean_30d"]
    found = compared({"merchant_mean_30d": mean * (1 + 1e-4)}, past)
    assert max(each.relative_max for each in found.features) > 0
    assert {each.name for each in found.features if each.differing_share} == set()


def test_what_the_past_tells_too_little_of_is_not_compared() -> None:
    payments = history(300, 1)
    begins_at = payments[-1].created_at - timedelta(hours=2)
    near = Past(payments, begins_at, EVERYTHING)
    last = replace(payments[-1], device_fingerprint=None)
    told = {name for name in FEATURE_NAMES if near.tells(last, name)}
    assert {"amount", "user_count_10m", "merchant_count_1h"} <= told
    assert not told & {"merchant_count_24h", "user_gap_s", "device_count_10m", "user_age_s"}
    known = replace(near, whole_users=frozenset({last.user}))
    gained = {name for name in FEATURE_NAMES if known.tells(last, name)} - told
    assert "user_age_s" in gained
    assert all("user" in REACHES[name].owners for name in gained)
    found = compared({}, near)
    assert "merchant_age_s" in found.not_compared
    assert found.differing_share == 0.0


def test_each_currency_and_mode_has_a_memory_of_its_own() -> None:
    payments = history(40, 2)
    other = [
        replace(each, currency="USD", payment_id=f"{each.payment_id}-usd") for each in payments
    ]
    wanted = {payments[-1].payment_id}
    one = replayed_vectors(Past(payments, None, EVERYTHING), wanted, DELAY)
    both = replayed_vectors(Past([*payments, *other], None, EVERYTHING), wanted, DELAY)
    assert repr(one) == repr(both)
