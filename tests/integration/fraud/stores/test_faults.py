"""Redis slow, gone, emptied, refusing: the store says that it cannot answer, soon, and recovers."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis as Client

from sikka.fraud.stores.port import FeaturesUnavailable, Observation
from sikka.fraud.stores.redis import RedisFeatureStore
from sikka_core import FEATURE_NAMES
from tests.harness.redis import Redis
from tests.integration.fraud.stores.made import KEY, UNHURRIED_S, payment, redis_store

AMOUNT = FEATURE_NAMES.index("amount")
COUNT = FEATURE_NAMES.index("user_count_10m")
# To be reached by a Redis that stands still, and by no other.
TIMEOUT_S = 0.5
# A nobody: the discard port of the loopback.
NOBODY = "redis://127.0.0.1:9/0"


@pytest.fixture(scope="module")
def server(server_directory: Path) -> Iterator[Redis]:
    """A server of this file alone, to be killed and misconfigured."""
    server = Redis.start(server_directory / "faults", "--enable-debug-command", "yes")
    yield server
    server.stop()


@pytest.fixture
async def admin(server: Redis) -> AsyncIterator[Client]:
    """A client whose connections outlive nothing."""
    if not server.is_running:
        server.restart()
    client: Client = Client.from_url(server.url(), socket_timeout=UNHURRIED_S)
    await client.flushall()
    yield client
    await client.aclose()


@pytest.fixture
async def store(server: Redis, admin: Client) -> AsyncIterator[RedisFeatureStore]:
    async with redis_store(server.url()) as store:
        await answered(store, 0)
        yield store


async def answered(store: RedisFeatureStore, number: int) -> Observation:
    """The first answer to a payment that is tried until there is one."""
    async with asyncio.timeout(UNHURRIED_S):
        while True:
            try:
                return await store.observe(payment(number))
            except FeaturesUnavailable:
                await asyncio.sleep(0.01)


async def refused(store: RedisFeatureStore, number: int) -> str:
    """Why a payment is not answered."""
    async with asyncio.timeout(UNHURRIED_S):
        with pytest.raises(FeaturesUnavailable) as why:
            await store.observe(payment(number))
    return str(why.value)


async def test_a_slow_redis_is_not_waited_for_and_its_late_replies_are_dropped(
    server: Redis, admin: Client
) -> None:
    async with redis_store(server.url(), timeout_s=TIMEOUT_S) as store:
        await answered(store, 0)
        server.pause()
        assert await refused(store, 1) == "Redis took more than 500 ms"
        # Nobody else waits: these would take half a second each.
        async with asyncio.timeout(UNHURRIED_S):
            for number in range(2, 500):
                with pytest.raises(FeaturesUnavailable):
                    await store.observe(payment(number))
        server.resume()
        observation = await answered(store, 501)
    assert observation.vector[AMOUNT] == payment(501).amount_minor
    # The payment that was given up may have been counted, and none of the refused ones was.
    assert observation.vector[COUNT] in (2, 3)


async def test_no_payment_ever_gets_anothers_answer(
    server: Redis, admin: Client, store: RedisFeatureStore
) -> None:
    """Callers give up at any moment, Redis stands still at any moment."""
    chance = random.Random(80)
    answers = failures = 0

    async def one(number: int) -> bool:
        try:
            async with asyncio.timeout(chance.choice((0.0005, 0.002, UNHURRIED_S))):
                vector = (await quick.observe(payment(number))).vector
        except (FeaturesUnavailable, TimeoutError):
            return False
        assert vector[AMOUNT] == payment(number).amount_minor
        return True

    async with redis_store(server.url(), timeout_s=0.02) as quick:
        number = 1_000
        for burst in range(60):
            if burst % 6 == 5:
                await admin.execute_command("CLIENT PAUSE", 40, "WRITE")
            outcome = await asyncio.gather(*(one(number + each) for each in range(20)))
            number += 20
            answers += outcome.count(True)
            failures += outcome.count(False)
            await asyncio.sleep(0.002)
    assert answers > 0
    assert failures > 0


async def test_a_killed_redis_is_reported_at_once_and_used_again_when_it_is_back(
    server: Redis, store: RedisFeatureStore
) -> None:
    server.kill()
    for number in (1, 2, 3):
        assert "Redis" in await refused(store, number)
    server.restart()
    observation = await answered(store, 4)
    assert observation.stale
    assert observation.vector[COUNT] == 1


async def test_a_store_opens_without_redis_and_finds_it_later(server: Redis, admin: Client) -> None:
    server.stop()
    async with redis_store(server.url()) as store:
        assert "Redis is away" in await refused(store, 1)
        server.restart()
        assert (await answered(store, 2)).vector[COUNT] == 1


async def test_nobody_there_is_no_outage() -> None:
    async with redis_store(NOBODY, timeout_s=0.005) as store:
        assert "Redis is away" in await refused(store, 1)
        for call in (store.is_warm(), store.warm(nothing())):
            with pytest.raises(FeaturesUnavailable):
                await call


async def nothing() -> AsyncIterator[Any]:
    return
    yield


async def test_a_store_that_was_never_opened_or_is_closed_says_so() -> None:
    store = RedisFeatureStore(NOBODY, KEY)
    assert await refused(store, 1) == "not opened"
    await store.open()
    await store.close()
    assert await refused(store, 1) == "closed"


async def test_flushed_functions_are_loaded_again_and_the_payment_answered(
    admin: Client, store: RedisFeatureStore
) -> None:
    await admin.function_flush("SYNC")
    observations = await asyncio.gather(*(store.observe(payment(each)) for each in range(1, 20)))
    assert max(each.vector[COUNT] for each in observations) == 20


async def test_a_read_only_replica_is_reported(admin: Client, store: RedisFeatureStore) -> None:
    await admin.execute_command("REPLICAOF", "127.0.0.1", 9)
    assert "READONLY" in await refused(store, 1)
    assert "READONLY" in await refused(store, 2)
    await admin.execute_command("REPLICAOF", "NO", "ONE")
    assert (await answered(store, 3)).vector[COUNT] == 2


async def test_a_full_redis_is_reported_and_counts_nothing_by_halves(
    admin: Client, store: RedisFeatureStore
) -> None:
    await admin.config_set("maxmemory", 1)
    assert "OOM" in await refused(store, 1)
    await admin.config_set("maxmemory", 0)
    assert (await answered(store, 2)).vector[COUNT] == 2


async def test_a_redis_that_loads_its_data_is_reported(
    admin: Client, store: RedisFeatureStore
) -> None:
    # Clients are heard between any kilobyte and the next.
    await admin.config_set("loading-process-events-interval-bytes", 1_024)
    await admin.config_set("key-load-delay", 20_000)
    for number in range(50):
        await admin.set(f"filler {number}", random.Random(number).randbytes(2_000))
    loading = asyncio.create_task(admin.execute_command("DEBUG", "RELOAD"))
    reasons = []
    while not loading.done():
        try:
            await store.observe(payment(len(reasons) + 1))
        except FeaturesUnavailable as error:
            reasons.append(str(error))
        await asyncio.sleep(0.01)
    await loading
    await admin.config_set("key-load-delay", 0)
    assert any("LOADING" in reason for reason in reasons)
    # What was there before is there after.
    assert (await answered(store, 400)).vector[COUNT] >= 2


async def test_a_wrong_password_is_reported_and_never_shown(
    server: Redis, admin: Client, caplog: pytest.LogCaptureFixture
) -> None:
    await admin.config_set("requirepass", "right")
    url = server.url().replace("://", "://:wrong-password@")
    async with redis_store(url) as store:
        reason = await refused(store, 1)
    assert "WRONGPASS" in reason
    assert "wrong-password" not in reason + caplog.text
    right = server.url().replace("://", "://:right@")
    async with redis_store(right) as store:
        await answered(store, 1)
        await admin.config_set("requirepass", "")


async def test_a_client_that_is_thrown_out_comes_back(
    admin: Client, store: RedisFeatureStore
) -> None:
    await admin.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    assert (await answered(store, 1)).vector[COUNT] == 2


async def test_a_caller_that_gives_up_harms_nobody(store: RedisFeatureStore) -> None:
    given_up = asyncio.create_task(store.observe(payment(1)))
    others = [asyncio.create_task(store.observe(payment(number))) for number in range(2, 30)]
    await asyncio.sleep(0)
    given_up.cancel()
    for number, observation in enumerate(await asyncio.gather(*others), 2):
        assert observation.vector[AMOUNT] == payment(number).amount_minor
    with pytest.raises(asyncio.CancelledError):
        await given_up
