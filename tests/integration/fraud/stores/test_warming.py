"""History in Redis: one process plays it, whoever dies, and a lost memory is noticed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from redis.asyncio import Redis as Client

from sikka.fraud.stores.facts import Facts
from sikka.fraud.stores.keys import Keys
from sikka.fraud.stores.port import FeaturesUnavailable
from sikka_core import FEATURE_NAMES
from tests.core.features.streams import START_MS
from tests.integration.fraud.stores.made import KEY, label_of, payment, read, redis_store

COUNT = FEATURE_NAMES.index("user_count_10m")
LABELS = FEATURE_NAMES.index("merchant_labels_24h")
KEYS = Keys("sikka", KEY)


async def test_one_of_many_processes_plays_history(redis_url: str) -> None:
    history = [payment(number) for number in range(50)]
    async with redis_store(redis_url) as one, redis_store(redis_url) as other:
        counted = await asyncio.gather(*(store.warm(read(history)) for store in (one, other) * 3))
        assert sorted(counted) == [0, 0, 0, 0, 0, 50]
        assert await other.is_warm()
        assert (await other.observe(payment(51))).vector[COUNT] == 51


async def test_a_lost_memory_is_noticed_and_made_anew(redis_url: str, client: Client) -> None:
    history = [payment(number) for number in range(10)]
    async with redis_store(redis_url) as store:
        await store.warm(read(history))
        assert not (await store.observe(payment(10))).stale
        await client.flushdb()
        # Payments are counted, and what they count is said to be too little.
        for number in (11, 12):
            observation = await store.observe(payment(number))
            assert observation.stale
        assert observation.vector[COUNT] == 2
        assert not await store.is_warm()
        history += [payment(number) for number in (10, 11, 12)]
        assert await store.warm(read(history)) == 11
        observation = await store.observe(payment(13))
        assert not observation.stale
        assert observation.vector[COUNT] == 14


async def test_labels_are_played_once_as_well(redis_url: str) -> None:
    history: list[Facts] = [payment(number) for number in range(20)]
    known_ms = START_MS + 60_000
    history += [label_of(payment(number), known_ms, fraud=False) for number in range(20)]

    async def torn() -> AsyncIterator[Facts]:
        for facts in history[:31]:
            yield facts
        raise OSError("the database is away")

    async with redis_store(redis_url) as store:
        with pytest.raises(OSError, match="away"):
            await store.warm(torn())
        # What was not sent when it broke off, and no more.
        assert 9 <= await store.warm(read(history)) <= 9 + 16
        vector = (await store.observe(payment(61))).vector
        assert vector[LABELS] == pytest.approx(20, rel=1e-3)
        assert vector[COUNT] == 21


async def test_a_process_that_died_leaves_its_place_to_the_next(
    redis_url: str, client: Client
) -> None:
    history = [payment(number) for number in range(100)]
    halted = asyncio.Event()

    async def halting() -> AsyncIterator[Facts]:
        for number, facts in enumerate(history):
            if number == 64:
                halted.set()
                await asyncio.Event().wait()
            yield facts

    async with redis_store(redis_url) as dead, redis_store(redis_url) as next_one:
        warming = asyncio.create_task(dead.warm(halting()))
        await halted.wait()
        assert await next_one.warm(read(history)) == 0, "the lock is held"
        assert 0 < await client.pttl(KEYS.lock(livemode=True)) <= 30_000
        # Nobody is heard of any more: the locks expire.
        await client.delete(KEYS.lock(livemode=True), KEYS.lock(livemode=False))
        assert await next_one.warm(read(history)) == 36
        assert (await next_one.observe(payment(101))).vector[COUNT] == 101
        warming.cancel()
        with suppress(asyncio.CancelledError):
            await warming
        assert await next_one.is_warm()


async def test_a_process_that_was_frozen_past_its_lock_plays_nothing_more(
    redis_url: str, client: Client
) -> None:
    history = [payment(number) for number in range(100)]
    halted, go_on = asyncio.Event(), asyncio.Event()

    async def frozen() -> AsyncIterator[Facts]:
        for number, facts in enumerate(history):
            if number == 32:
                halted.set()
                await go_on.wait()
            yield facts

    async with redis_store(redis_url) as slow, redis_store(redis_url) as other:
        warming = asyncio.create_task(slow.warm(frozen()))
        await halted.wait()
        await client.delete(KEYS.lock(livemode=True), KEYS.lock(livemode=False))
        assert await other.warm(read(history)) == 68
        go_on.set()
        assert await warming == 32
        assert (await other.observe(payment(101))).vector[COUNT] == 101


async def test_a_flush_in_the_middle_leaves_the_memory_cold(redis_url: str, client: Client) -> None:
    history = [payment(number) for number in range(100)]

    async def flushing() -> AsyncIterator[Facts]:
        for number, facts in enumerate(history):
            if number == 48:
                await client.flushdb()
            yield facts

    async with redis_store(redis_url) as store:
        assert await store.warm(flushing()) == 48
        assert not await store.is_warm()
        assert await store.warm(read(history)) == 100
        assert (await store.observe(payment(101))).vector[COUNT] == 101


async def test_each_mode_gets_its_own_history(redis_url: str, client: Client) -> None:
    history = [payment(number, livemode=number % 2 == 0) for number in range(20)]
    async with redis_store(redis_url) as store:
        assert await store.warm(read(history)) == 20
        await client.delete(*[key async for key in client.scan_iter("{sikka:test}*")])
        assert not await store.is_warm()
        assert await store.warm(read(history)) == 10, "the live memory has not been lost"
        for livemode in (True, False):
            vector = (await store.observe(payment(21, livemode=livemode))).vector
            assert vector[COUNT] == 11


async def test_a_store_that_goes_away_in_the_middle_says_so(redis_url: str) -> None:
    async with redis_store(redis_url) as store:

        async def closing() -> AsyncIterator[Facts]:
            for number in range(100):
                if number == 48:
                    await store.close()
                yield payment(number)

        with pytest.raises(FeaturesUnavailable):
            await store.warm(closing())
    async with redis_store(redis_url) as store:
        assert not await store.is_warm()
