"""What the flows read."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select

from sikka.domain.fraud.assessment import FraudAssessment
from sikka.domain.merchant import Merchant
from sikka.domain.payment import Payment, Stage, Status, UpiTransaction
from sikka.domain.records import IdempotencyRecord
from sikka.domain.refund import Refund, RefundStatus
from sikka.journal import tables
from sikka.journal.database import Database, Query
from sikka.journal.mapping import MAPPINGS
from sikka.journal.queries import Joined, moment, one
from sikka.journal.together import Together
from sikka.ports import UpiState

_STATE = Joined(MAPPINGS[Payment], MAPPINGS[UpiTransaction], MAPPINGS[FraudAssessment])
_REFUND = MAPPINGS[Refund]
_IDEMPOTENCY = MAPPINGS[IdempotencyRecord]

_Key = tuple[str, bool, str]


class SqlStore:
    """See `PaymentStore`. Keys that are asked for at the same time share a query.

    Args:
        database: where to read.
        merchant_age_s: how long a merchant is believed without asking again.
    """

    def __init__(self, database: Database, merchant_age_s: float = 2.0) -> None:
        self._database = database
        self._states = Together(self._find_states)
        self._refunds = Together(self._find_refunds)
        self._keys = Together(self._find_keys)
        self._merchants: dict[str, tuple[float, Merchant]] = {}
        self._merchant_age_s = merchant_age_s

    async def upi_state(self, payment_id: str) -> UpiState | None:
        return await self._states.get(payment_id)

    async def refund(self, refund_id: str) -> Refund | None:
        return await self._refunds.get(refund_id)

    async def refunds_of(self, payment_id: str) -> Sequence[Refund]:
        table = tables.refunds
        query = select(*_REFUND.selected).where(table.c.payment_id == payment_id)
        query = query.order_by(table.c.created_at, table.c.id)
        return _REFUND.records(await self._database.rows(query))

    async def assessment(self, payment_id: str) -> FraudAssessment | None:
        where = tables.fraud_assessments.c.payment_id == payment_id
        return await one(self._database, MAPPINGS[FraudAssessment], where)

    async def merchant(self, merchant_id: str) -> Merchant | None:
        now_s = time.monotonic()
        held = self._merchants.get(merchant_id)
        if held is not None and now_s - held[0] < self._merchant_age_s:
            return held[1]
        where = tables.merchants.c.id == merchant_id
        merchant: Merchant | None = await one(self._database, MAPPINGS[Merchant], where)
        if merchant is not None:
            self._merchants[merchant_id] = (now_s, merchant)
        return merchant

    async def idempotency(
        self, merchant_id: str, livemode: bool, key: str
    ) -> IdempotencyRecord | None:
        return await self._keys.get((merchant_id, livemode, key))

    async def due_payment_checks(
        self, now: datetime, buckets: range, limit: int
    ) -> Sequence[UpiState]:
        upi = tables.upi_transactions.c
        query = _states().where(
            *_due(upi.next_check_at, upi.bucket, now, buckets),
            tables.payments.c.status == Status.PENDING,
        )
        return await self._read_states(query.order_by(upi.next_check_at).limit(limit))

    async def due_refund_checks(
        self, now: datetime, buckets: range, limit: int
    ) -> Sequence[Refund]:
        table = tables.refunds.c
        query = select(*_REFUND.selected).where(
            *_due(table.next_check_at, table.bucket, now, buckets),
            table.status == RefundStatus.PENDING,
        )
        query = query.order_by(table.next_check_at).limit(limit)
        return _REFUND.records(await self._database.rows(query))

    async def overdue(self, now: datetime, buckets: range, limit: int) -> Sequence[UpiState]:
        payments, upi = tables.payments.c, tables.upi_transactions.c
        # One whose rail is being asked already is the poller's.
        waits = and_(
            payments.stage.in_((Stage.ACTION_REQUIRED, Stage.SUBMITTED)),
            upi.next_check_at.is_(None),
        )
        query = _states().where(
            payments.status == Status.PENDING,
            *_due(payments.expires_at, payments.bucket, now, buckets),
            or_(payments.stage == Stage.IN_REVIEW, waits),
        )
        return await self._read_states(query.order_by(payments.expires_at).limit(limit))

    async def _read_states(self, query: Query) -> list[UpiState]:
        rows = await self._database.rows(query)
        return [UpiState(*records) for records in _STATE.records(rows)]

    async def _find_states(self, ids: Sequence[str]) -> Mapping[str, UpiState]:
        found = await self._read_states(_states().where(tables.payments.c.id.in_(ids)))
        return {state.payment.id: state for state in found}

    async def _find_refunds(self, ids: Sequence[str]) -> Mapping[str, Refund]:
        query = select(*_REFUND.selected).where(tables.refunds.c.id.in_(ids))
        records: list[Refund] = _REFUND.records(await self._database.rows(query))
        return {refund.id: refund for refund in records}

    async def _find_keys(self, keys: Sequence[_Key]) -> Mapping[_Key, IdempotencyRecord]:
        table = tables.idempotency_keys.c
        named = [
            and_(
                table.merchant_id == merchant_id,
                table.livemode == int(livemode),
                table.idempotency_key.in_(texts),
            )
            for (merchant_id, livemode), texts in _by_merchant(keys).items()
        ]
        query = select(*_IDEMPOTENCY.selected).where(or_(*named))
        records: list[IdempotencyRecord] = _IDEMPOTENCY.records(await self._database.rows(query))
        return {
            (record.merchant_id, record.livemode, record.idempotency_key): record
            for record in records
        }


def _states() -> Query:
    payments, upi = tables.payments, tables.upi_transactions
    assessments = tables.fraud_assessments
    return select(*_STATE.selected).select_from(
        payments.join(upi, upi.c.payment_id == payments.c.id).outerjoin(
            assessments, assessments.c.payment_id == payments.c.id
        )
    )


def _due(
    at: ColumnElement[Any], bucket: ColumnElement[Any], now: datetime, buckets: range
) -> tuple[ColumnElement[bool], ...]:
    return (at <= moment(now), bucket >= buckets.start, bucket < buckets.stop)


def _by_merchant(keys: Sequence[_Key]) -> dict[tuple[str, bool], list[str]]:
    grouped: dict[tuple[str, bool], list[str]] = {}
    for merchant_id, livemode, text in keys:
        grouped.setdefault((merchant_id, livemode), []).append(text)
    return grouped
