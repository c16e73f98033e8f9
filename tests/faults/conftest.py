"""Estates whose gateway and workers are processes of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.e2e.configuration import Keys, Place
from tests.e2e.conftest import place_of
from tests.e2e.estate import Estate, estate_at
from tests.e2e.processes import Program
from tests.harness.mariadb import MariaDb
from tests.harness.redis import Redis

DOOMED = Path(__file__).with_name("doomed.py")
# A dead worker's leases are soon free; an outage is not what a person must look at.
SETTINGS = {"worker": {"lease_s": 2.0}, "policy": {"checks_until_s": 60.0}}


def doomed(estate: Estate, role: str) -> Program:
    """A gateway or worker whose `start` may be told where to die."""
    number = len(estate.programs)
    arguments = [str(DOOMED), "--config", str(estate.settings_path), "--role", role]
    if role == "gateway":
        arguments += ["--port", str(estate.port)]
    log = estate.place.directory / f"{role}-{number}.log"
    return estate.keep(Program(arguments, log, "ready"))


@pytest.fixture(scope="session")
def keys() -> Keys:
    """The keys of this run."""
    return Keys.generate()


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """MariaDB and Redis, unless the test asks for another place by a parameter."""
    name: str = getattr(request, "param", "mariadb")
    with place_of(name, tmp_path, request) as place:
        yield place


@pytest.fixture
async def estate(place: Place, keys: Keys) -> AsyncIterator[Estate]:
    """An estate in which nothing of ours runs yet."""
    async with estate_at(place, keys, SETTINGS) as estate:
        yield estate


@pytest.fixture
def own_mariadb(server_directory: Path) -> Iterator[MariaDb]:
    """A MariaDB that a test may stop."""
    server = MariaDb.start(server_directory / "outage")
    yield server
    server.stop()


@pytest.fixture
def own_redis(server_directory: Path) -> Iterator[Redis]:
    """A Redis that a test may stop."""
    server = Redis.start(server_directory / "redis-outage")
    yield server
    server.stop()
