"""The databases of the round trips: an SQLite file and a private MariaDB."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.rows.databases import MariaDbSession, Sqlite

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.rows.databases import Database


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Sqlite]:
    database = Sqlite(tmp_path / "rows.db")
    yield database
    database.close()


@pytest.fixture
def mariadb(mariadb_url: str) -> Iterator[MariaDbSession]:
    database = MariaDbSession(mariadb_url)
    database.make_things()
    yield database
    database.close()


@pytest.fixture(params=["sqlite", "mariadb"])
def database(request: pytest.FixtureRequest) -> Database:
    chosen: Database = request.getfixturevalue(request.param)
    return chosen
