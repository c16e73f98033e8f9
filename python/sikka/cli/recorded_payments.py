"""Where a training finds its payments: in a file, or in the database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import click

from sikka.cli.main import settings_of
from sikka.cli.operator import run_loop
from sikka.journal.database import Database
from sikka.journal.fraud.payment_history import SqlPaymentHistory
from sikka.journal.fraud.payment_stream import SqlPaymentStream
from sikka.settings import Settings

DATABASE = "database"
CURRENCY = "INR"
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class PaymentSource(click.ParamType[Path | None]):
    """A payment stream file, or the word `database` for the gateway's own live payments."""

    name = "file|database"

    def convert(
        self, value: Any, param: click.Parameter | None, context: click.Context | None
    ) -> Path | None:
        if value == DATABASE or value is None:
            return None
        path: Path = click.Path(path_type=Path, exists=True, dir_okay=False).convert(
            value, param, context
        )
        return path


def payments_of(
    context: click.Context, training: ModuleType, source: Path | None, label_delay: timedelta
) -> Any:
    """The payments of a source, as `sikka.fraud.training` reads them.

    Args:
        context: of the command, for the settings that name the database.
        training: `sikka.cli.training`.
        source: a file; None for the database.
        label_delay: after which silence means that a payment was genuine.

    Raises:
        InvalidRequest: the payments break a rule of the stream.
        Unavailable: the database cannot be read.
    """
    if source is not None:
        return training.read_stream(source)
    return run_loop(_stored(settings_of(context), training, label_delay))


async def _stored(settings: Settings, training: ModuleType, label_delay: timedelta) -> Any:
    database = Database.open(settings.database.url.reveal(), settings.database.pool_size)
    try:
        now = datetime.now(UTC)
        history = SqlPaymentHistory(database)
        stream = SqlPaymentStream(history, _BEGINNING, now, CURRENCY, label_delay, now)
        return await training.read_stored(stream)
    finally:
        await database.close()
