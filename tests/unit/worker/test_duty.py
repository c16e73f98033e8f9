from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest

from sikka.domain.errors import Rejected, Unavailable
from sikka.ports import Lease
from sikka.worker.duty import ItemsDuty, Rhythm
from sikka.worker.territory import Shift, fence_of
from tests.unit.webhooks.world import NOW, HandClock

BUCKETS = range(256)


def shift() -> Shift:
    return Shift(BUCKETS, lambda _: fence_of(Lease("a", "b", 1, NOW)), lambda: None)


class Items:
    """Items that are due until they have been dealt with."""

    def __init__(self, *due: str) -> None:
        self.clock = HandClock()
        self.due = list(due)
        self.done: list[str] = []
        self.errors: dict[str, Exception] = {}
        self.stubborn: set[str] = set()
        self.limits: list[int] = []
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.duty: ItemsDuty[str] = ItemsDuty(
            "items", self.find, self.act, str, self.clock, self.observe, Rhythm(), batch=10
        )

    def observe(self, what: str, /, **facts: Any) -> None:
        self.told.append((what, facts))

    async def find(self, now: datetime, buckets: range, limit: int) -> Sequence[str]:
        assert now == self.clock.now()
        assert buckets == BUCKETS
        self.limits.append(limit)
        return self.due[:limit]

    async def act(self, item: str) -> None:
        await asyncio.sleep(0)
        if item in self.errors:
            raise self.errors[item]
        self.done.append(item)
        if item not in self.stubborn:
            self.due.remove(item)


async def test_every_due_item_is_dealt_with() -> None:
    items = Items(*"abc")
    assert await items.duty.run(shift()) == 3
    assert sorted(items.done) == ["a", "b", "c"]
    assert await items.duty.run(shift()) == 0


async def test_a_poisoned_item_stops_no_other_and_is_left_alone_for_longer_and_longer() -> None:
    items = Items("a", "poison", "b")
    items.errors["poison"] = Rejected()
    assert await items.duty.run(shift()) == 2
    assert sorted(items.done) == ["a", "b"]
    assert items.told[0][1]["id"] == "poison"
    assert await items.duty.run(shift()) == 0
    for pause_s in (1, 2, 4):
        items.clock.forward(pause_s - 0.5)
        await items.duty.run(shift())
        items.clock.forward(0.5)
        await items.duty.run(shift())
    assert len(items.told) == 4


async def test_poisoned_items_at_the_head_do_not_fill_the_batch() -> None:
    poison = [f"poison-{number}" for number in range(10)]
    items = Items(*poison, "healthy")
    items.errors = {each: RuntimeError("boom") for each in poison}
    await items.duty.run(shift())
    assert items.done == []
    assert await items.duty.run(shift()) == 1
    assert items.done == ["healthy"]
    assert items.limits == [10, 20]


async def test_an_item_that_stays_due_is_not_dealt_with_in_a_tight_loop() -> None:
    items = Items("a")
    items.stubborn.add("a")
    assert [await items.duty.run(shift()) for _ in range(5)] == [1, 0, 0, 0, 0]
    items.clock.forward(1)
    assert await items.duty.run(shift()) == 1


async def test_a_database_that_is_away_ends_the_round() -> None:
    items = Items("a", "b")
    items.errors["a"] = Unavailable()
    with pytest.raises(Unavailable):
        await items.duty.run(shift())
    del items.errors["a"]
    items.due = ["a"]
    assert await items.duty.run(shift()) == 1
