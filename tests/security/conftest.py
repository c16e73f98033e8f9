"""Houses and estates to be attacked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.e2e.configuration import Keys, Place
from tests.e2e.conftest import place_of
from tests.e2e.house import House, house_at


@pytest.fixture(scope="session")
def keys() -> Keys:
    """The keys of this run."""
    return Keys.generate()


@pytest.fixture(params=["mariadb", "sqlite"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """An empty place: once with MariaDB and Redis, once with SQLite alone."""
    with place_of(request.param, tmp_path, request) as place:
        yield place


@pytest.fixture
async def house(place: Place, keys: Keys) -> AsyncIterator[House]:
    """A house in each place."""
    async with house_at(place, keys) as house:
        yield house
