"""A run's keys, and the places where a house may stand: MariaDB with Redis, SQLite without."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.configuration import Keys, Place
from tests.e2e.house import House, house_at

PLACES = ("mariadb", "sqlite")


@contextmanager
def place_of(name: str, directory: Path, request: pytest.FixtureRequest) -> Iterator[Place]:
    """An empty place; its servers start when the first place needs them."""
    if name == "sqlite":
        url = f"sqlite+aiosqlite:///{directory / 'sikka.db'}"
        yield Place(name, directory, url, None)
        return
    mariadb = request.getfixturevalue("mariadb_server")
    redis = request.getfixturevalue("redis_server")
    database = mariadb.create_database()
    url = mariadb.url(database)
    yield Place(name, directory, url, redis.url(redis.create_database()))
    mariadb.drop_database(database)


@pytest.fixture(scope="session")
def keys() -> Keys:
    """The keys of this run."""
    return Keys.generate()


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """An empty place: once with MariaDB and Redis, once with SQLite alone."""
    with place_of(request.param, tmp_path, request) as place:
        yield place


@pytest.fixture
async def house(place: Place, keys: Keys) -> AsyncIterator[House]:
    """A house in each place, empty but for its merchant."""
    async with house_at(place, keys) as house:
        yield house
