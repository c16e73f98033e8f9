"""The rail through a sponsor bank."""

from __future__ import annotations

import ssl
import time
from datetime import datetime
from typing import Any, Never

import msgspec

from sikka.domain.errors import RailUnavailable, UnprocessableRequest
from sikka.domain.merchant import Merchant
from sikka.domain.outcome import Outcome, OutcomeKind
from sikka.domain.payment import Payment, UpiTransaction
from sikka.domain.refund import Refund
from sikka.ports import Observer, VpaHolder
from sikka.rails.sponsor import answers
from sikka.rails.sponsor.answers import CallAnswer
from sikka.rails.sponsor.config import SponsorConfig
from sikka.rails.transport import NotSent, Transport, Unknown
from sikka.rails.upi import blocks, codes
from sikka_core import (
    MalformedError,
    hmac_sha256_hex,
    id_of_upi_transaction,
    upi_transaction_id,
)

_SUCCESSES = range(200, 300)
# With these the bank refuses what it has not looked at; any other status is not the façade's.
_REFUSED_UNSEEN = frozenset({400, 401})
_INVALID_ADDRESS = "invalid_vpa"

Called = CallAnswer | NotSent | Unknown


class SponsorRail:
    """`ports.UpiRail` through a bank. `open` before use, `close` after.

    Args:
        config: the way there.
        observe: hears `rail.sent`, `rail.acknowledged`, `rail.refused`, `rail.ambiguous`,
            `rail.not_sent`.
        tls: a context for mutual TLS, see `transport.mutual_tls`.
    """

    def __init__(
        self, config: SponsorConfig, observe: Observer, tls: ssl.SSLContext | None = None
    ) -> None:
        self.name = config.name
        self.config = config
        self._observe = observe
        self._transport = Transport(config.transport, tls)

    async def open(self) -> None:
        """Make the connection pool."""
        await self._transport.open()

    async def close(self) -> None:
        """Close the connection pool."""
        await self._transport.close()

    def transaction_id(self, id: str) -> str:
        return upi_transaction_id(self.config.psp_prefix, id)

    def payment_id(self, transaction_id: str, prefix: str) -> str:
        if not transaction_id.startswith(self.config.psp_prefix):
            raise MalformedError("the transaction id must begin with our PSP prefix")
        return id_of_upi_transaction(transaction_id, prefix)

    async def collect(
        self,
        payment: Payment,
        upi: UpiTransaction,
        merchant: Merchant,  # noqa: ARG002 - the bank knows its merchant
        now: datetime,
    ) -> Outcome:
        fields = {
            "merchantTranId": upi.npci_txn_id,
            "payerVa": upi.payer_vpa,
            "amount": blocks.rupees(payment.amount_minor, payment.currency),
            "note": blocks.note(payment.description, "Payment"),
        }
        if payment.expires_at is not None:
            fields["collectByDate"] = blocks.timestamp(payment.expires_at)
        called = await self._call("collect", upi.npci_txn_id, fields, now)
        return _of_order(called, upi.npci_txn_id)

    def link(
        self,
        payment: Payment,  # noqa: ARG002 - the port's
        upi: UpiTransaction,  # noqa: ARG002 - the port's
        merchant: Merchant,  # noqa: ARG002 - the port's
    ) -> Never:
        """Refuse: the bank makes its own links, which a payment would have to wait for."""
        raise UnprocessableRequest(
            "method_unavailable", f"{self.name} takes collect requests, and no links"
        )

    async def refund(
        self,
        refund: Refund,
        payment: Payment,  # noqa: ARG002 - the port's
        upi: UpiTransaction,
        merchant: Merchant,  # noqa: ARG002 - the bank knows its merchant
        now: datetime,
    ) -> Outcome:
        fields = {
            "merchantTranId": refund.npci_txn_id,
            "originalmerchantTranId": upi.npci_txn_id,
            "refundAmount": blocks.rupees(refund.amount_minor, refund.currency),
            "note": blocks.note(refund.reason, "Refund"),
            "onlineRefund": "Y",
        }
        called = await self._call("refund", refund.npci_txn_id, fields, now)
        return _of_order(called, refund.npci_txn_id)

    async def check(
        self,
        transaction_id: str,
        *,
        original_at: datetime,  # noqa: ARG002 - the bank asks for the id alone
        rrn: str | None,  # noqa: ARG002 - the bank asks for the id alone
        refund: bool,  # noqa: ARG002 - the bank asks for the id alone
        now: datetime,
    ) -> Outcome:
        fields = {"merchantTranId": transaction_id}
        called = await self._call("status", transaction_id, fields, now)
        # A question that never left says as little of the original as one that got lost.
        if isinstance(called, NotSent | Unknown):
            return Outcome(OutcomeKind.AMBIGUOUS, message=called.reason)
        return answers.of_check(called, transaction_id)

    async def validate(
        self,
        vpa: str,
        merchant: Merchant,  # noqa: ARG002 - the bank knows its merchant
        now: datetime,
    ) -> VpaHolder:
        called = await self._call("vpa", "", {"payerVa": vpa}, now)
        if isinstance(called, NotSent | Unknown):
            raise RailUnavailable(message=f"the address was not validated: {called.reason}")
        if called.success:
            return VpaHolder(vpa, True, called.customer_name, called.response)
        if codes.failure_code(called.response) != _INVALID_ADDRESS:
            raise RailUnavailable(message=f"the address was not validated: {called.response}")
        return VpaHolder(vpa, False, None, called.response)

    async def _call(
        self, operation: str, transaction_id: str, fields: dict[str, str], now: datetime
    ) -> Called:
        config = self.config
        body = msgspec.json.encode({"merchantId": config.merchant_id, **fields})
        timestamp = str(int(now.timestamp()))
        headers = {
            "Content-Type": "application/json",
            "X-Timestamp": timestamp,
            "X-Signature": hmac_sha256_hex(config.secret, timestamp.encode() + b"." + body),
        }
        facts: dict[str, Any] = {
            "rail": self.name,
            "api": operation,
            "transaction_id": transaction_id,
        }
        self._observe("rail.sent", **facts)
        path = f"/api/v1/{config.merchant_id}/{operation}"
        started_s = time.perf_counter()
        transmission = await self._transport.post(path, body, headers)
        facts["duration_s"] = time.perf_counter() - started_s
        if isinstance(transmission, NotSent):
            self._observe("rail.not_sent", **facts, reason=transmission.reason)
            return transmission
        if isinstance(transmission, Unknown):
            called: Called = transmission
        else:
            called = _read(transmission.status, transmission.body)
        match called:
            case Unknown(reason):
                self._observe("rail.ambiguous", **facts, reason=reason)
            case CallAnswer(success=True):
                self._observe("rail.acknowledged", **facts)
            case CallAnswer(response=code):
                self._observe("rail.refused", **facts, code=code)
        return called


def _read(status: int, body: bytes) -> CallAnswer | Unknown:
    if status not in _SUCCESSES and status not in _REFUSED_UNSEEN:
        return Unknown(f"HTTP {status}")
    try:
        answer = answers.read_answer(body)
    except msgspec.DecodeError:
        return Unknown(f"HTTP {status} without an answer")
    if answer.success and status not in _SUCCESSES:
        return Unknown(f"HTTP {status} with a success")
    return answer


def _of_order(called: Called, transaction_id: str) -> Outcome:
    match called:
        case NotSent(reason):
            return Outcome(OutcomeKind.NOT_SENT, "rail_unavailable", message=reason)
        case Unknown(reason):
            return Outcome(OutcomeKind.AMBIGUOUS, message=reason)
        case CallAnswer():
            return answers.of_order(called, transaction_id)
