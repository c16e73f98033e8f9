"""What the API and the console read: lists, newest first, and single objects by id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, or_, select

from sikka.domain.delivery import DELETED, WebhookAttempt, WebhookDelivery
from sikka.domain.fraud.assessment import FraudAssessment
from sikka.domain.fraud.label import FraudLabel
from sikka.domain.fraud.report import FraudReport
from sikka.domain.ledger import LedgerTransaction
from sikka.domain.merchant import ApiKey, Merchant, WebhookEndpoint
from sikka.domain.payment import Payment, PaymentMethod, Status, UpiTransaction
from sikka.domain.records import AuditRecord, Event, EventType
from sikka.domain.refund import Refund
from sikka.journal import tables
from sikka.journal.books import BookReader
from sikka.journal.database import Database
from sikka.journal.mapping import MAPPINGS
from sikka.journal.queries import moment, newest, one
from sikka.ports import AccountBalance, Page

_Record = TypeVar("_Record")


class SqlReader:
    """See `Reader`.

    Args:
        database: where to read.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._books = BookReader(database)

    async def payments(
        self,
        merchant_id: str,
        livemode: bool,
        page: Page,
        *,
        status: Status | None = None,
        method: PaymentMethod | None = None,
        created_gte: datetime | None = None,
        created_lte: datetime | None = None,
        user_id: str | None = None,
    ) -> Sequence[Payment]:
        table = tables.payments.c
        where = _of_merchant(table, merchant_id, livemode)
        if status is not None:
            where.append(table.status == status)
        if method is not None:
            where.append(table.payment_method == method)
        if created_gte is not None:
            where.append(table.created_at >= moment(created_gte))
        if created_lte is not None:
            where.append(table.created_at <= moment(created_lte))
        if user_id is not None:
            where.append(table.user_id == user_id)
        return await self._newest(Payment, page, *where)

    async def upi_of(self, payment_ids: Sequence[str]) -> Mapping[str, UpiTransaction]:
        return await self._by_payment(UpiTransaction, payment_ids)

    async def assessments_of(self, payment_ids: Sequence[str]) -> Mapping[str, FraudAssessment]:
        return await self._by_payment(FraudAssessment, payment_ids)

    async def refunds(
        self, merchant_id: str, livemode: bool, page: Page, *, payment_id: str | None = None
    ) -> Sequence[Refund]:
        table = tables.refunds.c
        where = _of_merchant(table, merchant_id, livemode)
        if payment_id is not None:
            where.append(table.payment_id == payment_id)
        return await self._newest(Refund, page, *where)

    async def fraud_labels(
        self, merchant_id: str, livemode: bool, page: Page, *, payment_id: str | None = None
    ) -> Sequence[FraudLabel]:
        table = tables.fraud_labels.c
        where = _of_merchant(table, merchant_id, livemode)
        if payment_id is not None:
            where.append(table.payment_id == payment_id)
        return await self._newest(FraudLabel, page, *where)

    async def fraud_reports(self, page: Page) -> Sequence[FraudReport]:
        return await newest(self._database, MAPPINGS[FraudReport], page, at="made_at")

    async def events(
        self,
        merchant_id: str,
        livemode: bool,
        page: Page,
        *,
        type: EventType | None = None,
        payment_id: str | None = None,
    ) -> Sequence[Event]:
        table = tables.outbox_events.c
        where = _of_merchant(table, merchant_id, livemode)
        if type is not None:
            where.append(table.type == type)
        if payment_id is not None:
            where.append(table.payment_id == payment_id)
        return await self._newest(Event, page, *where)

    async def event(self, event_id: str) -> Event | None:
        return await self._one(Event, event_id)

    async def deliveries(
        self, page: Page, *, event_id: str | None = None, endpoint_id: str | None = None
    ) -> Sequence[WebhookDelivery]:
        table = tables.webhook_deliveries.c
        where: list[ColumnElement[bool]] = []
        if event_id is not None:
            where.append(table.event_id == event_id)
        if endpoint_id is not None:
            where.append(table.endpoint_id == endpoint_id)
        if not where:
            raise ValueError("deliveries are listed by event, by endpoint or by both")
        return await self._newest(WebhookDelivery, page, *where)

    async def attempts(self, delivery_id: str) -> Sequence[WebhookAttempt]:
        where = tables.webhook_attempts.c.delivery_id == delivery_id
        mapping = MAPPINGS[WebhookAttempt]
        found = await newest(self._database, mapping, _EVERYTHING, where, at="attempt")
        return found[::-1]

    async def merchants(self, page: Page) -> Sequence[Merchant]:
        return await self._newest(Merchant, page)

    async def merchant(self, merchant_id: str) -> Merchant | None:
        return await self._one(Merchant, merchant_id)

    async def api_key_by_hash(self, secret_hash: str) -> ApiKey | None:
        where = tables.api_keys.c.secret_hash == secret_hash
        return await one(self._database, MAPPINGS[ApiKey], where)

    async def api_key(self, key_id: str) -> ApiKey | None:
        return await one(self._database, MAPPINGS[ApiKey], tables.api_keys.c.id == key_id)

    async def api_keys(self, merchant_id: str, page: Page) -> Sequence[ApiKey]:
        return await self._newest(ApiKey, page, tables.api_keys.c.merchant_id == merchant_id)

    async def endpoints(
        self, merchant_id: str, livemode: bool, page: Page
    ) -> Sequence[WebhookEndpoint]:
        table = tables.webhook_endpoints.c
        where = _of_merchant(table, merchant_id, livemode)
        where.append(or_(table.disabled_reason.is_(None), table.disabled_reason != DELETED))
        return await self._newest(WebhookEndpoint, page, *where)

    async def endpoint(self, endpoint_id: str) -> WebhookEndpoint | None:
        return await self._one(WebhookEndpoint, endpoint_id)

    async def ledger_accounts(
        self, owner: str | None, livemode: bool, page: Page
    ) -> Sequence[AccountBalance]:
        return await self._books.accounts(owner, livemode, page)

    async def ledger_transactions(
        self,
        livemode: bool,
        page: Page,
        *,
        owner: str | None = None,
        payment_id: str | None = None,
        account_id: str | None = None,
    ) -> Sequence[LedgerTransaction]:
        return await self._books.transactions(livemode, page, owner, payment_id, account_id)

    async def trial_balance(self, livemode: bool) -> Sequence[AccountBalance]:
        return await self._books.trial_balance(livemode)

    async def audit(
        self,
        page: Page,
        *,
        bucket: int | None = None,
        payment_id: str | None = None,
        merchant_id: str | None = None,
    ) -> Sequence[AuditRecord]:
        table = tables.audit_log.c
        named = [
            (column == value, at)
            for column, value, at in (
                (table.bucket, bucket, "sequence"),
                (table.payment_id, payment_id, "timestamp"),
                (table.merchant_id, merchant_id, "timestamp"),
            )
            if value is not None
        ]
        if len(named) != 1:
            raise ValueError("the audit trail is listed by bucket, by payment or by merchant")
        ((where, at),) = named
        return await newest(self._database, MAPPINGS[AuditRecord], page, where, at=at)

    async def _newest(
        self, kind: type[_Record], page: Page, *where: ColumnElement[bool]
    ) -> list[_Record]:
        return await newest(self._database, MAPPINGS[kind], page, *where)

    async def _one(self, kind: type[_Record], id: str) -> _Record | None:
        mapping = MAPPINGS[kind]
        return await one(self._database, mapping, mapping.table.c.id == id)

    async def _by_payment(
        self, kind: type[_Record], payment_ids: Sequence[str]
    ) -> dict[str, _Record]:
        mapping = MAPPINGS[kind]
        query = select(*mapping.selected).where(mapping.table.c.payment_id.in_(payment_ids))
        records = mapping.records(await self._database.rows(query))
        return {record.payment_id: record for record in records}


# What belongs to one payment or delivery is few by nature.
_EVERYTHING = Page(limit=10_000)


def _of_merchant(table: Any, merchant_id: str, livemode: bool) -> list[ColumnElement[bool]]:
    return [table.merchant_id == merchant_id, table.livemode == int(livemode)]
