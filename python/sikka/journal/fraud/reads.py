"""Reads what decides about payments: rules, lists, thresholds and models."""

from __future__ import annotations

import asyncio
from typing import Any

from sqlalchemy import select

from sikka.domain.errors import NotFound
from sikka.domain.fraud.model import FraudModel, FraudModelFile
from sikka.domain.fraud.policy import (
    REVISION_ID,
    FraudListEntry,
    FraudRevision,
    FraudRule,
    FraudThresholds,
    PolicyRows,
)
from sikka.journal import tables
from sikka.journal.database import Database
from sikka.journal.mapping import MAPPINGS, Mapping
from sikka.journal.queries import one


class SqlFraudReads:
    """What the fraud engine reads besides payments.

    Args:
        database: where to read.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def revision(self) -> int:
        """How often rules, lists, thresholds and models were changed.

        Raises:
            NotFound: the table is empty: the database was not migrated.
            Unavailable: the database cannot be read.
        """
        mapping = MAPPINGS[FraudRevision]
        found = await one(self._database, mapping, tables.fraud_revisions.c.id == REVISION_ID)
        if found is None:
            raise NotFound(message="fraud_revisions has no row: run the migrations")
        revision: int = found.revision
        return revision

    async def policy_since(self, revision: int) -> PolicyRows:
        """See `sikka.fraud.policy.PolicyReader`. Raises as `revision` does."""
        current = await self.revision()
        if current == revision:
            return PolicyRows(current)
        # Rows of a later revision may be among them; they come again when it is asked for.
        rules, entries, thresholds, models = await asyncio.gather(
            *(
                self._changed(MAPPINGS[kind], revision)
                for kind in (FraudRule, FraudListEntry, FraudThresholds, FraudModel)
            )
        )
        return PolicyRows(current, rules, entries, thresholds, models)

    async def model_file(self, id: str) -> bytes:
        """The trees of a model.

        Raises:
            NotFound: there is no such model.
        """
        mapping = MAPPINGS[FraudModelFile]
        found = await one(self._database, mapping, tables.fraud_model_files.c.id == id)
        if found is None:
            raise NotFound(message=f"there are no trees of model {id}")
        content: bytes = found.content
        return content

    async def _changed(self, mapping: Mapping, revision: int) -> list[Any]:
        query = (
            select(*mapping.selected)
            .where(mapping.table.c.revision > revision)
            .order_by(mapping.table.c.revision)
        )
        return mapping.records(await self._database.rows(query))
