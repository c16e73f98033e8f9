from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sikka.ports import Lease
from sikka.worker.territory import PARTITIONS, Territory, buckets_of, lease_name
from tests.unit.webhooks.world import NOW


def territory_of(partitions: set[int]) -> Territory:
    return Territory({p: Lease(lease_name(p), "me", 10 + p, NOW) for p in partitions})


def test_the_partitions_divide_all_buckets() -> None:
    every = [bucket for partition in range(PARTITIONS) for bucket in buckets_of(partition)]
    assert every == list(range(4096))


@given(st.sets(st.integers(0, PARTITIONS - 1)))
def test_the_ranges_are_the_partitions_held_with_neighbours_joined(partitions: set[int]) -> None:
    ranges = territory_of(partitions).ranges()
    held = {bucket for partition in partitions for bucket in buckets_of(partition)}
    assert {bucket for run in ranges for bucket in run} == held
    assert all(run.stop < later.start for run, later in pairwise(ranges))


def test_the_fence_of_a_bucket_is_the_token_of_its_partition() -> None:
    fence = territory_of({3}).guard(3 * 256 + 17)
    assert (fence.kind, fence.id) == (Lease, "partition/03")
    assert (fence.expect, fence.values) == ({"token": 13}, {})


def test_a_bucket_outside_the_territory_has_no_fence() -> None:
    with pytest.raises(KeyError):
        territory_of({3}).guard(0)
