"""What is read of labels, and of the payments that they are about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import or_, select

from sikka.domain.fraud.label import FraudLabel
from sikka.journal import tables
from sikka.journal.database import Database
from sikka.journal.mapping import MAPPINGS
from sikka.journal.queries import moment

_LABEL = MAPPINGS[FraudLabel]

# SQLite takes 32,766 parameters a statement.
IDS_A_QUERY = 2_000


class SqlLabelReads:
    """Reads for those who bring labels, and for those who learn from them.

    Args:
        database: where to read.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def named(self, names: Sequence[str]) -> Mapping[str, Sequence[str]]:
        payments, upi = tables.payments.c, tables.upi_transactions.c
        found: defaultdict[str, set[str]] = defaultdict(set)
        if names:
            # A number that is too long for the column is no RRN.
            rrns = [name for name in names if name.isascii()]
            by_rrn = select(upi.rrn, upi.payment_id).where(upi.rrn.in_(rrns))
            by_txn = select(payments.external_txn_id, payments.id).where(
                payments.external_txn_id.in_(names)
            )
            for query in (by_rrn, by_txn):
                for name, payment_id in await self._database.rows(query):
                    found[name].add(payment_id)
        return {name: sorted(ids) for name, ids in found.items()}

    async def labels_after(self, at: datetime, id: str, limit: int) -> Sequence[FraudLabel]:
        labels = tables.fraud_labels.c
        since = moment(at)
        query = (
            select(*_LABEL.selected)
            .where(labels.created_at >= since, or_(labels.created_at > since, labels.id > id))
            .order_by(labels.created_at, labels.id)
            .limit(limit)
        )
        return _LABEL.records(await self._database.rows(query))


async def labels_by_payment(
    database: Database, payment_ids: Sequence[str]
) -> Mapping[str, Sequence[FraudLabel]]:
    """All labels of payments, by payment id; a payment without one is absent."""
    found: defaultdict[str, list[FraudLabel]] = defaultdict(list)
    for start in range(0, len(payment_ids), IDS_A_QUERY):
        ids = payment_ids[start : start + IDS_A_QUERY]
        query = select(*_LABEL.selected).where(tables.fraud_labels.c.payment_id.in_(ids))
        for label in _LABEL.records(await database.rows(query)):
            found[label.payment_id].append(label)
    return found
