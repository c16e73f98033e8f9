from __future__ import annotations

import hashlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sikka.fraud.models.share import Share
from sikka_core import BUCKETS, bucket_of_id, new_id

IDS = [new_id("pay", number % BUCKETS, 1_763_892_000_000 + number) for number in range(40_000)]


def deviations(found: int, of: int, percent: int) -> float:
    """How far a count is from its expectation, in standard deviations of the binomial."""
    p = percent / 100
    return (found - of * p) / math.sqrt(of * p * (1 - p))


@pytest.mark.parametrize("percent", [1, 5, 50, 90])
def test_a_share_is_as_large_as_it_says(percent: int) -> None:
    share = Share("v2", percent)
    found = sum(map(share.has, IDS))
    assert abs(deviations(found, len(IDS), percent)) < 5


def test_a_share_is_as_large_in_every_part_of_the_shards() -> None:
    share = Share("v2", 20)
    for first in range(0, BUCKETS, 512):
        part = [id for id in IDS if first <= bucket_of_id(id) < first + 512]
        assert abs(deviations(sum(map(share.has, part)), len(part), 20)) < 5


def test_shares_of_two_challengers_are_independent() -> None:
    one, other = Share("v2", 30), Share("v3", 30)
    mine = [id for id in IDS if one.has(id)]
    assert abs(deviations(sum(map(other.has, mine)), len(mine), 30)) < 5


@given(key=st.text(max_size=40), percent=st.integers(0, 100), more=st.integers(0, 100))
def test_the_choice_is_the_documented_hash_and_grows_with_the_share(
    key: str, percent: int, more: int
) -> None:
    digest = hashlib.sha256(b"sikka challenger\0v2\0" + key.encode()).digest()
    expected = int.from_bytes(digest[:8], "big") / 2**64 < percent / 100
    assert Share("v2", percent).has(key) is expected
    if expected and more >= percent:
        assert Share("v2", more).has(key)


def test_nothing_is_in_no_share_and_everything_in_the_whole() -> None:
    assert not any(map(Share("v2", 0).has, IDS[:1_000]))
    assert all(map(Share("v2", 100).has, IDS[:1_000]))


@pytest.mark.parametrize("percent", [-1, 101])
def test_a_share_beyond_the_whole_is_refused(percent: int) -> None:
    with pytest.raises(ValueError, match="percent must be 0 to 100"):
        Share("v2", percent)
