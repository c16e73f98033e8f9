"""Commands in an empty folder, and in one where a house has moved in."""

from __future__ import annotations

from pathlib import Path

import pytest

from sikka.journal import migrate
from tests.integration.cli.commands import Commands, configured


@pytest.fixture
def bare(tmp_path: Path) -> Commands:
    """Commands without any settings."""
    return Commands(tmp_path)


@pytest.fixture
async def commands(tmp_path: Path) -> Commands:
    """Commands of a house on SQLite whose schema is up to date."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'sikka.db'}"
    await migrate.upgrade(url)
    return configured(tmp_path, url)
