"""Where merchants are paid."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from sikka.journal import tables
from sikka.journal.database import Database


class SqlPayees:
    """See `sikka.fraud.round_trips.PayeeReader`.

    Args:
        database: where to read.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def payees(self) -> Sequence[tuple[str, str]]:
        table = tables.merchants.c
        rows = await self._database.rows(select(table.payee_vpa, table.id))
        return [(str(vpa), str(merchant_id)) for vpa, merchant_id in rows]
