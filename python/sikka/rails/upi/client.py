"""The rail to the UPI switch: builds, signs and posts messages, and says what is certain."""

from __future__ import annotations

import ssl
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sikka.domain.errors import RailUnavailable
from sikka.domain.merchant import Merchant
from sikka.domain.outcome import Outcome, OutcomeKind
from sikka.domain.payment import Payment, UpiTransaction
from sikka.domain.refund import Refund
from sikka.ports import Observer, Replies, VpaHolder
from sikka.rails.transport import NotSent, Transport, Unknown
from sikka.rails.upi import codes, messages, readings, verdicts
from sikka.rails.upi.config import NpciConfig
from sikka.rails.upi.keys import KeyStore
from sikka.rails.upi.link import payment_link
from sikka.rails.upi.readings import AckReading, Result
from sikka.rails.upi.waiting import AwaitedReplies
from sikka_core import (
    MalformedError,
    XmlNode,
    id_of_upi_transaction,
    new_message_id,
    parse_ack,
    sign_message,
    upi_transaction_id,
)

_HEADERS = {"Content-Type": "application/xml"}
_SERVER_ERROR = 500
_SUCCESSES = range(200, 300)

# What an address validation may say that is about the address and not about the network.
_ABOUT_THE_ADDRESS = frozenset({"invalid_vpa", "vpa_not_permitted"})

Sent = AckReading | NotSent | Unknown


class NpciRail:
    """`ports.UpiRail` at the switch. `open` before use, `close` after.

    Args:
        config: the way there.
        keys: ours and theirs; may be reloaded at any time.
        replies: where an answer to `validate` waits when another process receives it.
        observe: hears `rail.sent`, `rail.acknowledged`, `rail.refused`, `rail.ambiguous`.
        tls: a context for mutual TLS, see `transport.mutual_tls`.
    """

    def __init__(
        self,
        config: NpciConfig,
        keys: KeyStore,
        replies: Replies,
        observe: Observer,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.name = config.name
        self.config = config
        self.keys = keys
        self.awaited = AwaitedReplies(replies, config.reply_poll_s)
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

    def new_msg_id(self) -> str:
        """A message id of ours."""
        return new_message_id(self.config.psp_prefix)

    async def collect(
        self, payment: Payment, upi: UpiTransaction, merchant: Merchant, now: datetime
    ) -> Outcome:
        msg_id = self.new_msg_id()
        tree = messages.collect(self.config, msg_id, payment, upi, merchant, now)
        return self._of_pay(await self.send("ReqPay", upi.npci_txn_id, msg_id, tree), msg_id)

    def link(self, payment: Payment, upi: UpiTransaction, merchant: Merchant) -> str:
        signing_key = self.keys.signing_key if self.config.sign_links else None
        return payment_link(payment, upi, merchant, self.config.org_id, signing_key)

    async def refund(
        self,
        refund: Refund,
        payment: Payment,  # noqa: ARG002 - the port's; another rail may want it
        upi: UpiTransaction,
        merchant: Merchant,
        now: datetime,
    ) -> Outcome:
        msg_id = self.new_msg_id()
        tree = messages.refund(self.config, msg_id, refund, upi, merchant, now)
        return self._of_pay(await self.send("ReqPay", refund.npci_txn_id, msg_id, tree), msg_id)

    async def check(
        self,
        transaction_id: str,
        *,
        original_at: datetime,
        rrn: str | None,
        refund: bool,
        now: datetime,
    ) -> Outcome:
        msg_id, check_id = self.new_msg_id(), self.new_msg_id()
        tree = messages.check(
            self.config, msg_id, check_id, transaction_id, original_at, rrn, refund=refund, now=now
        )
        sent = await self.send("ReqChkTxn", check_id, msg_id, tree)
        # A question that never left says as little of the original as one that got lost.
        if isinstance(sent, NotSent | Unknown):
            return Outcome(OutcomeKind.AMBIGUOUS, message=sent.reason)
        return verdicts.of_check_ack(sent)

    async def validate(self, vpa: str, merchant: Merchant, now: datetime) -> VpaHolder:
        msg_id, validation_id = self.new_msg_id(), self.new_msg_id()
        tree = messages.validate_address(self.config, msg_id, validation_id, vpa, merchant, now)
        self.awaited.expect(msg_id)
        try:
            sent = await self.send("ReqValAdd", validation_id, msg_id, tree)
            if isinstance(sent, NotSent | Unknown):
                raise RailUnavailable(message=f"the address was not validated: {sent.reason}")
            if sent.code:
                return _without_holder(vpa, sent.code)
            reply = await self.awaited.wait(msg_id, self.config.reply_timeout_s)
        finally:
            self.awaited.forget(msg_id)
        if reply is None:
            raise RailUnavailable(message="the address was not validated: no answer in time")
        if reply["result"] == Result.SUCCESS:
            return VpaHolder(vpa, valid=True, name=reply["name"], response_code=codes.APPROVED)
        return _without_holder(vpa, reply["error_code"])

    async def heartbeat(self, now: datetime) -> None:
        """Ask the switch whether it is there.

        Raises:
            RailUnavailable: it did not acknowledge.
        """
        msg_id, heartbeat_id = self.new_msg_id(), self.new_msg_id()
        tree = messages.heartbeat(self.config, msg_id, heartbeat_id, now)
        sent = await self.send("ReqHbt", heartbeat_id, msg_id, tree)
        if isinstance(sent, NotSent | Unknown):
            raise RailUnavailable(message=f"no heartbeat: {sent.reason}")
        if sent.code:
            raise RailUnavailable(message=f"no heartbeat: refused with {sent.code}")

    async def send(
        self, api: str, transaction_id: str, msg_id: str, tree: Sequence[XmlNode]
    ) -> Sent:
        """Sign one message, post it, and read its Ack.

        Args:
            api: the root's name, which is the path's too.
            transaction_id: `Txn@id`.
            msg_id: `Head@msgId`, which the Ack must repeat.
            tree: the root's children.

        Returns:
            The Ack; or `NotSent`; or `Unknown` for everything in between, a wrong or unreadable
            Ack included.
        """
        config = self.config
        body = sign_message(self.keys.signing_key, api, tree)
        path = f"{config.path_prefix}/upi/{api}/{config.version}/urn:txnid:{transaction_id}"
        self._observe("rail.sent", rail=self.name, api=api, transaction_id=transaction_id)
        started_s = time.perf_counter()
        transmission = await self._transport.post(path, body, _HEADERS)
        if isinstance(transmission, NotSent | Unknown):
            sent: Sent = transmission
        else:
            sent = _read_ack(transmission.status, transmission.body, api, msg_id)
        self._tell(api, transaction_id, sent, time.perf_counter() - started_s)
        return sent

    def _tell(self, api: str, transaction_id: str, sent: Sent, duration_s: float) -> None:
        facts: dict[str, Any] = {
            "rail": self.name,
            "api": api,
            "transaction_id": transaction_id,
            "duration_s": duration_s,
        }
        match sent:
            case NotSent(reason):
                self._observe("rail.not_sent", **facts, reason=reason)
            case Unknown(reason):
                self._observe("rail.ambiguous", **facts, reason=reason)
            case AckReading(code=""):
                self._observe("rail.acknowledged", **facts)
            case AckReading(code=code):
                self._observe("rail.refused", **facts, code=code)

    def _of_pay(self, sent: Sent, msg_id: str) -> Outcome:
        match sent:
            case NotSent(reason):
                return Outcome(OutcomeKind.NOT_SENT, "rail_unavailable", message=reason)
            case Unknown(reason):
                return Outcome(OutcomeKind.AMBIGUOUS, message=reason, msg_id=msg_id)
            case AckReading():
                return verdicts.of_pay_ack(sent, msg_id)


def _read_ack(status: int, body: bytes, api: str, msg_id: str) -> Sent:
    """The Ack in an HTTP answer, if it is one and answers this message.

    An Ack beside a success, and a negative one beside a client error, say what they say. A server
    error leaves it open whether anything was taken, whatever stands in its body.
    """
    if status >= _SERVER_ERROR:
        return Unknown(f"HTTP {status}")
    try:
        ack = readings.ack(parse_ack(body))
    except MalformedError:
        return Unknown(f"HTTP {status} without an Ack")
    if ack.request_msg_id != msg_id or ack.api != api:
        return Unknown("the Ack of another message")
    if status not in _SUCCESSES and not ack.code:
        return Unknown(f"HTTP {status} with a positive Ack")
    return ack


def _without_holder(vpa: str, code: str) -> VpaHolder:
    if codes.failure_code(code) not in _ABOUT_THE_ADDRESS:
        raise RailUnavailable(message=f"the address was not validated: {code}")
    return VpaHolder(vpa, valid=False, name=None, response_code=code)
