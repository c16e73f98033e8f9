"""Reads assessed payments in the order in which they were made."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from sikka.domain.fraud.assessment import Decision
from sikka.domain.fraud.history import AssessedPayment
from sikka.domain.fraud.label import FraudLabel
from sikka.domain.payment import PaymentMethod, Status
from sikka.journal import tables
from sikka.journal.database import Database
from sikka.journal.fraud.labels import labels_by_payment
from sikka.journal.mapping import raw, rows_of
from sikka_core import new_id, time_ms_of_id

CHUNK_ROWS = 2_000

_PAYMENT = (
    "id", "merchant_id", "user_id", "amount", "currency", "payment_method", "status", "livemode",
    "created_at",
)  # fmt: skip
_ASSESSMENT = (
    "instrument", "device_fingerprint", "ip_address", "latitude_microdegrees",
    "longitude_microdegrees", "decision",
)  # fmt: skip
_PAYMENT_ROWS = rows_of(tables.payments, _PAYMENT)
_ASSESSMENT_ROWS = rows_of(tables.fraud_assessments, _ASSESSMENT)

# An id's prefix and the ten characters that hold its time.
_TIME_CHARACTERS = len("pay_") + 10


class SqlPaymentHistory:
    """Assessed payments, the earliest first.

    Args:
        database: where to read.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def chunks(
        self, since: datetime, until: datetime, *, rows: int = CHUNK_ROWS
    ) -> AsyncIterator[Sequence[AssessedPayment]]:
        """The payments made from `since` on and before `until`, some at a time.

        They come by their ids, hence by the millisecond in which they were made. What is
        committed while this reads may be missed.

        Args:
            since, until: aware times.
            rows: how many at a time.

        Raises:
            Unavailable: the database cannot be read.
        """
        after, before = first_id(since), first_id(until)
        while True:
            chunk = await self._chunk(after, before, rows)
            if not chunk:
                return
            yield chunk
            after = chunk[-1].payment_id

    async def latest(self, since: datetime, limit: int) -> Sequence[AssessedPayment]:
        """The latest payments made since then, at most `limit`, the earliest first."""
        query = (
            _joined()
            .where(tables.payments.c.id >= first_id(since))
            .order_by(tables.payments.c.id.desc())
            .limit(limit)
        )
        rows = await self._database.rows(query)
        return await self._labelled(rows[::-1])

    async def after(
        self, payment_id: str, until: datetime, limit: int
    ) -> Sequence[AssessedPayment]:
        """The next payments after an id (or what begins one) that were made before `until`."""
        return await self._chunk(payment_id, first_id(until), limit)

    async def of_user(
        self, merchant_id: str, user_id: str, until: datetime, limit: int
    ) -> Sequence[AssessedPayment]:
        """The latest payments of a merchant's customer made before `until`, earliest first."""
        payments = tables.payments.c
        query = (
            _joined()
            .where(
                payments.user_id == user_id,
                payments.merchant_id == merchant_id,
                payments.id < first_id(until),
            )
            .order_by(payments.id.desc())
            .limit(limit)
        )
        rows = await self._database.rows(query)
        return await self._labelled(rows[::-1])

    async def begins_at(self) -> datetime | None:
        """When the first payment of all was made; None when there is none."""
        query = select(tables.payments.c.id).order_by(tables.payments.c.id).limit(1)
        rows = await self._database.rows(query)
        if not rows:
            return None
        return datetime.fromtimestamp(time_ms_of_id(rows[0][0]) / 1_000, UTC)

    async def of(self, payment_ids: Collection[str]) -> Sequence[AssessedPayment]:
        """The payments of these ids, in the order of the ids; those without are left out."""
        if not payment_ids:
            return ()
        query = _joined().where(tables.payments.c.id.in_(sorted(payment_ids)))
        return await self._labelled(await self._database.rows(query.order_by(tables.payments.c.id)))

    async def _chunk(self, after: str, before: str, limit: int) -> Sequence[AssessedPayment]:
        id_ = tables.payments.c.id
        query = _joined().where(id_ > after, id_ < before).order_by(id_).limit(limit)
        return await self._labelled(await self._database.rows(query))

    async def _labelled(self, rows: Sequence[Sequence[Any]]) -> Sequence[AssessedPayment]:
        if not rows:
            return ()
        paid = _PAYMENT_ROWS.decode([tuple(row)[: len(_PAYMENT)] for row in rows])
        assessed = _ASSESSMENT_ROWS.decode([tuple(row)[len(_PAYMENT) :] for row in rows])
        labels = await labels_by_payment(self._database, [row[0] for row in paid])
        return [
            _record(payment, assessment, labels.get(payment[0], ()))
            for payment, assessment in zip(paid, assessed, strict=True)
        ]


def _joined() -> Any:
    payments, assessments = tables.payments, tables.fraud_assessments
    columns = [*raw(payments, _PAYMENT), *raw(assessments, _ASSESSMENT)]
    joined = payments.join(assessments, assessments.c.payment_id == payments.c.id)
    return select(*columns).select_from(joined)


def first_id(at: datetime) -> str:
    """What all ids from that moment on are at least."""
    return new_id("pay", 0, int(at.timestamp() * 1000))[:_TIME_CHARACTERS]


def _record(
    payment: Sequence[Any],
    assessment: Sequence[Any],
    labels: Sequence[FraudLabel],
) -> AssessedPayment:
    id_, merchant_id, user_id, amount, currency, method, status, livemode, created_at = payment
    instrument, device, ip, latitude, longitude, decision = assessment
    return AssessedPayment(
        payment_id=id_,
        merchant_id=merchant_id,
        user_id=user_id,
        amount_minor=amount,
        currency=currency,
        payment_method=PaymentMethod(method),
        status=Status(status),
        livemode=livemode,
        created_at=created_at,
        instrument=instrument,
        device_fingerprint=device,
        ip_address=ip,
        latitude_microdegrees=latitude,
        longitude_microdegrees=longitude,
        decision=Decision(decision),
        labels=labels,
    )
