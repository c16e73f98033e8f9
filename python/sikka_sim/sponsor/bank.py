"""The sponsor bank: its operations on the rail, and the web application that serves them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urlencode

import aiohttp
from aiohttp import web

from sikka_sim.clock import Clock
from sikka_sim.money import paise, rupees
from sikka_sim.npci.apps import LinkRefused, read_link
from sikka_sim.rail.control import Control, bad_request, json_body
from sikka_sim.rail.engine import Engine, Timing
from sikka_sim.rail.ids import Ids
from sikka_sim.rail.legs import Banks, Decision
from sikka_sim.rail.record import Record
from sikka_sim.rail.tasks import Tasks
from sikka_sim.rail.transaction import Kind, Party, Transaction, customer
from sikka_sim.scripts import script_of
from sikka_sim.sponsor.callback import SponsorCallbacks, response_code
from sikka_sim.sponsor.fields import REQUIRED, FieldRefused, read_fields
from sikka_sim.sponsor.signing import NotSigned, verify

BODY_BYTES_MAX = 64 * 1024
_COLLECT_MINUTES = 30
_CATEGORY_CODE = "5411"

Fields = Mapping[str, str]
Answer = dict[str, object]


class CallRefused(Exception):
    """A call that is not taken; it has no effect.

    Attributes:
        response: the façade's code.
        status: the HTTP status.
    """

    def __init__(self, response: str, message: str, status: int = 200) -> None:
        super().__init__(message)
        self.response = response
        self.status = status


@dataclass(frozen=True, slots=True)
class SponsorConfig:
    """How the bank behaves.

    Attributes:
        seed: identifiers follow from it.
        timing: how long things take.
        bank: its name in the callback's path.
        secrets: the merchants and their secrets.
    """

    seed: int
    timing: Timing
    bank: str
    secrets: Mapping[str, str]


class SponsorBank:
    """The façade.

    Args:
        config: how it behaves.
        clock: its time.
        session: its HTTP client.
    """

    def __init__(self, config: SponsorConfig, clock: Clock, session: aiohttp.ClientSession) -> None:
        self._config = config
        self._clock = clock
        self._ids = Ids(config.seed, "SPB")
        self._by_merchant: dict[tuple[str, str], str] = {}
        self._names: dict[str, str] = {}
        self._links: dict[str, Transaction] = {}
        self.record = Record()
        self.tasks = Tasks()
        self.callbacks = SponsorCallbacks(
            session,
            config.bank,
            config.secrets,
            self._names,
            clock,
            config.timing,
            self.record,
        )
        banks = Banks(clock, config.timing.bank_s)
        self.engine = Engine(
            self.record, banks, clock, config.timing, self._ids, self.tasks, self.callbacks
        )
        self._operations: dict[str, Callable[[Fields], tuple[Answer, Transaction | None]]] = {
            "collect": self._collect,
            "status": self._status,
            "refund": self._refund,
            "vpa": self._vpa,
            "intent": self._intent,
        }

    def application(self) -> web.Application:
        """The web application: the façade and the control interface."""
        app = web.Application(client_max_size=BODY_BYTES_MAX)
        app.router.add_post("/api/v1/{merchant}/{operation}", self._handle)
        app.router.add_post("/sim/apps/pay", self._pay_link)
        Control(self.record, self.engine).add_routes(app)
        return app

    async def _handle(self, request: web.Request) -> web.Response:
        operation = request.match_info["operation"]
        if operation not in REQUIRED:
            return web.Response(status=404, text="no such operation")
        body = await request.read()
        try:
            fields = self._authenticate(request, operation, body)
            answer, begun = self._operations[operation](fields)
        except CallRefused as error:
            refused = {"success": False, "response": error.response, "message": str(error)}
            return web.json_response(refused, status=error.status)
        if begun is None:
            return web.json_response(answer)
        return await self._begin(request, begun, answer)

    def _authenticate(self, request: web.Request, operation: str, body: bytes) -> Fields:
        merchant = request.match_info["merchant"]
        secret = self._config.secrets.get(merchant)
        if secret is None:
            raise CallRefused("8010", "the merchant is unknown", 401)
        timestamp = request.headers.get("X-Timestamp", "")
        signature = request.headers.get("X-Signature", "")
        try:
            verify(secret, timestamp, signature, body)
        except NotSigned as error:
            raise CallRefused("8010", str(error), 401) from error
        try:
            fields = read_fields(operation, body)
        except FieldRefused as error:
            raise CallRefused("8000", str(error), 400) from error
        if fields["merchantId"] != merchant:
            raise CallRefused("8000", "merchantId is not the path's", 400)
        return fields

    async def _begin(
        self, request: web.Request, transaction: Transaction, answer: Answer
    ) -> web.Response:
        """Start a collect or refund and answer in the manner of the customer's script."""
        if transaction.kind == "REFUND":
            self.tasks.spawn(self.engine.refund(transaction))
            return web.json_response(answer)
        manner, timing = transaction.script.ack, self._config.timing
        task = self.tasks.spawn(self.engine.pay(transaction))
        if manner == "after_answer":
            await task
        if manner == "slow":
            await self._clock.sleep(timing.slow_s)
        if manner == "hang":
            await self._clock.sleep(timing.hang_s)
        if manner in ("hang", "drop"):
            if request.transport is not None:
                request.transport.close()
            return web.Response(status=500)
        if manner == "garbage":
            return web.Response(text="<html><body>OK</body>", content_type="text/html")
        return web.json_response(answer)

    def _collect(self, fields: Fields) -> tuple[Answer, Transaction]:
        if script_of(fields["payerVa"]).ack == "refuse":
            raise CallRefused("U90", "the customer's bank responds too slowly")
        minutes = float(_COLLECT_MINUTES)
        if "collectByDate" in fields:
            until = datetime.fromisoformat(fields["collectByDate"]) - self._clock.now()
            minutes = until.total_seconds() / 60
            if minutes <= 0:
                raise CallRefused("8000", "collectByDate has passed", 400)
        transaction = self._new(fields, "COLLECT", customer(fields["payerVa"]), fields["amount"])
        transaction.expires_after_minutes = minutes
        return self._shown(transaction), transaction

    def _status(self, fields: Fields) -> tuple[Answer, None]:
        transaction = self._find(fields, "merchantTranId")
        transaction.checks += 1
        return self._shown(transaction), None

    def _refund(self, fields: Fields) -> tuple[Answer, Transaction]:
        original = self._find(fields, "originalmerchantTranId")
        if fields.get("originalBankRRN", original.rrn) != original.rrn:
            raise CallRefused("5006", "originalBankRRN is not that of the original")
        amount_minor = paise(fields["refundAmount"])
        left = original.amount_minor - original.refunded_minor
        if original.status != "SUCCESS" or original.kind == "REFUND" or amount_minor > left:
            raise CallRefused("5007", "the original has not succeeded, or less is left")
        transaction = self._new(fields, "REFUND", original.payer, fields["refundAmount"])
        transaction.original_id = original.id
        return self._shown(transaction), transaction

    def _vpa(self, fields: Fields) -> tuple[Answer, None]:
        refusal = script_of(fields["payerVa"]).refusal
        if refusal is not None and refusal[1] == "ZH":
            raise CallRefused("ZH", "no such virtual address")
        name = customer(fields["payerVa"]).name
        answer: Answer = {"success": True, "response": "00", "message": "found"}
        return {**answer, "customerName": name}, None

    def _intent(self, fields: Fields) -> tuple[Answer, None]:
        transaction = self._new(fields, "PAY", customer("nobody@simbank"), fields["amount"])
        query = {
            "pa": transaction.payee.address,
            "pn": transaction.payee.name,
            "mc": _CATEGORY_CODE,
            "tid": transaction.id,
            "tr": fields["merchantTranId"],
            "tn": fields["note"],
            "am": fields["amount"],
            "cu": "INR",
            "mode": "04",
        }
        link = f"upi://pay?{urlencode(query, quote_via=quote, safe='@')}"
        self._links[transaction.id] = transaction
        return {**self._shown(transaction), "link": link, "refId": fields["merchantTranId"]}, None

    async def _pay_link(self, request: web.Request) -> web.Response:
        wanted = await json_body(request)
        link, address = wanted.get("link"), wanted.get("vpa")
        if not isinstance(link, str) or not isinstance(address, str):
            raise bad_request("link and vpa must be text")
        try:
            transaction_id = read_link(link).transaction_id
        except LinkRefused as error:
            raise bad_request(str(error)) from error
        transaction = self._links.pop(transaction_id or "", None)
        if transaction is None:
            raise bad_request("no such link, or it was paid already")
        transaction.payer, transaction.script = customer(address), script_of(address)
        self.tasks.spawn(self.engine.pay(transaction))
        return web.json_response(transaction.as_json())

    def _new(self, fields: Fields, kind: Kind, person: Party, amount: str) -> Transaction:
        key = (fields["merchantId"], fields["merchantTranId"])
        if key in self._by_merchant:
            raise CallRefused("5003", "merchantTranId is a duplicate")
        now = self._clock.now()
        merchant = Party(f"{key[0].lower()}@{self._config.bank}", key[0], "ENTITY", _CATEGORY_CODE)
        refund = kind == "REFUND"
        transaction = Transaction(
            id=self._ids.message_id(*key),
            kind=kind,
            owner=key[0],
            request_id="",
            amount_minor=paise(amount),
            payer=merchant if refund else person,
            payee=person if refund else merchant,
            rrn=self._ids.rrn(now),
            script=script_of(person.address),
            created_at=now,
            note=fields["note"],
            reference=key[1],
        )
        self._by_merchant[key] = transaction.id
        self._names[transaction.id] = key[1]
        self.record.add(transaction)
        return transaction

    def _find(self, fields: Fields, name: str) -> Transaction:
        transaction_id = self._by_merchant.get((fields["merchantId"], fields[name]))
        if transaction_id is None:
            raise CallRefused("5006", "no such transaction")
        return self.record[transaction_id]

    def _shown(self, transaction: Transaction) -> Answer:
        decision = Decision(
            transaction.status,
            transaction.error_code,
            transaction.payer_code,
            transaction.payee_code,
        )
        return {
            "success": True,
            "response": response_code(decision),
            "message": "in process" if transaction.status == "PENDING" else transaction.status,
            "merchantId": transaction.owner,
            "merchantTranId": self._names[transaction.id],
            "BankRRN": transaction.rrn,
            "upiTxnId": transaction.id,
            "status": transaction.status,
            "amount": rupees(transaction.amount_minor),
        }
