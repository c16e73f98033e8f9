"""What is read to judge the models at work; every read is bounded."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select

from sikka.domain.fraud.assessment import Decision
from sikka.domain.fraud.label import FraudLabel
from sikka.domain.fraud.model import FraudModel, ModelState
from sikka.domain.fraud.monitored import Monitored
from sikka.domain.payment import Status
from sikka.journal import tables
from sikka.journal.database import Database, Query
from sikka.journal.fraud.labels import IDS_A_QUERY, labels_by_payment
from sikka.journal.mapping import MAPPINGS, raw, rows_of
from sikka.journal.queries import moment

_PAYMENT = ("id", "status", "created_at", "livemode")
_ASSESSMENT = (
    "processed_at", "model_version", "decision", "risk_score", "model_score_millionths",
    "challenger_version", "challenger_score_millionths", "features_stale", "shadow",
)  # fmt: skip
_FEATURES = ("features",)
_PAYMENT_ROWS = rows_of(tables.payments, _PAYMENT)
_ASSESSMENT_ROWS = rows_of(tables.fraud_assessments, (*_ASSESSMENT, *_FEATURES))
_MODEL = MAPPINGS[FraudModel]
_AT_WORK = (ModelState.CHAMPION, ModelState.CHALLENGER, ModelState.SHADOW)


class SqlMonitoringReads:
    """See `sikka.fraud.monitoring.monitor.Reads`.

    Args:
        database: where to read.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def assessed_between(
        self, begins_at: datetime, ends_at: datetime, limit: int, *, features: bool
    ) -> Sequence[Monitored]:
        at = tables.fraud_assessments.c.processed_at
        query = _joined(features=features).where(at >= moment(begins_at), at < moment(ends_at))
        return await self._records(query.order_by(at).limit(limit), features=features)

    async def labelled_since(self, at: datetime, limit: int) -> Sequence[Monitored]:
        labels = tables.fraud_labels.c
        latest = (
            select(labels.payment_id)
            .where(labels.created_at >= moment(at))
            .order_by(labels.created_at.desc(), labels.id.desc())
            .limit(limit)
        )
        ids = dict.fromkeys(row[0] for row in await self._database.rows(latest))
        return await self._of(list(ids), features=False)

    async def assessed(self, payment_ids: Collection[str]) -> Sequence[Monitored]:
        return await self._of(list(payment_ids), features=True)

    async def models(self, versions: Collection[str]) -> Sequence[FraudModel]:
        models = tables.fraud_models.c
        query = select(*_MODEL.selected).where(
            or_(models.state.in_(_AT_WORK), models.version.in_(sorted(versions)))
        )
        return _MODEL.records(await self._database.rows(query))

    async def reports(self, versions: Collection[str]) -> Mapping[str, str]:
        reports = tables.fraud_reports.c
        query = select(reports.model_version, reports.id).where(
            reports.model_version.in_(sorted(versions))
        )
        rows = await self._database.rows(query)
        return {row[0]: row[1] for row in rows}

    async def _of(self, payment_ids: Sequence[str], *, features: bool) -> Sequence[Monitored]:
        found: list[Monitored] = []
        for start in range(0, len(payment_ids), IDS_A_QUERY):
            ids = payment_ids[start : start + IDS_A_QUERY]
            query = _joined(features=features).where(tables.fraud_assessments.c.payment_id.in_(ids))
            found += await self._records(query, features=features)
        return found

    async def _records(self, query: Query, *, features: bool) -> Sequence[Monitored]:
        rows = [tuple(row) for row in await self._database.rows(query)]
        width = len(_PAYMENT)
        columns = _ASSESSMENT + (_FEATURES if features else ())
        paid = _PAYMENT_ROWS.decode([row[:width] for row in rows])
        assessed = _ASSESSMENT_ROWS.decode([row[width:] for row in rows], columns)
        labels = await labels_by_payment(self._database, [row[0] for row in paid])
        return [
            _record(payment, assessment, labels.get(payment[0], ()))
            for payment, assessment in zip(paid, assessed, strict=True)
        ]


def _joined(*, features: bool) -> Query:
    payments, assessments = tables.payments, tables.fraud_assessments
    columns = _ASSESSMENT + (_FEATURES if features else ())
    return select(*raw(payments, _PAYMENT), *raw(assessments, columns)).select_from(
        assessments.join(payments, payments.c.id == assessments.c.payment_id)
    )


def _record(
    payment: Sequence[Any], assessment: Sequence[Any], labels: Sequence[FraudLabel]
) -> Monitored:
    id, status, created_at, livemode = payment
    at, version, decision, risk, score, challenger, other, stale, shadow, *features = assessment
    return Monitored(
        payment_id=id,
        status=Status(status),
        created_at=created_at,
        livemode=livemode,
        assessed_at=at,
        model_version=version,
        decision=Decision(decision),
        risk_score_hundredths=risk,
        model_score_millionths=score,
        challenger_version=challenger,
        challenger_score_millionths=other,
        features_stale=stale,
        features=features[0] if features else {},
        shadow=shadow or (),
        labels=labels,
    )
