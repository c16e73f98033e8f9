from __future__ import annotations

from datetime import timedelta

from sikka.webhooks.backoff import Backoff
from tests.unit.webhooks.world import NOW


def test_the_pause_doubles_up_to_five_minutes() -> None:
    backoff = Backoff()
    pauses = []
    for _ in range(12):
        backoff.failed("a", NOW)
        pauses.append(
            next(s for s in range(1, 400) if not backoff.waits("a", NOW + timedelta(seconds=s)))
        )
    assert pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]


def test_a_success_is_a_fresh_start() -> None:
    backoff = Backoff()
    for _ in range(5):
        backoff.failed("a", NOW)
    backoff.succeeded("a")
    assert not backoff.waits("a", NOW)
    assert len(backoff) == 0
    backoff.failed("a", NOW)
    assert not backoff.waits("a", NOW + timedelta(seconds=1))


def test_memory_is_bounded_and_the_oldest_failures_are_forgotten() -> None:
    backoff = Backoff(items_max=3)
    for id_ in "abcd":
        backoff.failed(id_, NOW)
    assert len(backoff) == 3
    assert [backoff.waits(id_, NOW) for id_ in "abcd"] == [False, True, True, True]
