"""Past payments as their assessments saw them, for rules that are tried on them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select

from sikka.domain.fraud.assessment import Decision, Device, RiskRequest
from sikka.domain.fraud.rule_report import PastPayment, ReportRange
from sikka.domain.payment import PaymentMethod
from sikka.journal import tables
from sikka.journal.database import Database, Query
from sikka.journal.mapping import raw, rows_of
from sikka.journal.queries import moment
from sikka_core import new_id

# Between two chunks the event loop serves payments: what one takes is what they wait.
CHUNK_ROWS = 200

_PAYMENT = (
    "id", "merchant_id", "user_id", "amount", "currency", "payment_method", "livemode",
    "created_at",
)  # fmt: skip
_ASSESSMENT = (
    "instrument", "device_fingerprint", "ip_address", "latitude_microdegrees",
    "longitude_microdegrees", "features", "model_score_millionths", "shadow", "decision",
)  # fmt: skip
_LABEL = ("payment_id", "fraud")
_PAYMENT_ROWS = rows_of(tables.payments, _PAYMENT)
_ASSESSMENT_ROWS = rows_of(tables.fraud_assessments, _ASSESSMENT)
_LABEL_ROWS = rows_of(tables.fraud_labels, _LABEL)

# An id's prefix and the ten characters that hold its time.
_TIME_CHARACTERS = len("pay_") + 10


class SqlRuleHistory:
    """See `sikka.fraud.trials.RuleHistory`.

    Args:
        database: where to read.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def chunks(
        self, over: ReportRange, rows: int = CHUNK_ROWS
    ) -> AsyncGenerator[Sequence[PastPayment]]:
        left, last = over.rows_max, None
        while left > 0:
            query = _page(over, last).limit(min(rows, left))
            found = [tuple(row) for row in await self._database.rows(query)]
            if not found:
                return
            paid = list(_PAYMENT_ROWS.decode([row[: len(_PAYMENT)] for row in found]))
            assessed = _ASSESSMENT_ROWS.decode([row[len(_PAYMENT) :] for row in found])
            labels = await self._labels([payment[0] for payment in paid])
            yield [
                _past(payment, assessment, labels.get(payment[0]))
                for payment, assessment in zip(paid, assessed, strict=True)
            ]
            left -= len(found)
            last = paid[-1]

    async def _labels(self, payment_ids: Sequence[str]) -> Mapping[str, bool]:
        """Whether each payment was fraud, by what became known last."""
        labels = tables.fraud_labels
        query = (
            select(*raw(labels, _LABEL))
            .where(labels.c.payment_id.in_(payment_ids))
            .order_by(labels.c.payment_id, labels.c.known_at, labels.c.id)
        )
        rows = await self._database.rows(query)
        return dict(_LABEL_ROWS.decode([tuple(row) for row in rows]))


def _page(over: ReportRange, last: Sequence[Any] | None) -> Query:
    """What follows the last payment that was seen, the latest first."""
    payments, assessments = tables.payments, tables.fraud_assessments
    columns = [*raw(payments, _PAYMENT), *raw(assessments, _ASSESSMENT)]
    joined = payments.join(assessments, assessments.c.payment_id == payments.c.id)
    query = select(*columns).select_from(joined)
    query = query.where(payments.c.livemode == int(over.livemode))
    id_, at = payments.c.id, payments.c.created_at
    if over.merchant_id is None:
        # Ids sort by time, and the primary key serves where no index on the time alone does.
        query = query.where(id_ >= _first_id(over.since), id_ < _first_id(over.until))
        if last is not None:
            query = query.where(id_ < last[0])
        return query.order_by(id_.desc())
    before: ColumnElement[bool] = at < moment(over.until)
    if last is not None:
        seen_at = moment(last[-1])
        before = and_(at <= seen_at, or_(at < seen_at, id_ < last[0]))
    query = query.where(payments.c.merchant_id == over.merchant_id, at >= moment(over.since))
    return query.where(before).order_by(at.desc(), id_.desc())


def _first_id(at: datetime) -> str:
    """What all ids from that millisecond on are at least."""
    return new_id("pay", 0, max(0, int(at.timestamp() * 1000)))[:_TIME_CHARACTERS]


def _past(payment: Sequence[Any], assessment: Sequence[Any], fraud: bool | None) -> PastPayment:
    id_, merchant_id, user_id, amount_minor, currency, method, livemode, created_at = payment
    instrument, fingerprint, ip, latitude, longitude, features, score, shadow, decision = assessment
    request = RiskRequest(
        payment_id=id_,
        attempt=id_,
        merchant_id=merchant_id,
        user_id=user_id,
        instrument=instrument,
        amount_minor=amount_minor,
        currency=currency,
        device=Device(fingerprint, ip, _degrees(latitude), _degrees(longitude)),
        at=created_at,
        livemode=livemode,
        method=PaymentMethod(method),
    )
    return PastPayment(
        request=request,
        features=features,
        score=None if score is None else score / 1e6,
        shadow=shadow or (),
        decision=Decision(decision),
        fraud=fraud,
    )


def _degrees(micro: int | None) -> float | None:
    return None if micro is None else micro / 1e6
