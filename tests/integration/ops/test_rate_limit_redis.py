from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio import Redis as Client

from sikka.api.limits import TokenBuckets
from sikka.domain.errors import RateLimited
from sikka.ops.rate_limit_redis import RedisTokenBuckets

HOUR_S = 3_600.0


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[Client]:
    client: Client = Client.from_url(redis_url)
    yield client
    await client.aclose()


def limiter(client: Client, seen: list[str], **values: Any) -> RedisTokenBuckets:
    def observe(what: str, /, **_: Any) -> None:
        seen.append(what)

    fields: dict[str, Any] = {
        "rate_per_s": 1 / HOUR_S,
        "burst": 3,
        "fallback": TokenBuckets(1 / HOUR_S, 1),
        "observe": observe,
        "timeout_s": 5.0,
    }
    return RedisTokenBuckets(client, "merchants", **{**fields, **values})


async def test_two_processes_spend_from_one_budget(client: Client) -> None:
    first, second = limiter(client, []), limiter(client, [])
    await first.take("mer_1/test", 1)
    await second.take("mer_1/test", 2)
    with pytest.raises(RateLimited) as refused:
        await first.take("mer_1/test", 1)
    assert HOUR_S - 60 < refused.value.retry_after_s <= HOUR_S
    await second.take("mer_2/test", 3)


async def test_a_refused_request_spends_nothing(client: Client) -> None:
    buckets = limiter(client, [])
    await buckets.take("mer_1/test", 2)
    with pytest.raises(RateLimited):
        await buckets.take("mer_1/test", 2)
    await buckets.take("mer_1/test", 1)


async def test_a_cost_above_the_burst_is_the_whole_burst(client: Client) -> None:
    buckets = limiter(client, [])
    await buckets.take("mer_1/test", 1_000)
    with pytest.raises(RateLimited):
        await buckets.take("mer_1/test", 1)


async def test_concurrent_requests_never_spend_more_than_there_is(client: Client) -> None:
    buckets = limiter(client, [])
    results = await asyncio.gather(
        *(buckets.take("mer_1/test", 1) for _ in range(20)), return_exceptions=True
    )
    assert results.count(None) == 3
    assert all(isinstance(each, RateLimited) for each in results if each is not None)


async def test_a_full_bucket_is_forgotten_by_redis(client: Client) -> None:
    await limiter(client, []).take("mer_1/test", 1)
    remaining_ms = await client.pttl("rate:merchants:mer_1/test")
    assert 0 < remaining_ms <= HOUR_S * 1_000 + 1


async def test_the_process_decides_while_redis_is_away() -> None:
    seen: list[str] = []
    # Nobody listens on the discard port of the loopback.
    client: Client = Client(host="127.0.0.1", port=9, retry=None)
    buckets = limiter(client, seen)
    await buckets.take("mer_1/test", 1)
    with pytest.raises(RateLimited):
        await buckets.take("mer_1/test", 1)
    assert seen == ["rate_limit.fallback"] * 2
    await client.aclose()


@pytest.mark.parametrize(("rate_per_s", "burst"), [(0, 1), (1, 0)])
def test_a_budget_that_never_refills_or_holds_nothing_is_refused(
    rate_per_s: float, burst: int
) -> None:
    with pytest.raises(ValueError, match="rate_per_s must be positive"):
        limiter(Client(), [], rate_per_s=rate_per_s, burst=burst)
