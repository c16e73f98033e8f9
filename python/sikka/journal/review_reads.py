"""What people who review read: the queue of held payments, one of them, and what was noted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, not_, select

from sikka.domain.fraud.assessment import FraudAssessment
from sikka.domain.payment import Payment, UpiTransaction
from sikka.domain.review import QueueOrder, QueueState, Review, ReviewNote, ReviewStatus
from sikka.journal import tables
from sikka.journal.database import Database, Query
from sikka.journal.mapping import MAPPINGS
from sikka.journal.queries import Joined, moment, newest_first, page_cursor
from sikka.ports import Page, QueueFilter, ReviewCase, UpiState

_CASE = Joined(
    MAPPINGS[Review], MAPPINGS[Payment], MAPPINGS[UpiTransaction], MAPPINGS[FraudAssessment]
)
_NOTE = MAPPINGS[ReviewNote]
_WAITING = (QueueState.WAITING, QueueState.OPEN, QueueState.CLAIMED, QueueState.MINE)


class SqlReviews:
    """See `Reviews`.

    Args:
        database: where to read.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def case(self, payment_id: str) -> ReviewCase | None:
        cases = await self._cases(_cases().where(tables.reviews.c.payment_id == payment_id))
        return cases[0] if cases else None

    async def notes(self, payment_ids: Sequence[str]) -> Mapping[str, Sequence[ReviewNote]]:
        table = tables.review_notes.c
        query = (
            select(*_NOTE.selected)
            .where(table.payment_id.in_(payment_ids))
            .order_by(table.payment_id, table.created_at, table.id)
        )
        found: dict[str, list[ReviewNote]] = {}
        for note in _NOTE.records(await self._database.rows(query)):
            found.setdefault(note.payment_id, []).append(note)
        return found

    async def queue(
        self, merchant_id: str, livemode: bool, page: Page, wanted: QueueFilter
    ) -> Sequence[ReviewCase]:
        table = tables.reviews.c
        query = _cases().where(
            table.merchant_id == merchant_id,
            table.livemode == int(livemode),
            *_as_wanted(wanted),
        )
        at = table.due_at if wanted.order is QueueOrder.DUE else table.created_at
        cursor = await page_cursor(self._database, at, table.payment_id, page)
        if wanted.order is QueueOrder.NEWEST:
            query = newest_first(query, at, table.payment_id, page, cursor)
        else:
            query = _soonest_first(query, at, page, cursor)
        cases = await self._cases(query)
        return cases[::-1] if page.ending_before else cases

    async def _cases(self, query: Query) -> list[ReviewCase]:
        rows = await self._database.rows(query)
        return [
            ReviewCase(UpiState(payment, upi, assessment), review)
            for review, payment, upi, assessment in _CASE.records(rows)
        ]


def _cases() -> Query:
    reviews, payments = tables.reviews, tables.payments
    upi, assessments = tables.upi_transactions, tables.fraud_assessments
    return select(*_CASE.selected).select_from(
        reviews.join(payments, payments.c.id == reviews.c.payment_id)
        .join(upi, upi.c.payment_id == reviews.c.payment_id)
        .outerjoin(assessments, assessments.c.payment_id == reviews.c.payment_id)
    )


def _as_wanted(wanted: QueueFilter) -> list[ColumnElement[bool]]:
    table = tables.reviews.c
    waits = wanted.state in _WAITING
    where = [table.status == (ReviewStatus.WAITING if waits else wanted.state)]
    if wanted.risk_level is not None:
        where.append(table.risk_level == wanted.risk_level)
    # Of a claim all three columns are there or none; one that has run out counts as none.
    in_hand = and_(table.claimed_until.is_not(None), table.claimed_until > moment(wanted.now))
    if wanted.state is QueueState.OPEN:
        where.append(not_(in_hand))
    elif wanted.state is QueueState.CLAIMED:
        where.append(in_hand)
    elif wanted.state is QueueState.MINE:
        reviewer = wanted.reviewer
        if reviewer.name is None:
            where += [table.claim_reviewer.is_(None), table.claim_key_id == reviewer.key_id]
        else:
            where.append(table.claim_reviewer == reviewer.name)
        where.append(in_hand)
    return where


def _soonest_first(query: Query, at: ColumnElement[Any], page: Page, cursor: Any) -> Query:
    """What comes after an object in this order comes before it in the other."""
    id_ = tables.reviews.c.payment_id
    if page.starting_after is None and page.ending_before is None:
        return query.order_by(at.asc(), id_.asc()).limit(page.limit + 1)
    turned = Page(page.limit, starting_after=page.ending_before, ending_before=page.starting_after)
    return newest_first(query, at, id_, turned, cursor)
