from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from sikka.domain.fraud import Decision
from sikka.domain.fraud_policy import FraudListEntry, ListField, ListKind
from sikka.fraud.config import FraudConfig
from sikka.fraud.lists import ListCache, Lists, configured
from tests.unit.fraud.requests import AT, Now, request


def entry(kind: str, field: str, value: str, merchant_id: str | None = None) -> FraudListEntry:
    return FraudListEntry(
        f"{kind}/{value}", 7, merchant_id, ListKind(kind), ListField(field), value, None, "key", AT
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("vpa", "asha@simbank"), ("vpa", "Asha@SimBank"), ("user", "user_7"),
        ("device", "device-1"), ("ip", "203.0.113.9"),
    ],
)  # fmt: skip
def test_each_field_is_looked_up(field: str, value: str) -> None:
    listing = Lists([entry("block", field, value)]).find(request())
    assert listing is not None
    assert (listing.decision, listing.name) == (Decision.DECLINE, f"block_list_{field}")
    assert value.lower() not in listing.reason


def test_allow_counts_before_block_and_block_before_review() -> None:
    entries = [
        entry("review", "vpa", "asha@simbank"),
        entry("block", "device", "device-1"),
        entry("allow", "user", "user_7"),
    ]
    decisions = []
    while entries:
        listing = Lists(entries).find(request())
        decisions.append(listing.decision if listing else None)
        entries.pop()
    assert decisions == [Decision.APPROVE, Decision.DECLINE, Decision.REVIEW]


def test_a_merchants_entry_counts_for_that_merchant_alone() -> None:
    lists = Lists([entry("block", "user", "user_7", "mer_1")])
    assert lists.find(request(merchant_id="mer_1")) is not None
    assert lists.find(request(merchant_id="mer_2")) is None
    assert not lists.blocks_all(ListField.USER, "user_7")
    assert Lists([entry("block", "vpa", "a@b")]).blocks_all("vpa", "A@b")


def test_user_ids_and_devices_are_compared_letter_by_letter() -> None:
    assert Lists([entry("block", "user", "USER_7")]).find(request()) is None


def test_the_configuration_blocks_for_everybody() -> None:
    config = FraudConfig(
        blocked_users=("user_7",), blocked_vpas=("b@c",), blocked_devices=("d",), blocked_ips=("e",)
    )
    assert len(configured(config)) == 4
    listing = Lists(configured(config)).find(request(merchant_id="mer_9"))
    assert listing is not None
    assert listing.name == "block_list_user"


class Reader:
    def __init__(self, *entries: FraudListEntry) -> None:
        self.entries = list(entries)
        self.reads = 0
        self.error: Exception | None = None
        self.gate: asyncio.Event | None = None

    async def list_entries(self) -> Sequence[FraudListEntry]:
        self.reads += 1
        if self.gate is not None:
            await self.gate.wait()
        if self.error is not None:
            raise self.error
        return list(self.entries)


async def test_lists_are_read_once_until_they_are_old() -> None:
    reader, clock = Reader(entry("block", "vpa", "asha@simbank")), Now()
    cache = ListCache(reader, (), clock, ttl_s=5)
    for _ in range(10):
        assert (await cache.current()).find(request()) is not None
    assert (reader.reads, cache.stale) == (1, False)
    reader.entries.clear()
    clock.forward(5)
    assert (await cache.current()).find(request()) is not None
    await asyncio.sleep(0)
    assert (await cache.current()).find(request()) is None
    assert reader.reads == 2
    await cache.close()


async def test_a_reader_that_fails_leaves_the_last_lists_in_force_and_says_so() -> None:
    reader, clock = Reader(entry("block", "vpa", "asha@simbank")), Now()
    cache = ListCache(reader, (), clock, ttl_s=5)
    await cache.current()
    reader.error = RuntimeError("gone")
    clock.forward(5)
    await cache.current()
    await asyncio.sleep(0)
    assert (await cache.current()).find(request()) is not None
    assert cache.stale
    reader.error = None
    clock.forward(5)
    await cache.current()
    await asyncio.sleep(0)
    assert not cache.stale


async def test_a_slow_reader_holds_up_the_first_payment_only_and_never_for_long() -> None:
    reader = Reader()
    reader.gate = asyncio.Event()
    cache = ListCache(reader, configured(FraudConfig(blocked_users=("x",))), Now(), timeout_s=0.01)
    lists = await cache.current()
    assert lists.find(request(user_id="x")) is not None
    assert cache.stale
    assert await cache.current() is lists
    assert reader.reads == 1
    await cache.close()


async def test_without_a_reader_nothing_is_stale() -> None:
    cache = ListCache(None, (), Now())
    assert (await cache.current()).find(request()) is None
    assert not cache.stale
