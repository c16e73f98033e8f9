"""The customers' app: pays ``upi://pay`` links and scanned QR codes through the payer's PSP.

That PSP lives inside the switch; the payee's PSP is the gateway, which is asked by ReqAuthDetails
and told by ReqTxnConfirmation.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from lxml import etree

from sikka_sim.clock import Clock
from sikka_sim.money import paise
from sikka_sim.npci import grammar
from sikka_sim.npci.callback import Callbacks
from sikka_sim.npci.frontdoor import Accepted, Incoming, Refused
from sikka_sim.npci.parse import child
from sikka_sim.npci.participants import Participants
from sikka_sim.npci.parties import party_of
from sikka_sim.npci.validation import Violation
from sikka_sim.rail.engine import Engine, Timing
from sikka_sim.rail.ids import Ids
from sikka_sim.rail.legs import LEG_TIMEOUT_S, Decision
from sikka_sim.rail.record import Record
from sikka_sim.rail.tasks import Tasks
from sikka_sim.rail.transaction import FINAL, Party, Transaction, customer
from sikka_sim.scripts import script_of

_NEVER_PAYS = frozenset({"U19", "U29", "U20"})
"""Refusals that, on the payer's own phone, mean that no payment begins."""


class LinkRefused(Exception):
    """The app does not pay this link; the message says which parameter is wrong."""


@dataclass(frozen=True, slots=True)
class Link:
    """A ``upi://pay`` link, read.

    Attributes:
        payee_address, payee_name, category_code: ``pa``, ``pn``, ``mc``.
        transaction_id: ``tid``, which becomes ``Txn@id``.
        reference: ``tr``, which becomes ``Txn@refId``.
        note: ``tn``.
        amount_minor: ``am`` in paise; None when the payer chooses.
        mode: ``mode``, the initiation mode.
    """

    payee_address: str
    payee_name: str
    category_code: str
    transaction_id: str | None
    reference: str
    note: str
    amount_minor: int | None
    mode: str


def read_link(text: str) -> Link:
    """Read a link as an app does.

    Raises:
        LinkRefused: another scheme, a parameter twice, or one that is missing or out of its
            grammar.
    """
    parts = urlsplit(text)
    if parts.scheme != "upi" or parts.netloc != "pay":
        raise LinkRefused("the link must begin with upi://pay")
    try:
        given = parse_qs(parts.query, keep_blank_values=True, strict_parsing=True)
    except ValueError as error:
        raise LinkRefused("the link's query is malformed") from error
    for name, texts in given.items():
        if len(texts) != 1:
            raise LinkRefused(f"{name} is given more than once")
    values = {name: texts[0] for name, texts in given.items()}
    rules = (
        ("pa", grammar.vpa, True),
        ("pn", grammar.name, True),
        ("mc", grammar.category_code, False),
        ("tid", grammar.message_id, False),
        ("tr", grammar.reference, values.get("mc", "0000") != "0000"),
        ("tn", grammar.note, False),
        ("am", grammar.amount, False),
        ("cu", lambda value: value == "INR", False),
        ("mode", grammar.initiation_mode, False),
    )
    for name, predicate, required in rules:
        if (required or name in values) and not predicate(values.get(name, "")):
            raise LinkRefused(f"{name} is missing or does not follow its grammar")
    return Link(
        payee_address=values["pa"],
        payee_name=values["pn"],
        category_code=values.get("mc", "0000"),
        transaction_id=values.get("tid"),
        reference=values.get("tr", ""),
        note=values.get("tn", ""),
        amount_minor=paise(values["am"]) if "am" in values else None,
        mode=values.get("mode", "00"),
    )


class Apps:
    """Pays links, and waits for what the payee's PSP says.

    Args:
        engine: runs the legs.
        callbacks: asks and tells the payee's PSP; None means that nobody can be asked (U18).
        participants: which PSP serves a payee.
        record: the transactions.
        clock, timing: how long things take.
        ids: transaction ids and RRNs.
        tasks: background work.
    """

    def __init__(
        self,
        engine: Engine,
        callbacks: Callbacks | None,
        participants: Participants,
        record: Record,
        clock: Clock,
        timing: Timing,
        ids: Ids,
        tasks: Tasks,
    ) -> None:
        self._engine = engine
        self._callbacks = callbacks
        self._participants = participants
        self._record = record
        self._clock = clock
        self._timing = timing
        self._ids = ids
        self._tasks = tasks
        self._expected: dict[str, tuple[str, asyncio.Future[etree._Element]]] = {}

    def pay(
        self, link: str, address: str, amount: str | None = None, *, honour_tid: bool = True
    ) -> Transaction | None:
        """Scan or tap a link and pay.

        Args:
            link: ``upi://pay?...``.
            address: the customer's VPA; its script decides what follows.
            amount: rupees, for a link without ``am``.
            honour_tid: False for an app that makes its own transaction id; then only ``tr`` tells
                the payee which order it is.

        Returns:
            The transaction, which goes on in the background; None when the customer gives up before
            anything is sent.

        Raises:
            LinkRefused: the link is wrong, has no amount, or its ``tid`` was paid already.
        """
        read = read_link(link)
        script = script_of(address)
        if script.customer == "ignores" or (script.refusal or ("",))[0] in _NEVER_PAYS:
            return None
        if not grammar.vpa(address):
            raise LinkRefused("vpa does not follow its grammar")
        transaction = self._transaction(read, address, amount, honour_tid=honour_tid)
        self._record.add(transaction)
        self._tasks.spawn(self._run(transaction, read.mode))
        return transaction

    def authorised(self, incoming: Incoming) -> Accepted:
        """Take a RespAuthDetails.

        Raises:
            Refused: it answers nothing (U49), another transaction (U06), twice (U35), or late
                (U70).
        """
        resp = child(incoming.root, "Resp")
        transaction_id, waiting = self._expected.get(resp.get("reqMsgId", ""), ("", None))
        if waiting is None:
            raise Refused(Violation("U49", "Resp@reqMsgId is not present"))
        if transaction_id != incoming.txn["id"]:
            raise Refused(Violation("U06", "Txn@id is not that of the request"))
        if self._record[transaction_id].owner != incoming.organisation.org_id:
            raise Refused(Violation("U55", "another organisation was asked"))
        if waiting.cancelled():
            raise Refused(Violation("U70", "the response is late"))
        if waiting.done():
            raise Refused(Violation("U35", "the response was received already"))
        waiting.set_result(incoming.root)
        return Accepted()

    def _transaction(
        self, link: Link, address: str, amount: str | None, *, honour_tid: bool
    ) -> Transaction:
        amount_minor = link.amount_minor
        if amount_minor is None:
            if amount is None or not grammar.amount(amount):
                raise LinkRefused("am is missing, so an amount must be given")
            amount_minor = paise(amount)
        made = self._ids.message_id("app", link.reference, address)
        transaction_id = (link.transaction_id if honour_tid else None) or made
        if transaction_id in self._record:
            raise LinkRefused("tid was paid already (U01)")
        now = self._clock.now()
        organisation = self._participants.psp_of(link.payee_address)
        kind = "PERSON" if link.category_code == "0000" else "ENTITY"
        return Transaction(
            id=transaction_id,
            kind="PAY",
            owner=organisation.org_id if organisation else "",
            request_id="",
            amount_minor=amount_minor,
            payer=customer(address),
            payee=Party(link.payee_address, link.payee_name, kind, link.category_code),
            rrn=self._ids.rrn(now),
            script=script_of(address),
            created_at=now,
            note=link.note,
            reference=link.reference,
        )

    async def _run(self, transaction: Transaction, mode: str) -> None:
        script = transaction.script
        late = script.customer == "late"
        await self._clock.sleep(self._timing.late_s if late else self._timing.customer_s)
        refused, answered = await self._ask(transaction, mode)
        if transaction.status in FINAL or (script.customer == "never" and refused is None):
            return
        if refused is None and script.refusal is not None:
            refused = Decision("FAILURE", *script.refusal)
        if refused is not None:
            self._engine.decide(transaction, refused)
        else:
            await self._engine.settle(transaction)
        if answered:
            await self._engine.tell(transaction, script.delivery)

    async def _ask(self, transaction: Transaction, mode: str) -> tuple[Decision | None, bool]:
        """Ask the payee's PSP; returns why it fails, or None, and whether the PSP answered."""
        if not transaction.owner:
            return Decision("FAILURE", "U29", "", "ZH"), False
        if self._callbacks is None:
            return Decision("FAILURE", "U18", "", "UP"), False
        question = self._callbacks.write(
            "ReqAuthDetails",
            transaction.id,
            lambda writer: writer.auth_details(transaction, mode),
        )
        waiting: asyncio.Future[etree._Element] = asyncio.get_running_loop().create_future()
        self._expected[question.message_id] = (transaction.id, waiting)
        if not await self._callbacks.post(question) and not waiting.done():
            waiting.cancel()
            return Decision("FAILURE", "U18", "", "UP"), False
        try:
            answer = await self._clock.within(LEG_TIMEOUT_S, waiting, self._timing.consent_s)
        except TimeoutError:
            return Decision("FAILURE", "U09", "", "UP"), False
        return _judge(transaction, answer), True


def _judge(transaction: Transaction, answer: etree._Element) -> Decision | None:
    """Why the answer of the payee's PSP ends the payment, or None; takes over the account."""
    resp = child(answer, "Resp")
    if resp.get("result") == "FAILURE":
        code = resp.get("errCode", "")
        return Decision("FAILURE", "U29" if code == "ZH" else "U19", "", code)
    payer, payee = child(answer, "Payer"), child(answer, "Payees/Payee")
    for node, party, amount_code, address_code in (
        (payee, transaction.payee, "U57", "U59"),
        (payer, transaction.payer, "U58", "U60"),
    ):
        if node.get("addr", "").lower() != party.address.lower():
            return Decision("FAILURE", address_code, "", "XB")
        if paise(child(node, "Amount").get("value", "")) != transaction.amount_minor:
            return Decision("FAILURE", amount_code, "", "XB")
    transaction.payee = party_of(payee)
    return None
