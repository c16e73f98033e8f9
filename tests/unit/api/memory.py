"""A reader and store of everything the API reads, in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sikka.domain.change import Change
from sikka.domain.errors import Conflict, Duplicate
from sikka.domain.fraud.assessment import FraudAssessment
from sikka.domain.fraud.label import FraudLabel
from sikka.domain.fraud.policy import REVISION_ID, FraudRevision
from sikka.domain.fraud.report import FraudReport
from sikka.domain.ledger import LedgerTransaction
from sikka.domain.merchant import ApiKey, Merchant, WebhookEndpoint
from sikka.domain.payment import Payment, UpiTransaction
from sikka.domain.records import AuditRecord, Event, IdempotencyRecord
from sikka.domain.refund import Refund
from sikka.domain.review import QueueOrder, QueueState, Review, ReviewNote, ReviewStatus
from sikka.ports import AccountBalance, Page, QueueFilter, ReviewCase, UpiState


class Memory:
    """Journal, store and reader over dictionaries of records by class and id."""

    def __init__(self) -> None:
        self.rows: dict[type, dict[str, Any]] = {
            FraudRevision: {REVISION_ID: FraudRevision(REVISION_ID, 1)}
        }
        self.transactions: list[LedgerTransaction] = []
        self.failure: Exception | None = None
        self.changes: list[Change] = []
        self.key_look_ups = 0

    def add(self, *records: Any) -> None:
        for record in records:
            self.rows.setdefault(type(record), {})[record.id] = record

    def all(self, kind: type) -> list[Any]:
        return list(self.rows.get(kind, {}).values())

    def get(self, kind: type, id: str) -> Any:
        return self.rows.get(kind, {}).get(id)

    async def commit(self, change: Change) -> None:
        if self.failure is not None:
            raise self.failure
        for amend in change.amends:
            row = self.get(amend.kind, amend.id)
            if row is None or any(getattr(row, k) != v for k, v in amend.expect.items()):
                raise Conflict
        for record in change.inserts:
            self._refuse_duplicate(record)
        for amend in change.amends:
            self.add(replace(self.get(amend.kind, amend.id), **amend.values))
        self.add(*change.inserts)
        self.transactions += change.postings
        self.changes.append(change)

    def _refuse_duplicate(self, record: Any) -> None:
        if self.get(type(record), record.id) is not None:
            raise Duplicate
        if isinstance(record, IdempotencyRecord) and any(
            (each.merchant_id, each.livemode, each.idempotency_key)
            == (record.merchant_id, record.livemode, record.idempotency_key)
            for each in self.all(IdempotencyRecord)
        ):
            raise Duplicate

    # What the flows read.

    async def revision(self) -> int:
        return int(self.get(FraudRevision, REVISION_ID).revision)

    async def upi_state(self, payment_id: str) -> UpiState | None:
        payment = self.get(Payment, payment_id)
        if payment is None:
            return None
        upi = (await self.upi_of([payment_id]))[payment_id]
        return UpiState(payment, upi, (await self.assessments_of([payment_id])).get(payment_id))

    async def refund(self, refund_id: str) -> Refund | None:
        found: Refund | None = self.get(Refund, refund_id)
        return found

    async def refunds_of(self, payment_id: str) -> Sequence[Refund]:
        return [each for each in self.all(Refund) if each.payment_id == payment_id]

    async def assessment(self, payment_id: str) -> FraudAssessment | None:
        return (await self.assessments_of([payment_id])).get(payment_id)

    async def merchant(self, merchant_id: str) -> Merchant | None:
        found: Merchant | None = self.get(Merchant, merchant_id)
        return found

    async def idempotency(
        self, merchant_id: str, livemode: bool, key: str
    ) -> IdempotencyRecord | None:
        for each in self.all(IdempotencyRecord):
            if (each.merchant_id, each.livemode, each.idempotency_key) == (
                merchant_id,
                livemode,
                key,
            ):
                found: IdempotencyRecord = each
                return found
        return None

    async def due_payment_checks(
        self, now: datetime, buckets: range, limit: int
    ) -> Sequence[UpiState]:
        raise NotImplementedError

    async def due_refund_checks(
        self, now: datetime, buckets: range, limit: int
    ) -> Sequence[Refund]:
        raise NotImplementedError

    async def overdue(self, now: datetime, buckets: range, limit: int) -> Sequence[UpiState]:
        raise NotImplementedError

    # What those who review read.

    async def case(self, payment_id: str) -> ReviewCase | None:
        state, review = await self.upi_state(payment_id), self.get(Review, payment_id)
        return ReviewCase(state, review) if state and review else None

    async def notes(self, payment_ids: Sequence[str]) -> Mapping[str, Sequence[ReviewNote]]:
        return {
            id: [each for each in self.all(ReviewNote) if each.payment_id == id]
            for id in payment_ids
        }

    async def queue(
        self, merchant_id: str, livemode: bool, page: Page, wanted: QueueFilter
    ) -> Sequence[ReviewCase]:
        def is_wanted(review: Review) -> bool:
            claim = review.claim_at(wanted.now)
            if wanted.state is QueueState.MINE:
                return claim is not None and claim.by.is_same(wanted.reviewer)
            if wanted.state is QueueState.WAITING:
                return review.status is ReviewStatus.WAITING
            return review.state_at(wanted.now) == wanted.state

        rows = [
            each
            for each in self._page(Review, page, merchant_id=merchant_id, livemode=livemode)
            if is_wanted(each) and wanted.risk_level in (None, each.risk_level)
        ]
        if wanted.order is QueueOrder.DUE:
            rows.sort(key=lambda each: each.due_at)
        cases = [await self.case(each.id) for each in rows]
        return [case for case in cases if case]

    # What the API reads.

    def _page(self, kind: type, page: Page, **expect: Any) -> list[Any]:
        rows = [
            each
            for each in self.all(kind)
            if all(v is None or getattr(each, k) == v for k, v in expect.items())
        ]
        rows.sort(key=lambda each: each.id[4:], reverse=True)
        ids = [each.id for each in rows]
        if page.starting_after is not None:
            start = ids.index(page.starting_after) + 1 if page.starting_after in ids else len(ids)
            return rows[start : start + page.limit + 1]
        if page.ending_before is not None:
            end = ids.index(page.ending_before) if page.ending_before in ids else 0
            return rows[max(0, end - page.limit - 1) : end]
        return rows[: page.limit + 1]

    async def payments(
        self,
        merchant_id: str,
        livemode: bool,
        page: Page,
        *,
        status: Any = None,
        method: Any = None,
        created_gte: datetime | None = None,
        created_lte: datetime | None = None,
        user_id: str | None = None,
    ) -> Sequence[Payment]:
        rows = self._page(
            Payment,
            page,
            merchant_id=merchant_id,
            livemode=livemode,
            status=status,
            payment_method=method,
            user_id=user_id,
        )
        return [
            each
            for each in rows
            if (created_gte is None or each.created_at >= created_gte)
            and (created_lte is None or each.created_at <= created_lte)
        ]

    async def upi_of(self, payment_ids: Sequence[str]) -> Mapping[str, UpiTransaction]:
        return {
            each.payment_id: each
            for each in self.all(UpiTransaction)
            if each.payment_id in payment_ids
        }

    async def assessments_of(self, payment_ids: Sequence[str]) -> Mapping[str, FraudAssessment]:
        return {
            each.payment_id: each
            for each in self.all(FraudAssessment)
            if each.payment_id in payment_ids
        }

    async def refunds(
        self, merchant_id: str, livemode: bool, page: Page, *, payment_id: str | None = None
    ) -> Sequence[Refund]:
        return self._page(
            Refund, page, merchant_id=merchant_id, livemode=livemode, payment_id=payment_id
        )

    async def fraud_labels(
        self, merchant_id: str, livemode: bool, page: Page, *, payment_id: str | None = None
    ) -> Sequence[FraudLabel]:
        return self._page(
            FraudLabel, page, merchant_id=merchant_id, livemode=livemode, payment_id=payment_id
        )

    async def fraud_reports(self, page: Page) -> Sequence[FraudReport]:
        return self._page(FraudReport, page)

    async def events(
        self,
        merchant_id: str,
        livemode: bool,
        page: Page,
        *,
        type: Any = None,
        payment_id: str | None = None,
    ) -> Sequence[Event]:
        return self._page(
            Event,
            page,
            merchant_id=merchant_id,
            livemode=livemode,
            type=type,
            payment_id=payment_id,
        )

    async def event(self, event_id: str) -> Event | None:
        found: Event | None = self.get(Event, event_id)
        return found

    async def deliveries(
        self, page: Page, *, event_id: str | None = None, endpoint_id: str | None = None
    ) -> Sequence[Any]:
        return []

    async def attempts(self, delivery_id: str) -> Sequence[Any]:
        raise NotImplementedError

    async def merchants(self, page: Page) -> Sequence[Merchant]:
        return self._page(Merchant, page)

    async def api_key_by_hash(self, secret_hash: str) -> ApiKey | None:
        self.key_look_ups += 1
        for each in self.all(ApiKey):
            if each.secret_hash == secret_hash:
                found: ApiKey = each
                return found
        return None

    async def api_key(self, key_id: str) -> ApiKey | None:
        found: ApiKey | None = self.get(ApiKey, key_id)
        return found

    async def api_keys(self, merchant_id: str, page: Page) -> Sequence[ApiKey]:
        return self._page(ApiKey, page, merchant_id=merchant_id)

    async def endpoints(
        self, merchant_id: str, livemode: bool, page: Page
    ) -> Sequence[WebhookEndpoint]:
        return self._page(WebhookEndpoint, page, merchant_id=merchant_id, livemode=livemode)

    async def endpoint(self, endpoint_id: str) -> WebhookEndpoint | None:
        found: WebhookEndpoint | None = self.get(WebhookEndpoint, endpoint_id)
        return found

    async def ledger_accounts(
        self, owner: str | None, livemode: bool, page: Page
    ) -> Sequence[AccountBalance]:
        balances = [
            each
            for each in await self.trial_balance(livemode)
            if owner is None or each.account.owner == owner
        ]
        return balances[: page.limit + 1]

    async def ledger_transactions(
        self,
        livemode: bool,
        page: Page,
        *,
        owner: str | None = None,
        payment_id: str | None = None,
        account_id: str | None = None,
    ) -> Sequence[LedgerTransaction]:
        return [
            each
            for each in self.transactions
            if payment_id in (None, each.payment_id)
            and (owner is None or owner in {p.account.owner for p in each.postings})
            and (account_id is None or account_id in {p.account.id for p in each.postings})
        ][: page.limit + 1]

    async def trial_balance(self, livemode: bool) -> Sequence[AccountBalance]:
        sums: dict[Any, list[int]] = {}
        for transaction in self.transactions:
            for posting in transaction.postings:
                both = sums.setdefault(posting.account, [0, 0])
                both[posting.direction == "credit"] += posting.amount_minor
        return [AccountBalance(account, *both) for account, both in sums.items()]

    async def audit(
        self,
        page: Page,
        *,
        bucket: int | None = None,
        payment_id: str | None = None,
        merchant_id: str | None = None,
    ) -> Sequence[AuditRecord]:
        return self._page(
            AuditRecord, page, bucket=bucket, payment_id=payment_id, merchant_id=merchant_id
        )
