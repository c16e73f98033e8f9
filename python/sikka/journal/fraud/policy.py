"""The fraud policy as it is stored, for those who change it and those who look at it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Table, func, select

from sikka.domain.errors import Unavailable
from sikka.domain.fraud.policy import (
    REVISION_ID,
    FraudListEntry,
    FraudRule,
    FraudThresholds,
    ListField,
    ListKind,
    RuleState,
)
from sikka.journal import tables
from sikka.journal.database import Database
from sikka.journal.mapping import MAPPINGS
from sikka.journal.queries import newest, one
from sikka.ports import Page

_RULE = MAPPINGS[FraudRule]
_ENTRY = MAPPINGS[FraudListEntry]
_THRESHOLDS = MAPPINGS[FraudThresholds]

# As many as an index is asked for at once; see `sikka.journal.statements.ROWS_MAX`.
_VALUES_MAX = 500


class SqlFraudPolicy:
    """See `sikka.flows.fraud.ports.FraudPolicyStore`.

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

    async def rule(self, rule_id: str) -> FraudRule | None:
        return await one(self._database, _RULE, tables.fraud_rules.c.id == rule_id)

    async def rule_versions(self, merchant_id: str | None, name: str) -> Sequence[FraudRule]:
        table = tables.fraud_rules
        query = (
            select(*_RULE.selected)
            .where(table.c.name == name, _of(table, merchant_id))
            .order_by(table.c.version.desc())
        )
        return _RULE.records(await self._database.rows(query))

    async def rules_in(self, merchant_id: str | None, state: RuleState) -> int:
        table = tables.fraud_rules
        query = select(func.count()).where(table.c.state == state, _of(table, merchant_id))
        return int((await self._database.rows(query))[0][0])

    async def rules(
        self,
        merchant_id: str | None,
        page: Page,
        *,
        state: RuleState | None = None,
        name: str | None = None,
    ) -> Sequence[FraudRule]:
        table = tables.fraud_rules
        where = [_of(table, merchant_id)]
        if state is not None:
            where.append(table.c.state == state)
        if name is not None:
            where.append(table.c.name == name)
        return await newest(self._database, _RULE, page, *where)

    async def list_entry(self, entry_id: str) -> FraudListEntry | None:
        return await one(self._database, _ENTRY, tables.fraud_lists.c.id == entry_id)

    async def entries_of(
        self, merchant_id: str | None, field: ListField, values: Sequence[str]
    ) -> Sequence[FraudListEntry]:
        table, found = tables.fraud_lists, []
        for start in range(0, len(values), _VALUES_MAX):
            query = select(*_ENTRY.selected).where(
                table.c.field == field,
                table.c.value.in_(values[start : start + _VALUES_MAX]),
                _of(table, merchant_id),
                table.c.removed_at.is_(None),
            )
            found += _ENTRY.records(await self._database.rows(query))
        return found

    async def list_entries(
        self,
        merchant_id: str | None,
        page: Page,
        *,
        kind: ListKind | None = None,
        field: ListField | None = None,
        value: str | None = None,
        removed: bool = False,
    ) -> Sequence[FraudListEntry]:
        table = tables.fraud_lists
        where: list[ColumnElement[bool]] = [_of(table, merchant_id)]
        where += [
            column == wanted
            for column, wanted in (
                (table.c.kind, kind),
                (table.c.field, field),
                (table.c.value, value),
            )
            if wanted is not None
        ]
        is_on = table.c.removed_at.is_(None)
        return await newest(self._database, _ENTRY, page, *where, ~is_on if removed else is_on)

    async def thresholds(self, merchant_id: str) -> FraudThresholds | None:
        where = tables.fraud_thresholds.c.id == merchant_id
        return await one(self._database, _THRESHOLDS, where)


def _of(table: Table, merchant_id: str | None) -> ColumnElement[bool]:
    """What is a merchant's own, or for all merchants."""
    column: ColumnElement[Any] = table.c.merchant_id
    return column.is_(None) if merchant_id is None else column == merchant_id
