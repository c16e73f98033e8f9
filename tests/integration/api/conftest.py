"""The API on a fresh database, once on SQLite and once on MariaDB, and a client."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from tests.integration.api.world import ApiHouse, api_house

Client = TestClient[Any, Any]


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[ApiHouse]:
    async with api_house(database_url) as house:
        yield house


@pytest.fixture
async def client(house: ApiHouse) -> AsyncIterator[Client]:
    async with TestClient(TestServer(house.app)) as client:
        yield client
