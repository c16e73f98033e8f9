"""Payments with their UPI side, and ports that remember, for the tests of the rails."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sikka.domain.errors import SikkaError
from sikka.domain.outcome import Outcome
from sikka.domain.payment import Flow, Payment, UpiTransaction
from sikka.domain.refund import Refund
from sikka.ports import Authorisation, AuthorisationRequest
from sikka_core import new_id, upi_transaction_id
from tests.unit.domain import records

PSP = "SKA"
AT = records.AT
merchant = records.merchant


def now() -> datetime:
    return datetime.now(UTC)


def payment(at: datetime = AT, **values: object) -> Payment:
    values = {"created_at": at, "updated_at": at, "expires_at": at + timedelta(minutes=10)} | values
    values.setdefault("id", new_id("pay", 7, int(at.timestamp() * 1000)))
    return records.payment(**values)


def upi(payment: Payment, payer_vpa: str = "asha@simbank", **values: object) -> UpiTransaction:
    fields: dict[str, object] = {
        "id": payment.id.replace("pay_", "upi_"),
        "bucket": payment.bucket,
        "payment_id": payment.id,
        "rail": "npci",
        "flow": payment.flow or Flow.COLLECT,
        "payer_vpa": payer_vpa,
        "payee_vpa": "teahouse@sikka",
        "npci_txn_id": upi_transaction_id(PSP, payment.id),
        "msg_id": None,
        "rrn": None,
        "bank_ref_id": None,
        "approval_code": None,
        "response_code": None,
        "status_message": None,
        "link": None,
        "outcome": None,
        "checks_made": 0,
        "next_check_at": None,
        "created_at": payment.created_at,
        "updated_at": payment.created_at,
    }
    return UpiTransaction(**{**fields, **values})  # type: ignore[arg-type]


def refund(payment: Payment, at: datetime = AT, **values: object) -> Refund:
    refund_id = new_id("rfd", payment.bucket, int(at.timestamp() * 1000))
    fields: dict[str, object] = {
        "id": refund_id,
        "payment_id": payment.id,
        "npci_txn_id": upi_transaction_id(PSP, refund_id),
        "created_at": at,
    }
    return records.refund(**{**fields, **values})


class FixedClock:
    """A clock that stands still unless it is moved."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


class RealClock:
    def now(self) -> datetime:
        return now()


class Heard:
    """An observer that remembers, and can be waited for."""

    def __init__(self) -> None:
        self.facts: list[tuple[str, dict[str, Any]]] = []
        self._changed = asyncio.Event()

    def __call__(self, what: str, /, **facts: Any) -> None:
        self.facts.append((what, facts))
        self._changed.set()

    def named(self, what: str) -> list[dict[str, Any]]:
        return [facts for name, facts in self.facts if name == what]

    async def until(self, holds: Callable[[], bool], timeout_s: float = 10.0) -> None:
        async with asyncio.timeout(timeout_s):
            while not holds():
                self._changed.clear()
                await self._changed.wait()


class MemoryReplies:
    """`ports.Replies` in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, Mapping[str, Any]] = {}
        self.failure: SikkaError | None = None

    async def leave(self, key: str, reply: Mapping[str, Any], until: datetime) -> None:
        assert until.tzinfo is not None
        if self.failure is not None:
            raise self.failure
        self.kept.setdefault(key, reply)

    async def take(self, key: str) -> Mapping[str, Any] | None:
        return self.kept.get(key)


class Listener:
    """`ports.RailListener` that remembers; raises `failure` instead when there is one."""

    def __init__(self) -> None:
        self.answers: list[tuple[str, str, Outcome]] = []
        self.requests: list[AuthorisationRequest] = []
        self.failure: Exception | None = None
        self.authorisation = Authorisation(False, "ZH", None)
        self._changed = asyncio.Event()

    async def answered(self, rail: str, transaction_id: str, outcome: Outcome) -> None:
        if self.failure is not None:
            raise self.failure
        self.answers.append((rail, transaction_id, outcome))
        self._changed.set()

    async def authorise(self, request: AuthorisationRequest) -> Authorisation:
        self.requests.append(request)
        if self.failure is not None:
            raise self.failure
        return self.authorisation

    async def until(self, count: int = 1, timeout_s: float = 10.0) -> Outcome:
        """Wait for so many answers and return the last."""
        async with asyncio.timeout(timeout_s):
            while len(self.answers) < count:
                self._changed.clear()
                await self._changed.wait()
        return self.answers[-1][2]
