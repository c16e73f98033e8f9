"""Fixtures that every test may ask for: private servers, fresh databases, their addresses."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests.harness.mariadb import MariaDb
from tests.harness.redis import Redis

if TYPE_CHECKING:
    from collections.abc import Iterator

# What a killed process has written survives in memory as well as on a disk; only a power cut
# tells them apart. Schemas are made hundreds of times, and in memory that costs little.
MEMORY = Path("/dev/shm")  # noqa: S108 - private folders are made in it.
MEMORY_FREE_BYTES_MIN = 2 << 30
FOLDERS = (
    MEMORY
    if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= MEMORY_FREE_BYTES_MIN
    else Path(tempfile.gettempdir())
)
# Where pytest puts `tmp_path`, and with it the SQLite files.
os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(FOLDERS))

settings.register_profile("developer", deadline=None, max_examples=50)
settings.register_profile("ci", deadline=None, max_examples=50, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "developer")


@pytest.fixture(scope="session")
def server_directory() -> Iterator[Path]:
    """A short folder for the servers of this run: a socket's path holds 107 bytes."""
    directory = Path(tempfile.mkdtemp(prefix="sikka-", dir=FOLDERS))
    yield directory
    shutil.rmtree(directory)


@pytest.fixture(scope="session")
def mariadb_server(server_directory: Path) -> Iterator[MariaDb]:
    """The MariaDB of this run, started by the first test that asks for it."""
    server = MariaDb.start(server_directory / "mariadb")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def redis_server(server_directory: Path) -> Iterator[Redis]:
    """The Redis of this run, started by the first test that asks for it."""
    server = Redis.start(server_directory / "redis")
    yield server
    server.stop()


@pytest.fixture
def mariadb_url(mariadb_server: MariaDb) -> Iterator[str]:
    """The address of a fresh, empty MariaDB database."""
    name = mariadb_server.create_database()
    yield mariadb_server.url(name)
    mariadb_server.drop_database(name)


@pytest.fixture
def redis_url(redis_server: Redis) -> str:
    """The address of a fresh, empty Redis database."""
    return redis_server.url(redis_server.create_database())


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The address of an SQLite file that does not exist yet."""
    return f"sqlite+aiosqlite:///{tmp_path / 'sikka.db'}"


@pytest.fixture(params=["sqlite", "mariadb"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of a fresh, empty database: once on SQLite, once on MariaDB."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url
