"""What the switch does with each message of a PSP, once the front door has judged it."""

from __future__ import annotations

from collections.abc import Mapping

from lxml import etree

from sikka_sim.clock import Clock
from sikka_sim.money import paise
from sikka_sim.npci.apps import Apps
from sikka_sim.npci.callback import Callbacks
from sikka_sim.npci.frontdoor import Accepted, Handler, Incoming, Refused
from sikka_sim.npci.parse import child
from sikka_sim.npci.parties import party_of
from sikka_sim.npci.validation import Violation
from sikka_sim.rail.engine import Engine, Timing
from sikka_sim.rail.ids import Ids
from sikka_sim.rail.record import Record
from sikka_sim.rail.transaction import Transaction, customer
from sikka_sim.scripts import script_of

_EXPIRE_AFTER_MINUTES_DEFAULT = 30


class Requests:
    """The handlers of the front door.

    Args:
        engine: runs payments and refunds.
        apps: the customers' apps, which wait for RespAuthDetails.
        callbacks: sends answers; None answers nothing.
        record: the transactions.
        clock, timing: how long an answer takes.
        ids: RRNs of requests that bring none.
        checks_max: how many ReqChkTxn an original may get before U94; None for any number.
    """

    def __init__(
        self,
        engine: Engine,
        apps: Apps,
        callbacks: Callbacks | None,
        record: Record,
        clock: Clock,
        timing: Timing,
        ids: Ids,
        checks_max: int | None,
    ) -> None:
        self._engine = engine
        self._apps = apps
        self._callbacks = callbacks
        self._record = record
        self._clock = clock
        self._timing = timing
        self._ids = ids
        self._checks_max = checks_max

    def handlers(self) -> Mapping[str, Handler]:
        """The handler of each API."""
        return {
            "ReqPay": self._pay,
            "ReqChkTxn": self._check,
            "ReqValAdd": self._validate_address,
            "ReqHbt": self._heartbeat,
            "RespAuthDetails": self._apps.authorised,
            "RespTxnConfirmation": self._confirmed,
            "RespHbt": _alive,
        }

    def _pay(self, incoming: Incoming) -> Accepted:
        if incoming.txn["id"] in self._record:
            raise Refused(Violation("U01", "Txn@id is a duplicate"))
        transaction = self._transaction(incoming)
        if transaction.kind == "REFUND":
            self._record.add(transaction)
            return Accepted(self._engine.refund(transaction))
        manner = transaction.script.ack
        if manner == "refuse":
            raise Refused(Violation("U90", "the remitter's bank responds too slowly"))
        self._record.add(transaction)
        return Accepted(self._engine.pay(transaction), manner)

    def _transaction(self, incoming: Incoming) -> Transaction:
        payer_node = child(incoming.root, "Payer")
        payee_node = child(incoming.root, "Payees/Payee")
        refund = incoming.txn["type"] == "REFUND"
        payer = party_of(payer_node) if refund else customer(payer_node.get("addr", ""))
        payee = customer(payee_node.get("addr", "")) if refund else party_of(payee_node)
        now = self._clock.now()
        return Transaction(
            id=incoming.txn["id"],
            kind="REFUND" if refund else "COLLECT",
            owner=incoming.organisation.org_id,
            request_id=incoming.message_id,
            amount_minor=paise(child(payer_node, "Amount").get("value", "")),
            payer=payer,
            payee=payee,
            rrn=incoming.txn.get("custRef") or self._ids.rrn(now),
            script=script_of((payee if refund else payer).address),
            created_at=now,
            note=incoming.txn.get("note", ""),
            reference=incoming.txn.get("refId", ""),
            original_id=incoming.txn.get("orgTxnId"),
            expires_after_minutes=_expires_after(incoming.root),
        )

    def _check(self, incoming: Incoming) -> Accepted:
        original = self._record.get(incoming.txn["orgTxnId"])
        if original is not None and original.owner != incoming.organisation.org_id:
            original = None
        if original is not None:
            original.checks += 1
            if self._checks_max is not None and original.checks > self._checks_max:
                raise Refused(Violation("U94", "too many status checks of one transaction"))
        return Accepted(self._answer_check(incoming, original))

    async def _answer_check(self, incoming: Incoming, original: Transaction | None) -> None:
        await self._clock.sleep(self._timing.bank_s)
        if self._callbacks is not None:
            await self._callbacks.send(
                "RespChkTxn",
                incoming.txn["id"],
                lambda writer: writer.resp_chk_txn(incoming.txn, incoming.message_id, original),
            )

    def _validate_address(self, incoming: Incoming) -> Accepted:
        payee = child(incoming.root, "Payee")
        return Accepted(self._answer_address(incoming, payee.get("addr", "")))

    async def _answer_address(self, incoming: Incoming, address: str) -> None:
        await self._clock.sleep(self._timing.bank_s)
        if self._callbacks is not None:
            await self._callbacks.send(
                "RespValAdd",
                incoming.txn["id"],
                lambda writer: writer.resp_val_add(incoming.txn, incoming.message_id, address),
            )

    def _heartbeat(self, incoming: Incoming) -> Accepted:
        return Accepted(self._answer_heartbeat(incoming))

    async def _answer_heartbeat(self, incoming: Incoming) -> None:
        if self._callbacks is not None:
            await self._callbacks.send(
                "RespHbt",
                incoming.txn["id"],
                lambda writer: writer.resp_hbt(incoming.txn, incoming.message_id),
            )

    def _confirmed(self, incoming: Incoming) -> Accepted:
        transaction = self._record.get(incoming.txn.get("orgTxnId") or incoming.txn["id"])
        if transaction is None:
            raise Refused(Violation("U48", "the transaction id is not present"))
        transaction.confirmed = True
        return Accepted()


def _alive(_incoming: Incoming) -> Accepted:
    """RespHbt needs no more than its Ack."""
    return Accepted()


def _expires_after(root: etree._Element) -> int:
    for rule in root.iterfind("Txn/Rules/Rule"):
        if rule.get("name") == "EXPIREAFTER":
            return int(rule.get("value", ""))
    return _EXPIRE_AFTER_MINUTES_DEFAULT
