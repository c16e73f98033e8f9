"""The switch's front door: ``POST /upi/{api}/{version}/urn:txnid:{id}``, answered by an Ack.

Order of judgement: transport (404, 413, 415), well-formed XML and schema (U05), who it is (U52,
U17), the signature under that organisation's pinned key (U55), a repeated message (the same Ack
again), the path (U06), the validation codes, and then the business of the API.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from lxml import etree

from sikka_sim.clock import Clock
from sikka_sim.npci import schema
from sikka_sim.npci.faults import Faults, strikes
from sikka_sim.npci.parse import Malformed, child, parse
from sikka_sim.npci.participants import Organisation, Participants, UnknownOrganisation
from sikka_sim.npci.validation import Violation
from sikka_sim.npci.validation_plan import validate
from sikka_sim.npci.xml_text import ack
from sikka_sim.npci.xmldsig import SignatureRefused
from sikka_sim.rail.engine import Timing
from sikka_sim.rail.record import Message, Record
from sikka_sim.rail.tasks import Tasks
from sikka_sim.scripts import Ack

BODY_BYTES_MAX = 64 * 1024
VERSIONS = frozenset({"1.0", "2.0"})
_CONTENT_TYPES = frozenset({"application/xml", "text/xml"})


class Refused(Exception):
    """A message that is answered by a negative Ack and has no effect.

    Attributes:
        violations: every broken rule.
    """

    def __init__(self, *violations: Violation) -> None:
        super().__init__("; ".join(f"{code}: {detail}" for code, detail in violations))
        self.violations = violations


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message that was read, whose sender is known.

    Attributes:
        api: its API.
        organisation: the sender.
        message_id: ``Head@msgId``.
        root: the parsed message.
        txn: the attributes of ``Txn``.
    """

    api: str
    organisation: Organisation
    message_id: str
    root: etree._Element
    txn: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Accepted:
    """A message that the switch takes.

    Attributes:
        work: what follows, in the background.
        ack: the manner of the Ack.
    """

    work: Coroutine[Any, Any, None] | None = None
    ack: Ack = "prompt"


Handler = Callable[[Incoming], Accepted]


class FrontDoor:
    """Judges messages and acknowledges them.

    Args:
        handlers: what each API does; a handler raises `Refused` or returns `Accepted`.
        participants: who may come.
        record: the messages.
        clock, timing: manners of Acks.
        tasks: background work.
        faults: what is wrong.
        seed: for faults by rate.
        verify: whether signatures are checked; False only for load that measures something else.
        validate: whether schema and codes are checked; False as well, for a sender that is right.
    """

    def __init__(
        self,
        handlers: Mapping[str, Handler],
        participants: Participants,
        record: Record,
        clock: Clock,
        timing: Timing,
        tasks: Tasks,
        faults: Faults,
        seed: int,
        *,
        verify: bool,
        validate: bool,
    ) -> None:
        self._handlers = handlers
        self._participants = participants
        self._record = record
        self._clock = clock
        self._timing = timing
        self._tasks = tasks
        self._faults = faults
        self._seed = seed
        self._verify = verify
        self._validate = validate
        self._seen: dict[tuple[str, str], bytes] = {}

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one POST."""
        if self._faults.down:
            return _hang_up(request)
        if self._faults.unavailable:
            return web.Response(status=503, text="the switch is not available")
        api = request.match_info["api"]
        if api not in self._handlers or request.match_info["version"] not in VERSIONS:
            return web.Response(status=404, text="no such API or version")
        if request.content_type not in _CONTENT_TYPES:
            return web.Response(status=415, text="the content type must be application/xml")
        body = await request.read()
        transaction_id = request.match_info["id"]
        errors: tuple[Violation, ...] = ()
        accepted = Accepted()
        message_id = ""
        try:
            root = _read(body, api, validate=self._validate)
            message_id = _attribute(root, "Head", "msgId")
            accepted = self._judge(root, api, request.match_info["version"], transaction_id, body)
        except Refused as refused:
            errors = refused.violations
        outcome = f"refused {errors[0].code}" if errors else "ack"
        self._note(api, transaction_id, message_id, outcome, body)
        answer = ack(api, message_id, self._clock.timestamp(), errors)
        return await self._answer(request, accepted, answer, transaction_id)

    def _judge(
        self, root: etree._Element, api: str, version: str, transaction_id: str, body: bytes
    ) -> Accepted:
        organisation = self._identify(root)
        message_id = _attribute(root, "Head", "msgId")
        key, digest = (organisation.org_id, message_id), hashlib.sha256(body).digest()
        if key in self._seen:
            if self._seen[key] != digest:
                raise Refused(Violation("U36", "Head@msgId was used for another message"))
            return Accepted()
        txn = root.find("Txn")
        if txn is not None and txn.get("id") != transaction_id:
            raise Refused(Violation("U06", "the path's transaction id is not Txn@id"))
        if _attribute(root, "Head", "ver") != version:
            raise Refused(Violation("H02", "the path's version is not Head@ver"))
        if self._validate and (violations := validate(root, api, self._clock.now())):
            raise Refused(*violations)
        checked = child(root, "Txn")
        attributes = {str(name): str(value) for name, value in checked.attrib.items()}
        incoming = Incoming(api, organisation, message_id, root, attributes)
        accepted = self._handlers[api](incoming)
        self._seen[key] = digest
        return accepted

    def _identify(self, root: etree._Element) -> Organisation:
        try:
            organisation = self._participants.sender(_attribute(root, "Head", "orgId"))
        except UnknownOrganisation as error:
            raise Refused(Violation(error.code, str(error))) from error
        if self._verify:
            try:
                organisation.key.verify(root)
            except SignatureRefused as error:
                raise Refused(Violation("U55", str(error))) from error
        return organisation

    async def _answer(
        self, request: web.Request, accepted: Accepted, answer: str, transaction_id: str
    ) -> web.Response:
        manner = accepted.ack
        if accepted.work is not None:
            task = self._tasks.spawn(accepted.work)
            if manner == "after_answer":
                await task
        await self._clock.sleep(self._faults.delay_ack_s)
        if manner == "slow":
            await self._clock.sleep(self._timing.slow_s)
        if manner == "hang":
            await self._clock.sleep(self._timing.hang_s)
        rate = self._faults.drop_ack_rate
        dropped = strikes(rate, self._seed, "drop_ack_rate", transaction_id)
        if manner in ("hang", "drop") or dropped or self._faults.take("drop_ack_next"):
            return _hang_up(request)
        if manner == "garbage":
            return web.Response(text="<html><body>OK</body>", content_type="text/html")
        return web.Response(text=answer, content_type="application/xml")

    def _note(
        self, api: str, transaction_id: str, message_id: str, outcome: str, body: bytes
    ) -> None:
        self._record.note(
            Message(
                at=self._clock.timestamp(),
                direction="in",
                api=api,
                transaction_id=transaction_id,
                message_id=message_id,
                outcome=outcome,
                body=body.decode(errors="replace"),
            )
        )


def _read(body: bytes, api: str, *, validate: bool) -> etree._Element:
    try:
        root = parse(body)
        if validate:
            schema.check_structure(root, api)
    except (Malformed, schema.NotInSchema) as error:
        raise Refused(Violation("U05", str(error))) from error
    return root


def _attribute(root: etree._Element, name: str, attribute: str) -> str:
    node = root.find(name)
    return "" if node is None else node.get(attribute, "")


def _hang_up(request: web.Request) -> web.Response:
    """Close the connection; the response that aiohttp wants goes nowhere."""
    if request.transport is not None:
        request.transport.close()
    return web.Response(status=500)
