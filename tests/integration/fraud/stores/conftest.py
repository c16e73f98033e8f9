"""Both feature stores, and a client that looks into Redis beside them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis as Client

from sikka.fraud.stores.memory import MemoryFeatureStore
from sikka.fraud.stores.port import FeatureStore
from tests.integration.fraud.stores.made import redis_store


@pytest.fixture(params=["memory", "redis"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[FeatureStore]:
    if request.param == "memory":
        memory = MemoryFeatureStore()
        await memory.open()
        yield memory
        await memory.close()
        return
    async with redis_store(request.getfixturevalue("redis_url")) as shared:
        yield shared


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[Client]:
    client: Client = Client.from_url(redis_url)
    yield client
    await client.aclose()
