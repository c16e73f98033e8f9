from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sikka.fraud.monitoring.sample import Slice, slices_of, weighed
from tests.unit.fraud.monitoring.made import NOW, monitored


@given(st.integers(1, 100), st.timedeltas(timedelta(seconds=1), timedelta(days=400)))
def test_slices_follow_each_other_from_end_to_end(count: int, length: timedelta) -> None:
    slices = slices_of(NOW, NOW + length, count)
    assert len(slices) == count
    assert (slices[0].begins_at, slices[-1].ends_at) == (NOW, NOW + length)
    assert all(one.ends_at == other.begins_at for one, other in pairwise(slices))
    assert all(each.begins_at <= each.ends_at for each in slices)


def test_a_slice_that_was_read_whole_stands_for_itself() -> None:
    slice_ = Slice(NOW, NOW + timedelta(hours=1))
    payments = [monitored(assessed_at=NOW + timedelta(seconds=n)) for n in range(3)]
    assert [each.weight for each in weighed(slice_, payments, 4)] == [1.0] * 3


def test_a_steady_stream_is_counted_from_a_part_of_it() -> None:
    slice_ = Slice(NOW, NOW + timedelta(hours=1))
    for first_s in (0.0, 0.5, 1.0):
        times = [NOW + timedelta(seconds=first_s + n) for n in range(60)]
        rows = weighed(slice_, [monitored(assessed_at=at) for at in times], 60)
        assert sum(each.weight for each in rows) == pytest.approx(3_600, rel=0.02)


def test_payments_of_one_moment_weigh_one_each() -> None:
    slice_ = Slice(NOW, NOW + timedelta(hours=1))
    payments = [monitored(assessed_at=NOW) for _ in range(3)]
    assert [each.weight for each in weighed(slice_, payments, 3)] == [1.0] * 3
