"""The flows on a real journal, with a clock that is told the time and a rail told what to say."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from sqlalchemy import delete

from sikka.domain.change import Change
from sikka.domain.fraud.assessment import Decision, Device, FraudAssessment, RiskLevel, RiskRequest
from sikka.domain.merchant import Merchant
from sikka.domain.outcome import Outcome, OutcomeKind
from sikka.domain.payment import Flow, Payment, UpiTransaction
from sikka.domain.records import Actor, AuditRecord
from sikka.domain.refund import Refund
from sikka.flows.fraud.ports import FraudPolicyStore
from sikka.flows.parts import Answer, Caller, IdempotencyClaim, Parts, Policy
from sikka.flows.pay_upi import UpiOrder, pay_upi
from sikka.flows.refund import RefundOrder, refund
from sikka.journal import tables
from sikka.journal.database import Database
from sikka.ports import (
    Journal,
    Page,
    PaymentStore,
    Reader,
    ReferenceNumbers,
    ReviewCase,
    Reviews,
    UpiState,
    VpaHolder,
)
from sikka_core import bucket_of_id, id_of_upi_transaction, new_id, upi_transaction_id
from tests.unit.domain.records import merchant as a_merchant

START = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
APPROVED = Outcome(OutcomeKind.APPROVED, response_code="00", rrn="632700000001")
PENDING = Outcome(OutcomeKind.PENDING, msg_id="SKA0")
AMBIGUOUS = Outcome(OutcomeKind.AMBIGUOUS, message="timeout")
NOT_SENT = Outcome(OutcomeKind.NOT_SENT)
NOT_FOUND = Outcome(OutcomeKind.NOT_FOUND, response_code="U48")
DEEMED = Outcome(OutcomeKind.DEEMED, response_code="RB")


def declined(code: str = "insufficient_funds", response_code: str = "Z9") -> Outcome:
    return Outcome(OutcomeKind.DECLINED, failure_code=code, response_code=response_code)


class TestClock:
    """Stands still until it is moved."""

    __test__ = False

    def __init__(self) -> None:
        self.at = START

    def now(self) -> datetime:
        return self.at

    def move(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass
class ScriptedRail:
    """Says what it is told to say, in order, and remembers what it was asked."""

    name: str = "npci"
    says: deque[Outcome] = field(default_factory=deque)
    sent: list[tuple[str, str]] = field(default_factory=list)
    payees: list[str] = field(default_factory=list)
    asked_about: set[datetime] = field(default_factory=set)
    before_answer: Callable[[], Any] | None = None

    def transaction_id(self, id: str) -> str:
        return upi_transaction_id("SKA", id)

    def payment_id(self, transaction_id: str, prefix: str) -> str:
        return id_of_upi_transaction(transaction_id, prefix)

    async def _said(self, what: str, transaction_id: str) -> Outcome:
        self.sent.append((what, transaction_id))
        if self.before_answer is not None:
            meanwhile, self.before_answer = self.before_answer, None
            await meanwhile()
        return self.says.popleft()

    async def collect(
        self, payment: Payment, upi: UpiTransaction, merchant: Merchant, now: datetime
    ) -> Outcome:
        self.payees.append(merchant.payee_vpa)
        return await self._said("collect", upi.npci_txn_id)

    def link(self, payment: Payment, upi: UpiTransaction, merchant: Merchant) -> str:
        return f"upi://pay?pa={merchant.payee_vpa}&tid={upi.npci_txn_id}"

    async def refund(
        self,
        refund: Refund,
        payment: Payment,
        upi: UpiTransaction,
        merchant: Merchant,
        now: datetime,
    ) -> Outcome:
        return await self._said("refund", refund.npci_txn_id)

    async def check(
        self,
        transaction_id: str,
        *,
        original_at: datetime,
        rrn: str | None,
        refund: bool,
        now: datetime,
    ) -> Outcome:
        self.asked_about.add(original_at)
        return await self._said("check", transaction_id)

    async def validate(self, vpa: str, merchant: Merchant, now: datetime) -> VpaHolder:
        return VpaHolder(vpa, True, "Asha", "00")


@dataclass
class ScriptedEngine:
    """Decides as it is told."""

    decision: Decision = Decision.APPROVE

    async def assess(self, request: RiskRequest) -> FraudAssessment:
        bucket = bucket_of_id(request.payment_id)
        return FraudAssessment(
            id=new_id("frd", bucket, int(request.at.timestamp() * 1000)),
            bucket=bucket,
            payment_id=request.payment_id,
            risk_score_hundredths=4,
            risk_level=RiskLevel.VERY_LOW,
            model_version="scripted",
            features={},
            violations=[],
            reasons=[],
            decision=self.decision,
            latency_us=1,
            features_stale=False,
            processed_at=request.at,
        )


class FlowWorld:
    """Parts on a real journal, and short words for what tests do again and again."""

    def __init__(
        self,
        database: Database,
        journal: Journal,
        store: PaymentStore,
        reviews: Reviews,
        numbers: ReferenceNumbers,
        reader: Reader,
        fraud_policy: FraudPolicyStore,
    ) -> None:
        self.clock = TestClock()
        self.rail = ScriptedRail()
        self.engine = ScriptedEngine()
        self.heard: list[str] = []
        self.database = database
        self.journal = journal
        self.store = store
        self.reader = reader
        self.merchant = a_merchant(id=new_id("mer", 7, 1_763_892_000_000))
        self.parts = Parts(
            clock=self.clock,
            journal=journal,
            store=store,
            reviews=reviews,
            fraud=self.engine,
            rails={"npci": self.rail},
            numbers=numbers,
            policy=Policy(),
            observe=lambda what, /, **facts: self.heard.append(what),
            fraud_policy=fraud_policy,
            fraud_models=cast("Any", None),
        )

    def beside(self, journal: Journal) -> FlowWorld:
        """The same house, clock and outside world, in another process: with its own journal."""
        other = copy(self)
        other.journal = journal
        other.parts = replace(self.parts, journal=journal)
        return other

    async def register(self) -> None:
        await self.journal.commit(Change(7, (self.merchant,)))

    def caller(self, key: str, body: str = "body") -> Caller:
        claim = IdempotencyClaim(key, "POST /v1/payments", body)
        return Caller(self.merchant.id, False, Actor("key_1"), claim, f"req_{key}")

    def order(self, flow: Flow = Flow.COLLECT, amount_minor: int = 129_900) -> UpiOrder:
        return UpiOrder(
            amount_minor=amount_minor,
            currency="INR",
            user_id="user_7",
            description="Order 1042",
            metadata={"order": "1042"},
            flow=flow,
            vpa="asha@simbank" if flow is Flow.COLLECT else None,
            device=Device(),
        )

    async def pay(
        self, key: str, *says: Outcome, flow: Flow = Flow.COLLECT, body: str = "body"
    ) -> Answer:
        self.rail.says.extend(says)
        return await pay_upi(self.parts, self.merchant, self.order(flow), self.caller(key, body))

    async def hold(self, key: str = "order-1", flow: Flow = Flow.COLLECT) -> str:
        """A payment that the engine holds; its id."""
        self.engine.decision = Decision.REVIEW
        return id_of(await self.pay(key, flow=flow))

    def analyst(self, payment_id: str, call: str, key: str) -> Caller:
        """Who calls about a review, as the API would have it."""
        caller = self.caller(key)
        return replace(
            caller, claim=replace(caller.claim, route=f"POST /v1/reviews/{payment_id}/{call}")
        )

    async def case(self, payment_id: str) -> ReviewCase:
        case = await self.parts.reviews.case(payment_id)
        assert case is not None
        return case

    async def trail(self, payment_id: str) -> list[AuditRecord]:
        """The audit trail of a payment, oldest first."""
        found = await self.reader.audit(Page(limit=100), payment_id=payment_id)
        return list(found)[::-1]

    async def forget_review(self, payment_id: str) -> None:
        """Leave a held payment without its review."""
        table = tables.reviews
        await self.database.execute(delete(table).where(table.c.payment_id == payment_id))

    async def give_back(
        self, payment_id: str, key: str, *says: Outcome, amount_minor: int | None = None
    ) -> Answer:
        self.rail.says.extend(says)
        caller = self.caller(key)
        claim = replace(caller.claim, route=f"POST /v1/payments/{payment_id}/refunds")
        order = RefundOrder(amount_minor, None, {})
        return await refund(self.parts, payment_id, order, replace(caller, claim=claim))

    async def stored_refund(self, refund_id: str) -> Refund:
        stored = await self.store.refund(refund_id)
        assert stored is not None
        return stored

    async def balances(self) -> dict[str, int]:
        """Debits less credits of each account that is not even."""
        return {
            str(each.account.chart): each.debits_minor - each.credits_minor
            for each in await self.reader.trial_balance(False)
            if each.debits_minor != each.credits_minor
        }

    async def state(self, payment_id: str) -> UpiState:
        state = await self.store.upi_state(payment_id)
        assert state is not None
        return state


def shown(answer: Answer) -> dict[str, Any]:
    """The JSON of an answer."""
    body: dict[str, Any] = json.loads(answer.body)
    return body


def id_of(answer: Answer) -> str:
    """The payment's id, of a payment or of an error about it."""
    body = shown(answer)
    return str(body["id"] if "id" in body else body["error"]["payment_id"])
