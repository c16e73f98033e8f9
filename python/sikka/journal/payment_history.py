"""Reads assessed payments in the order in which they were made."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from sikka.domain.fraud import Decision
from sikka.domain.fraud_history import AssessedPayment
from sikka.domain.payment import PaymentMethod
from sikka.journal import tables
from sikka.journal.database import Database
from sikka.journal.mapping import raw, rows_of
from sikka_core import new_id

CHUNK_ROWS = 2_000

_PAYMENT = (
    "id", "merchant_id", "user_id", "amount", "currency", "payment_method", "livemode",
    "created_at",
)  # fmt: skip
_ASSESSMENT = (
    "instrument", "device_fingerprint", "ip_address", "latitude_microdegrees",
    "longitude_microdegrees", "decision",
)  # fmt: skip
_LABEL = ("payment_id", "fraud", "known_at")
_PAYMENT_ROWS = rows_of(tables.payments, _PAYMENT)
_ASSESSMENT_ROWS = rows_of(tables.fraud_assessments, _ASSESSMENT)
_LABEL_ROWS = rows_of(tables.fraud_labels, _LABEL)

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
        after, before = _first_id(since), _first_id(until)
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
            .where(tables.payments.c.id >= _first_id(since))
            .order_by(tables.payments.c.id.desc())
            .limit(limit)
        )
        rows = await self._database.rows(query)
        return await self._labelled(rows[::-1])

    async def _chunk(self, after: str, before: str, limit: int) -> Sequence[AssessedPayment]:
        id_ = tables.payments.c.id
        query = _joined().where(id_ > after, id_ < before).order_by(id_).limit(limit)
        return await self._labelled(await self._database.rows(query))

    async def _labelled(self, rows: Sequence[Sequence[Any]]) -> Sequence[AssessedPayment]:
        if not rows:
            return ()
        paid = _PAYMENT_ROWS.decode([tuple(row)[: len(_PAYMENT)] for row in rows])
        assessed = _ASSESSMENT_ROWS.decode([tuple(row)[len(_PAYMENT) :] for row in rows])
        labels = await self._labels([row[0] for row in paid])
        return [
            _record(payment, assessment, labels.get(payment[0], (None, None)))
            for payment, assessment in zip(paid, assessed, strict=True)
        ]

    async def _labels(
        self, payment_ids: Sequence[str]
    ) -> dict[str, tuple[bool | None, datetime | None]]:
        """The label of each payment that became known last."""
        labels = tables.fraud_labels
        query = (
            select(*raw(labels, _LABEL))
            .where(labels.c.payment_id.in_(payment_ids))
            .order_by(labels.c.payment_id, labels.c.known_at, labels.c.id)
        )
        rows = await self._database.rows(query)
        return {
            payment_id: (fraud, known_at)
            for payment_id, fraud, known_at in _LABEL_ROWS.decode([tuple(row) for row in rows])
        }


def _joined() -> Any:
    payments, assessments = tables.payments, tables.fraud_assessments
    columns = [*raw(payments, _PAYMENT), *raw(assessments, _ASSESSMENT)]
    joined = payments.join(assessments, assessments.c.payment_id == payments.c.id)
    return select(*columns).select_from(joined)


def _first_id(at: datetime) -> str:
    """What all ids from that moment on are at least."""
    return new_id("pay", 0, int(at.timestamp() * 1000))[:_TIME_CHARACTERS]


def _record(
    payment: Sequence[Any],
    assessment: Sequence[Any],
    label: tuple[bool | None, datetime | None],
) -> AssessedPayment:
    id_, merchant_id, user_id, amount, currency, method, livemode, created_at = payment
    instrument, device, ip, latitude, longitude, decision = assessment
    fraud, known_at = label
    return AssessedPayment(
        payment_id=id_,
        merchant_id=merchant_id,
        user_id=user_id,
        amount_minor=amount,
        currency=currency,
        payment_method=PaymentMethod(method),
        livemode=livemode,
        created_at=created_at,
        instrument=instrument,
        device_fingerprint=device,
        ip_address=ip,
        latitude_microdegrees=latitude,
        longitude_microdegrees=longitude,
        decision=Decision(decision),
        fraud=fraud,
        known_at=known_at,
    )
