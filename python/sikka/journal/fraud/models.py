"""The registry of fraud models, as it is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select, union_all

from sikka.domain.fraud.model import FraudModel, ModelState
from sikka.journal import tables
from sikka.journal.database import Database
from sikka.journal.mapping import MAPPINGS
from sikka.journal.queries import moment, newest, one
from sikka.ports import Page

_MODEL = MAPPINGS[FraudModel]
_TABLE = tables.fraud_models.c
_IN_FORCE = (ModelState.CHAMPION, ModelState.CHALLENGER, ModelState.SHADOW)


class SqlFraudModels:
    """See `FraudModelStore`.

    Args:
        database: where to read.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def model(self, version: str) -> FraudModel | None:
        found: FraudModel | None = await one(self._database, _MODEL, _TABLE.version == version)
        return found

    async def models(self, page: Page) -> Sequence[FraudModel]:
        return await newest(self._database, _MODEL, page)

    async def in_force(self) -> Mapping[ModelState, FraudModel]:
        # One look into the index each: what is not in force is most of the table.
        each = (select(*_MODEL.selected).where(_TABLE.state == state) for state in _IN_FORCE)
        rows = await self._database.rows(select(union_all(*each).subquery()))
        records: list[FraudModel] = _MODEL.records(rows)
        return {model.state: model for model in records}

    async def champion_before(self, promoted_at: datetime | None) -> FraudModel | None:
        query = select(*_MODEL.selected).where(
            _TABLE.state == ModelState.RETIRED, _TABLE.promoted_at.is_not(None)
        )
        if promoted_at is not None:
            query = query.where(_TABLE.promoted_at < moment(promoted_at))
        query = query.order_by(_TABLE.promoted_at.desc()).limit(1)
        records: list[FraudModel] = _MODEL.records(await self._database.rows(query))
        return records[0] if records else None
