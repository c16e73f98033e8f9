"""The fraud policy as it is stored, for those who change it."""

from __future__ import annotations

from sqlalchemy import select

from sikka.domain.errors import Unavailable
from sikka.domain.fraud_policy import REVISION_ID
from sikka.journal import tables
from sikka.journal.database import Database


class SqlFraudPolicy:
    """See `FraudPolicyStore`.

    Args:
        database: where to read.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def revision(self) -> int:
        table = tables.fraud_revisions.c
        rows = await self._database.rows(select(table.revision).where(table.id == REVISION_ID))
        if not rows:
            raise Unavailable(message="fraud_revisions has no row: run the migrations")
        return int(rows[0][0])
