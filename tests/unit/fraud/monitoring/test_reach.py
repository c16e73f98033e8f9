"""The table of reaches against the core: what lies beyond a reach must not matter."""

from __future__ import annotations

from math import inf, isnan

import pytest

from sikka.fraud.monitoring.reach import REACHES, Owner
from sikka.fraud.monitoring.replay import Past, replayed_vectors
from sikka_core import FEATURE_NAMES
from tests.unit.fraud.monitoring.made import DELAY, history


def test_every_feature_of_the_schema_has_a_reach() -> None:
    assert tuple(REACHES) == FEATURE_NAMES
    for name, reach in REACHES.items():
        owner = name.partition("_")[0]
        if owner in set(Owner) and owner != Owner.PAYMENT:
            assert Owner(owner) in reach.owners
        assert 0 <= reach.seconds <= inf


@pytest.mark.parametrize("seed", range(3))
def test_what_lies_beyond_the_reach_of_a_feature_does_not_move_it(seed: int) -> None:
    payments = history(4_000, seed)
    last = payments[-1]
    wanted = {last.payment_id}
    whole = replayed_vectors(Past(payments, None, frozenset()), wanted, DELAY)[last.payment_id]
    finite = {each.seconds for each in REACHES.values() if each.seconds != inf}
    for seconds in sorted(finite):
        near = [
            each
            for each in payments
            if (last.created_at - each.created_at).total_seconds() <= seconds
        ]
        again = replayed_vectors(Past(near, None, frozenset()), wanted, DELAY)[last.payment_id]
        for name, reach in REACHES.items():
            if reach.seconds <= seconds:
                assert again[name] == pytest.approx(whole[name], rel=1e-3, nan_ok=True), name


def test_features_without_an_end_do_depend_on_the_oldest_payment() -> None:
    payments = history(400, 5)
    last = payments[-1]
    wanted = {last.payment_id}
    whole = replayed_vectors(Past(payments, None, frozenset()), wanted, DELAY)[last.payment_id]
    alone = replayed_vectors(Past([last], None, frozenset()), wanted, DELAY)[last.payment_id]
    endless = [name for name, reach in REACHES.items() if reach.seconds == inf]
    moved = [name for name in endless if not _same(whole[name], alone[name])]
    assert {"user_age_s", "user_gap_s", "merchant_age_s", "avg_transaction_amount"} <= set(moved)


def _same(one: float, other: float) -> bool:
    return one == other or (isnan(one) and isnan(other))
