"""What Redis holds: names that tell nobody, for as long as they are of use, in one slot."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from redis.asyncio import Redis as Client

from sikka.fraud.stores.keys import KINDS
from sikka.fraud.stores.port import FeaturesUnavailable
from sikka.fraud.stores.redis import DAY_S, RedisFeatureStore
from sikka_core import FEATURE_NAMES
from tests.harness.redis import Redis
from tests.integration.fraud.stores.made import (
    key_of,
    label_of,
    payment,
    payments,
    read,
    redis_store,
)
from tests.integration.fraud.stores.test_parity import compare

COUNT = FEATURE_NAMES.index("user_count_10m")
IDS = ("user_1", "asha@simbank", "phone-1", "203.0.113.9", "mer_1", "pay_1")


async def test_nobody_is_read_off_keys_or_values(redis_url: str, client: Client) -> None:
    async with redis_store(redis_url) as store:
        await store.observe(payment(1))
        await store.label(label_of(payment(1), payment(2).time_ms, fraud=True))
    held = b""
    async for key in client.scan_iter():
        held += key + b"\n"
        if await client.type(key) == b"string":
            held += await client.get(key) + b"\n"
    for id in IDS:
        for form in (id.encode(), id.encode().hex().encode(), base64.b64encode(id.encode())):
            assert form not in held


async def test_another_key_knows_nobody(redis_url: str) -> None:
    async with redis_store(redis_url) as store:
        await store.observe(payment(1))
    other = RedisFeatureStore(redis_url, b"another key of sixteen or more", timeout_s=30.0)
    await other.open()
    assert (await other.observe(payment(2))).vector[COUNT] == 1
    await other.close()


async def test_records_and_answers_are_forgotten_in_time(redis_url: str, client: Client) -> None:
    async with redis_store(redis_url, keep_s=30 * DAY_S, answer_s=20) as store:
        await store.observe(payment(1))
    for kind in KINDS:
        assert 30 * DAY_S - 60 < await client.ttl(key_of(kind, payment(1))) <= 30 * DAY_S
    (answer,) = [key async for key in client.scan_iter("*:payment:*")]
    assert 0 < await client.pttl(answer) <= 20_000


async def test_a_payment_is_one_round_trip(redis_url: str, client: Client) -> None:
    async def calls() -> int:
        stats = await client.info("commandstats")
        return sum(
            stats.get(f"cmdstat_{name}", {"calls": 0})["calls"]
            for name in ("fcall", "eval", "evalsha", "multi", "function|load")
        )

    async with redis_store(redis_url) as store:
        before = await calls()
        for number in range(10):
            await store.observe(payment(number))
        assert await calls() - before == 10


async def test_an_id_that_was_used_for_another_payment_gets_nobody_elses_answer(
    redis_url: str,
) -> None:
    async with redis_store(redis_url) as store:
        await store.observe(payment(1))
        with pytest.raises(FeaturesUnavailable, match="another payment"):
            await store.observe(payment(1, user="user_2"))


async def test_what_is_no_record_is_refused_and_left_alone(redis_url: str, client: Client) -> None:
    async with redis_store(redis_url) as store:
        await store.observe(payment(1))
        merchant, user = key_of("merchant", payment(1)), key_of("user", payment(1))
        await client.set(merchant, b"\1\0 of another kind")
        before = await client.get(user)
        for call in (
            store.observe(payment(2)),
            store.label(label_of(payment(1), payment(2).time_ms, fraud=True)),
        ):
            with pytest.raises(FeaturesUnavailable, match="not one of its kind"):
                await call
        assert await client.get(user) == before, "all or nothing"
        await client.delete(merchant)
        assert (await store.observe(payment(2))).vector[COUNT] == 2


@pytest.fixture(scope="module")
def cluster(server_directory: Path) -> Iterator[Redis]:
    """A cluster of one server, which has all slots."""
    server = Redis.start(server_directory / "cluster", "--cluster-enabled", "yes")
    with redis.Redis.from_url(server.url()) as client:
        client.execute_command("CLUSTER ADDSLOTSRANGE", 0, 16_383)
        server.process.wait_until(
            lambda: client.execute_command("CLUSTER INFO")["cluster_state"] == "ok", 30.0
        )
    yield server
    server.stop()


async def test_a_cluster_takes_the_keys_of_a_call_as_those_of_one_slot(cluster: Redis) -> None:
    client: Client = Client.from_url(cluster.url())
    async with redis_store(cluster.url()) as store:
        await store.warm(read([payment(number, livemode=False) for number in range(3)]))
        await compare(store, client, list(payments(70, 200)))
        vector = (await store.observe(payment(3, livemode=False))).vector
        assert vector[COUNT] == 4
    slots = {await client.execute_command("CLUSTER KEYSLOT", "{sikka:live}")}
    async for key in client.scan_iter("*live*"):
        slots.add(await client.execute_command("CLUSTER KEYSLOT", key))
    assert len(slots) == 1
    await client.aclose()
