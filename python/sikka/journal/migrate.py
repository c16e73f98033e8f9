"""Brings a database to a revision of the schema."""

from __future__ import annotations

import sysconfig
from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from sikka.domain.errors import ConfigurationError, Unavailable


def scripts() -> Path:
    """The folder of the migrations: in the source tree, or where the wheel puts its data.

    Raises:
        ConfigurationError: when neither has them.
    """
    places = (
        Path(__file__).parents[3] / "migrations",
        Path(sysconfig.get_path("data")) / "share" / "sikka" / "migrations",
    )
    for place in places:
        if (place / "env.py").is_file():
            return place
    raise ConfigurationError(message="the migrations are not installed with this package")


async def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database forward to a revision.

    Raises:
        Unavailable: when the database cannot be reached, or refuses.
    """
    await _run(url, lambda config: command.upgrade(config, revision))


async def downgrade(url: str, revision: str) -> None:
    """Bring the database back to a revision; `base` empties it.

    Raises:
        Unavailable: as `upgrade`.
    """
    await _run(url, lambda config: command.downgrade(config, revision))


async def current(url: str) -> str | None:
    """The revision a database is at; None before the first.

    Raises:
        Unavailable: as `upgrade`.
    """
    found: list[str | None] = []

    def look(config: Config) -> None:
        context = MigrationContext.configure(config.attributes["connection"])
        found.append(context.get_current_revision())

    await _run(url, look)
    return found[0]


def head() -> str:
    """The revision that this program expects."""
    revision = ScriptDirectory(str(scripts())).get_current_head()
    if revision is None:
        raise ConfigurationError(message="there is no migration")
    return revision


async def _run(url: str, work: Callable[[Config], None]) -> None:
    def on(connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(scripts()))
        config.attributes["connection"] = connection
        work(config)

    engine = create_async_engine(make_url(url))
    try:
        async with engine.begin() as connection:
            await connection.run_sync(on)
    except DBAPIError as error:
        raise Unavailable(message=f"the schema could not be changed: {error.orig}") from error
    finally:
        await engine.dispose()
