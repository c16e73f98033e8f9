"""What the fraud engine reads: the lists, and the payments that its windows would have seen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from sikka.domain.fraud import Device, RiskRequest
from sikka.domain.fraud_policy import FraudListEntry
from sikka.domain.payment import Payment, UpiTransaction
from sikka.journal import tables
from sikka.journal.database import Database
from sikka.journal.mapping import MAPPINGS
from sikka.journal.queries import Joined
from sikka_core import new_id

_ENTRY = MAPPINGS[FraudListEntry]
_PAYMENT = Joined(MAPPINGS[Payment], MAPPINGS[UpiTransaction])

# The prefix of an id and the ten characters that hold its time.
_TIME_CHARACTERS = len("pay_") + 10


class SqlFraudReads:
    """Reads for the fraud engine.

    Args:
        database: where to read.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_entries(self) -> Sequence[FraudListEntry]:
        query = select(*_ENTRY.selected).where(tables.fraud_lists.c.removed_at.is_(None))
        return _ENTRY.records(await self._database.rows(query))

    async def recent(self, since: datetime, limit: int) -> Sequence[RiskRequest]:
        payments, upi = tables.payments, tables.upi_transactions
        # Ids sort by time, so that the primary key serves where no index on the time alone does.
        oldest = new_id("pay", 0, int(since.timestamp() * 1000))[:_TIME_CHARACTERS]
        query = (
            select(*_PAYMENT.selected)
            .select_from(payments.join(upi, upi.c.payment_id == payments.c.id))
            .where(payments.c.id >= oldest)
            .order_by(payments.c.id.desc())
            .limit(limit)
        )
        records = _PAYMENT.records(await self._database.rows(query))
        return [_request(payment, upi) for payment, upi in reversed(records)]


def _request(payment: Payment, upi: UpiTransaction) -> RiskRequest:
    return RiskRequest(
        payment_id=payment.id,
        attempt=payment.id,
        merchant_id=payment.merchant_id,
        user_id=payment.user_id,
        instrument=upi.payer_vpa or None,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        device=Device(),
        at=payment.created_at,
        livemode=payment.livemode,
    )
