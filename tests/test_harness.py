"""The servers of the tests do what the tests rely on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
import redis as redis_client
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from tests.harness.mariadb import MariaDb
from tests.harness.process import ServerError, ServerProcess, find_binary

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.harness.redis import Redis


@pytest.fixture
def own_mariadb(server_directory: Path) -> Iterator[MariaDb]:
    server = MariaDb.start(server_directory / "own")
    yield server
    server.stop()


async def test_every_database_url_takes_a_row_and_gives_it_back(database_url: str) -> None:
    engine = create_async_engine(database_url)
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE t (v VARCHAR(20))"))
        await connection.execute(text("INSERT INTO t VALUES (:v)"), {"v": "₹ रुपया"})
    async with engine.connect() as connection:
        found = (await connection.execute(text("SELECT v FROM t"))).scalar_one()
    await engine.dispose()
    assert found == "₹ रुपया"


def test_two_databases_of_one_server_are_not_the_same(mariadb_server: MariaDb) -> None:
    first, second = mariadb_server.create_database(), mariadb_server.create_database()
    mariadb_server.execute(f"CREATE TABLE {first}.t (v INT)")
    with pytest.raises(ServerError, match="doesn't exist"):
        mariadb_server.execute(f"SELECT * FROM {second}.t")
    mariadb_server.drop_database(first)
    mariadb_server.drop_database(second)


def test_a_killed_mariadb_comes_back_with_what_was_committed(own_mariadb: MariaDb) -> None:
    database = own_mariadb.create_database()
    own_mariadb.execute(f"CREATE TABLE {database}.t (v INT)")
    own_mariadb.execute(f"INSERT INTO {database}.t VALUES (7)")
    own_mariadb.kill()
    assert not own_mariadb.is_running
    own_mariadb.restart()
    assert own_mariadb.execute(f"SELECT v FROM {database}.t").strip() == "7"


async def test_a_paused_mariadb_answers_nothing_until_it_is_resumed(own_mariadb: MariaDb) -> None:
    own_mariadb.pause()
    question = asyncio.create_task(asyncio.to_thread(own_mariadb.execute, "SELECT 7"))
    done, _ = await asyncio.wait([question], timeout=0.3)
    assert not done
    own_mariadb.resume()
    assert (await question).strip() == "7"


def test_a_redis_url_is_empty_and_its_own(redis_server: Redis, redis_url: str) -> None:
    other_url = redis_server.url(redis_server.create_database())
    with (
        redis_client.Redis.from_url(redis_url) as mine,
        redis_client.Redis.from_url(other_url) as other,
    ):
        assert mine.dbsize() == 0
        mine.set("key", "value")
        assert other.get("key") is None
        redis_server.flush()
        assert mine.get("key") is None


def test_a_server_that_ends_at_once_is_reported_with_its_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    process = ServerProcess([find_binary("ls"), "/no-such-folder"], log)
    with pytest.raises(ServerError, match="no-such-folder"):
        process.wait_until(lambda: False, 10.0)


def test_a_missing_binary_is_named() -> None:
    with pytest.raises(ServerError, match="no-such-server is not installed"):
        find_binary("no-such-server")
