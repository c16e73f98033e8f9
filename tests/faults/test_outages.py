"""The database stops under load; Redis is emptied and killed under load."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from tests.e2e.configuration import Keys, Place
from tests.e2e.estate import Estate, estate_at
from tests.e2e.house import until
from tests.faults.conftest import SETTINGS
from tests.faults.load import Load
from tests.harness.mariadb import MariaDb
from tests.harness.redis import Redis

pytestmark = [pytest.mark.faults, pytest.mark.slow]

OUTAGE_S = 10.0
CLIENTS = 30


async def answered(load: Load, count: int) -> None:
    """Wait until so many payments of the load have their answer."""

    async def find() -> bool:
        return len(load.answers) >= count

    await until(find, f"{count} payments are answered")


async def test_the_database_stops_for_ten_seconds_under_load_and_nothing_is_lost(
    own_mariadb: MariaDb, tmp_path: Path, keys: Keys
) -> None:
    url = own_mariadb.url(own_mariadb.create_database())
    async with estate_at(Place("mariadb", tmp_path, url, None), keys, SETTINGS) as estate:
        gateway, worker = estate.server(workers=2), estate.worker()
        await gateway.start()
        await worker.start()
        load = Load(estate, CLIENTS, each=4)
        running = asyncio.create_task(load.run())
        await answered(load, CLIENTS)
        own_mariadb.kill()
        await _unready_for(estate, OUTAGE_S)
        refused, acknowledged = load.refused, len(load.answers)
        assert refused > 0
        await asyncio.to_thread(own_mariadb.process.stop)
        own_mariadb.restart()
        await running
        assert len(load.answers) == CLIENTS * 4 > acknowledged
        await load.prove()
        assert gateway.process.is_running
        assert worker.process.is_running


async def _unready_for(estate: Estate, seconds: float) -> None:
    """Let the time pass; meanwhile the gateway lives, and says that it is not ready."""
    over = time.monotonic() + seconds
    statuses: set[int] = set()

    async def passed() -> bool:
        alive = await estate.client.send("GET", "/healthz")
        assert alive.status == 200
        statuses.add((await estate.client.send("GET", "/readyz")).status)
        return time.monotonic() >= over

    await until(passed, "the outage is over", seconds + 10.0)
    assert 503 in statuses


async def test_a_frozen_database_is_waited_for_and_nothing_is_lost(
    own_mariadb: MariaDb, tmp_path: Path, keys: Keys
) -> None:
    url = own_mariadb.url(own_mariadb.create_database())
    async with estate_at(Place("mariadb", tmp_path, url, None), keys, SETTINGS) as estate:
        await estate.server().start()
        await estate.worker().start()
        load = Load(estate, clients=8, each=3)
        running = asyncio.create_task(load.run())
        await answered(load, 8)
        own_mariadb.pause()
        frozen_until = time.monotonic() + 3.0

        async def passed() -> bool:
            return time.monotonic() >= frozen_until

        await until(passed, "three seconds have passed")
        own_mariadb.resume()
        await running
        await load.prove()


async def test_redis_is_emptied_and_killed_under_load_and_payments_go_on(
    own_redis: Redis, mariadb_url: str, tmp_path: Path, keys: Keys
) -> None:
    place = Place("mariadb", tmp_path, mariadb_url, own_redis.url())
    async with estate_at(place, keys, SETTINGS) as estate:
        await estate.server(workers=2).start()
        await estate.worker().start()
        load = Load(estate, clients=10, each=6)
        running = asyncio.create_task(load.run())
        for count in (10, 20):
            await answered(load, count)
            own_redis.flush()
        await answered(load, 30)
        own_redis.kill()
        await answered(load, 45)
        own_redis.restart()
        await running
        # Nobody was ever asked to come again: Redis holds nothing that payments need.
        assert load.refused == 0
        await load.prove()
