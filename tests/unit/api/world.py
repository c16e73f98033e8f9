"""A small gateway in memory: every port of the API with the least that keeps its contract."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from aiohttp.test_utils import TestClient, TestServer

from sikka.api.app import build_app
from sikka.api.limits import TokenBuckets
from sikka.api.parts import ApiLimits, ApiParts
from sikka.domain import api_key
from sikka.domain.change import Change
from sikka.domain.errors import Conflict, Duplicate, NotFound, RailUnavailable
from sikka.domain.fraud import Decision, FraudAssessment, RiskLevel, RiskRequest
from sikka.domain.fraud_label import FraudLabel
from sikka.domain.fraud_policy import REVISION_ID, FraudRevision
from sikka.domain.fraud_report import FraudReport
from sikka.domain.ledger import LedgerTransaction
from sikka.domain.merchant import ApiKey, Merchant, Scope, WebhookEndpoint
from sikka.domain.outcome import Outcome, OutcomeKind
from sikka.domain.payment import Payment, UpiTransaction
from sikka.domain.records import AuditRecord, Event, IdempotencyRecord
from sikka.domain.refund import Refund
from sikka.domain.review import QueueOrder, QueueState, Review, ReviewNote, ReviewStatus
from sikka.domain.views import encode
from sikka.domain.webhook_views import DeletedEndpointView, EndpointView, ReplayView
from sikka.flows.parts import Answer, Caller, Parts, Policy
from sikka.ports import AccountBalance, Page, QueueFilter, ReviewCase, UpiState, VpaHolder
from sikka_core import new_id, upi_transaction_id
from tests.unit.api.models import MemoryModels
from tests.unit.domain.records import merchant as a_merchant

PEPPER = b"a pepper of the tests"
AT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


class Clock:
    """Time that moves a millisecond at every look, so that ids are in order."""

    def __init__(self) -> None:
        self._now = AT

    def now(self) -> datetime:
        self._now += timedelta(milliseconds=1)
        return self._now


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


class Fraud:
    """Decides as it is told."""

    def __init__(self) -> None:
        self.decision = Decision.APPROVE

    async def assess(self, request: RiskRequest) -> FraudAssessment:
        return FraudAssessment(
            id=new_id("frd", 1, 1),
            bucket=1,
            payment_id=request.payment_id,
            risk_score_hundredths=4,
            risk_level=RiskLevel.VERY_LOW,
            model_version="rules-1",
            features={"amount": request.amount_minor},
            violations=(),
            reasons=("none",),
            decision=self.decision,
            latency_us=9,
            features_stale=False,
            processed_at=request.at,
        )


class Rail:
    """Takes every request, and knows every address but those of `nobody`."""

    name = "npci"

    def __init__(self) -> None:
        self.outcome = Outcome(OutcomeKind.PENDING)
        self.reachable = True
        self.validated: list[str] = []

    def transaction_id(self, id: str) -> str:
        return upi_transaction_id("SKA", id)

    def payment_id(self, transaction_id: str, prefix: str) -> str:
        raise NotImplementedError

    async def collect(self, *_: Any) -> Outcome:
        return self.outcome

    def link(self, payment: Payment, upi: UpiTransaction, merchant: Merchant) -> str:
        return f"upi://pay?pa={merchant.payee_vpa}&tr={payment.id}&am=1299.00&cu=INR"

    async def refund(self, *_: Any) -> Outcome:
        return self.outcome

    async def check(self, *_: Any, **__: Any) -> Outcome:
        raise NotImplementedError

    async def validate(self, vpa: str, merchant: Merchant, now: datetime) -> VpaHolder:
        self.validated.append(vpa)
        if not self.reachable:
            raise RailUnavailable
        known = not vpa.startswith("nobody")
        return VpaHolder(vpa, known, "ASHA KUMARI" if known else None, "00" if known else "U16")


class Numbers:
    """RRNs, one after the other."""

    def __init__(self) -> None:
        self._count = count(1)

    async def next_rrn(self, at: datetime) -> str:
        return f"{next(self._count):012d}"


class Endpoints:
    """Answers calls about webhook endpoints and remembers them."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, dict[str, Any]]] = []

    def _answer(self, status: int, call: str, caller: Caller, **values: Any) -> Answer:
        self.calls.append((call, caller.merchant_id, values))
        view = EndpointView(
            object="webhook_endpoint",
            id=values.get("id", f"whe_{'0' * 26}"),
            url="https://shop.example/webhooks",
            event_types=("*",),
            description=None,
            enabled=True,
            disabled_reason=None,
            secret=None,
            previous_secret_until=None,
            livemode=caller.livemode,
            created_at=AT,
            updated_at=AT,
        )
        return Answer(status, encode(view))

    async def create(self, caller: Caller, **values: Any) -> Answer:
        return self._answer(201, "create", caller, **values)

    async def update(self, caller: Caller, endpoint_id: str, **values: Any) -> Answer:
        return self._answer(200, "update", caller, id=endpoint_id, **values)

    async def rotate_secret(self, caller: Caller, endpoint_id: str) -> Answer:
        return self._answer(200, "rotate_secret", caller, id=endpoint_id)

    async def delete(self, caller: Caller, endpoint_id: str) -> Answer:
        self.calls.append(("delete", caller.merchant_id, {"id": endpoint_id}))
        view = DeletedEndpointView(object="webhook_endpoint", id=endpoint_id, deleted=True)
        return Answer(200, encode(view))

    async def replay(self, caller: Caller, event_id: str, endpoint_id: str | None = None) -> Answer:
        self.calls.append(
            ("replay", caller.merchant_id, {"id": event_id, "endpoint_id": endpoint_id})
        )
        if endpoint_id is not None:
            raise NotFound
        return Answer(201, encode(ReplayView("event_replay", event_id, [])))


class Callbacks:
    """Remembers what the rails post."""

    def __init__(self) -> None:
        self.received: list[tuple[Any, ...]] = []

    async def receive(self, *what: Any) -> tuple[int, bytes]:
        self.received.append(what)
        return 200, b"<ack/>"


@dataclass
class World:
    """The gateway, its ports, and a client that talks to it."""

    memory: Memory = field(default_factory=Memory)
    clock: Clock = field(default_factory=Clock)
    fraud: Fraud = field(default_factory=Fraud)
    rail: Rail = field(default_factory=Rail)
    endpoints: Endpoints = field(default_factory=Endpoints)
    upi_callbacks: Callbacks = field(default_factory=Callbacks)
    sponsor_callbacks: Callbacks = field(default_factory=Callbacks)
    trials: Any = None
    limits: ApiLimits = field(default_factory=ApiLimits)
    rate_limiter: TokenBuckets = field(default_factory=lambda: TokenBuckets(1e6, 10**6))
    address_limiter: TokenBuckets = field(default_factory=lambda: TokenBuckets(1e6, 10**6))
    health_checks: dict[str, Any] = field(default_factory=dict)
    blocked: set[str] = field(default_factory=set)
    observed: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def parts(self) -> ApiParts:
        async def is_blocked(vpa: str) -> bool:
            return vpa in self.blocked

        def observe(what: str, /, **facts: Any) -> None:
            self.observed.append((what, facts))

        flows = Parts(
            clock=self.clock,
            journal=self.memory,
            store=self.memory,
            reviews=self.memory,
            fraud=self.fraud,
            rails={"npci": self.rail},
            numbers=Numbers(),
            policy=Policy(),
            observe=observe,
            fraud_policy=self.memory,
            fraud_models=MemoryModels(self.memory),
        )
        return ApiParts(
            flows=flows,
            reader=self.memory,
            key_pepper=PEPPER,
            rate_limiter=self.rate_limiter,
            address_limiter=self.address_limiter,
            upi_callbacks=self.upi_callbacks,
            sponsor_callbacks=self.sponsor_callbacks,
            webhook_endpoints=self.endpoints,
            rule_trials=self.trials,
            is_vpa_blocked=is_blocked,
            render_metrics=lambda: (b"up 1\n", "text/plain"),
            health_checks=self.health_checks,
            limits=self.limits,
        )

    def new_merchant(self, **values: Any) -> Merchant:
        now = self.clock.now()
        fresh = {
            "id": new_id("mer", 3, int(now.timestamp() * 1000)),
            "created_at": now,
            "updated_at": now,
        }
        merchant = a_merchant(**{**fresh, **values})
        self.memory.add(merchant)
        return merchant

    def new_key(
        self, merchant: Merchant, *scopes: Scope, livemode: bool = False
    ) -> tuple[ApiKey, str]:
        """A key and its secret."""
        secret = api_key.new_secret(livemode=livemode)
        now = self.clock.now()
        key = ApiKey(
            new_id("key", 3, int(now.timestamp() * 1000)),
            merchant.id,
            api_key.secret_hash(PEPPER, secret),
            api_key.hint_of(secret),
            scopes or (Scope.PAYMENTS, Scope.REFUNDS),
            livemode,
            now,
            None,
        )
        self.memory.add(key)
        return key, secret

    def headers(
        self, *scopes: Scope, merchant: Merchant | None = None, livemode: bool = False
    ) -> dict[str, str]:
        """Headers of a new key, of a new merchant unless one is given."""
        _, secret = self.new_key(merchant or self.new_merchant(), *scopes, livemode=livemode)
        return {"Authorization": f"Bearer {secret}"}

    @asynccontextmanager
    async def client(self) -> AsyncIterator[TestClient[Any, Any]]:
        async with TestClient(TestServer(build_app(self.parts()))) as client:
            yield client


_KEYS = count(1)


def keyed(headers: Mapping[str, str], key: str | None = None) -> dict[str, str]:
    """The headers with an Idempotency-Key, a new one unless given."""
    return {**headers, "Idempotency-Key": key or f"key-{next(_KEYS)}"}


def collect(**values: Any) -> dict[str, Any]:
    """The body of a collect payment."""
    body = {
        "amount": 129_900,
        "currency": "INR",
        "payment_method": "UPI",
        "user_id": "user_7",
        "upi": {"flow": "collect", "vpa": "asha@simbank"},
    }
    return {**body, **values}
