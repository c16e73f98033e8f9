from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from sikka_sim.merchant.app import Merchant
from tests.integration.webhooks.world import Stage, shop, stage_on


@pytest.fixture
async def stage(database_url: str) -> AsyncIterator[Stage]:
    """The webhooks on a fresh database, once on SQLite and once on MariaDB."""
    async with stage_on(database_url) as stage:
        yield stage


@pytest.fixture
async def merchant_and_url() -> AsyncIterator[tuple[Merchant, str]]:
    """The simulated merchant, and where it takes webhooks."""
    async with shop() as found:
        yield found


@pytest.fixture
def merchant(merchant_and_url: tuple[Merchant, str]) -> Merchant:
    return merchant_and_url[0]


@pytest.fixture
def url(merchant_and_url: tuple[Merchant, str]) -> str:
    return merchant_and_url[1]
