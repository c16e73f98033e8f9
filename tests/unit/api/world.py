"""A small gateway in memory: every port of the API with the least that keeps its contract."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from aiohttp.test_utils import TestClient, TestServer

from sikka.api.app import build_app
from sikka.api.limits import TokenBuckets
from sikka.api.parts import ApiLimits, ApiParts
from sikka.domain import api_key
from sikka.domain.errors import NotFound, RailUnavailable
from sikka.domain.fraud.assessment import Decision, FraudAssessment, RiskLevel, RiskRequest
from sikka.domain.merchant import ApiKey, Merchant, Scope
from sikka.domain.outcome import Outcome, OutcomeKind
from sikka.domain.payment import Payment, UpiTransaction
from sikka.domain.views import encode
from sikka.domain.webhook_views import DeletedEndpointView, EndpointView, ReplayView
from sikka.flows.parts import Answer, Caller, Parts, Policy
from sikka.ports import VpaHolder
from sikka_core import new_id, upi_transaction_id
from tests.unit.api.memory import Memory
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
