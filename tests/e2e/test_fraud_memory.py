"""What Redis remembers is shared by all gateways, and payments go on while it is away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sikka.bootstrap import edges
from sikka.domain.fraud.assessment import Decision
from tests.e2e import orders
from tests.e2e.client import Client, Reply
from tests.e2e.configuration import Keys, Place
from tests.e2e.house import House, house_at, until
from tests.harness.redis import Redis

DEVICE = {"fingerprint": "d-81c2", "ip": "203.0.113.9"}
# Long enough for a busy machine that is there, short enough for one that is not.
UNLIMITED = {
    "instrument_payments_per_10_min": 100_000,
    "device_payments_per_10_min": 100_000,
    "ip_payments_per_10_min": 100_000,
}
FEATURES = {"store": "redis", "timeout_s": 0.25}


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    """A Redis of this test's own, to be stopped and emptied."""
    server = Redis.start(tmp_path / "redis")
    yield server
    server.stop()


@pytest.fixture
def beside(place: Place, redis: Redis) -> Place:
    """The place with this test's Redis."""
    return replace(place, redis_url=redis.url())


async def pay(client: Client, **fields: Any) -> Reply:
    order = orders.collect("approve@simbank", **{"device": DEVICE, **fields})
    return await client.post("/v1/payments", order)


async def assessed(house: House, reply: Reply) -> dict[str, Any]:
    return await house.client.get(f"/v1/fraud/assessments/{reply.payment_id}")


async def remembered(house: House) -> dict[str, Any]:
    """Wait for a payment that the memory knows again."""

    async def find() -> dict[str, Any] | None:
        seen = await assessed(house, await pay(house.client))
        return seen if not seen["features_stale"] else None

    return await until(find, "the memory is whole again", 30.0)


@asynccontextmanager
async def another_gateway(house: House) -> AsyncIterator[Client]:
    """A second gateway on the same database and Redis."""
    async with (
        edges.gateway(house.settings) as gateway,
        Client(gateway.url, house.tenant.secret) as client,
    ):
        yield client


async def test_a_velocity_limit_holds_over_all_gateways(beside: Place, keys: Keys) -> None:
    limits = {"fraud": {"user_payments_per_10_min": 4}, "features": FEATURES}
    async with house_at(beside, keys, limits) as house, another_gateway(house) as other:
        replies = [
            await pay(client, user_id="user_busy")
            for client in (house.client, other, house.client, other, house.client, other)
        ]
        assert [reply.status for reply in replies] == [201, 201, 201, 201, 402, 402]


@pytest.mark.parametrize(
    ("policy", "decision", "status"),
    [("rules_only", Decision.APPROVE, 201), ("review", Decision.REVIEW, 201),
     ("decline", Decision.DECLINE, 402)],
)  # fmt: skip
async def test_payments_go_on_by_the_policy_while_redis_is_away_and_it_comes_back(
    beside: Place, keys: Keys, redis: Redis, policy: str, decision: Decision, status: int
) -> None:
    over = {"fraud": {**UNLIMITED, "stale_policy": policy}, "features": FEATURES}
    async with house_at(beside, keys, over) as house:
        before = await assessed(house, await pay(house.client))
        assert (before["features_stale"], before["decision"]) == (False, "APPROVE")
        redis.kill()
        replies = await asyncio.gather(*(pay(house.client) for _ in range(10)))
        assert {reply.status for reply in replies} == {status}
        for reply in replies:
            seen = await assessed(house, reply)
            assert (seen["features_stale"], seen["decision"]) == (True, decision)
        redis.restart()
        after = await remembered(house)
        assert after["decision"] == "APPROVE"
        # The payments before the loss were put back from the database.
        assert after["features"]["device_count_10m"] >= 12.0
        await house.quiet()
        await house.prove()


async def test_a_flushed_redis_is_noticed_and_filled_again(
    beside: Place, keys: Keys, redis: Redis
) -> None:
    async with house_at(beside, keys, {"fraud": UNLIMITED, "features": FEATURES}) as house:
        for _ in range(3):
            assert (await pay(house.client)).status == 201
        redis.flush()
        lost = await assessed(house, await pay(house.client))
        assert lost["features_stale"]
        found = await remembered(house)
        assert found["features"]["device_count_10m"] >= 5.0
