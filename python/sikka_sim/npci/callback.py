"""The switch's client: signs messages and posts them to the PSP until they are acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import aiohttp

from sikka_sim.clock import Clock
from sikka_sim.npci.faults import OUTCOMES, Faults, strikes
from sikka_sim.npci.messages import SWITCH_ORG_ID, Writer
from sikka_sim.npci.parse import Malformed, parse
from sikka_sim.npci.xml_text import NAMESPACE
from sikka_sim.npci.xmldsig import SigningKey
from sikka_sim.rail.engine import Telling, Timing
from sikka_sim.rail.ids import Ids
from sikka_sim.rail.record import Message, Record

FOREIGN_ORG_ID = "999999"
Compose = Callable[[Writer], str]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A signed message, ready to be posted.

    Attributes:
        api: its API.
        transaction_id: the id in its path.
        message_id: its ``Head@msgId``.
        body: the signed bytes.
    """

    api: str
    transaction_id: str
    message_id: str
    body: bytes


class Callbacks:
    """Sends the switch's messages to the gateway.

    Args:
        session: the HTTP client.
        key: the switch's key.
        foreign_key: the key of nobody, for wrong signatures.
        clock, timing: pauses between attempts.
        ids: message ids.
        record: what was sent.
        faults: what is wrong.
        seed: the world's seed, for faults by rate.
        version: ``Head@ver`` and the path's version.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        key: SigningKey,
        foreign_key: SigningKey,
        clock: Clock,
        timing: Timing,
        ids: Ids,
        record: Record,
        faults: Faults,
        seed: int,
        version: str,
    ) -> None:
        self.gateway_url: str | None = None
        self._session = session
        self._key = key
        self._foreign_key = foreign_key
        self._clock = clock
        self._timing = timing
        self._ids = ids
        self._record = record
        self._faults = faults
        self._seed = seed
        self._version = version
        self._held: list[asyncio.Future[None]] = []

    async def tell(self, telling: Telling, copies: int = 1) -> None:
        """Tell an outcome: RespPay to who asked, ReqTxnConfirmation for a payment by an app."""
        transaction = telling.transaction
        faults = self._faults
        if faults.callbacks == "discard" or self._strikes("lose_callback_rate", transaction.id):
            return
        await self._clock.sleep(faults.delay_callbacks_s)
        if faults.callbacks == "hold":
            await self._hold()
        copies += faults.duplicate_callbacks
        if self._strikes("duplicate_callback_rate", transaction.id):
            copies += 1
        api = "ReqTxnConfirmation" if transaction.kind == "PAY" else "RespPay"

        def compose(writer: Writer) -> str:
            if api == "RespPay":
                return writer.resp_pay(telling)
            return writer.txn_confirmation(telling)

        outgoing = self.write(api, transaction.id, compose, foreign_key=telling.foreign_key)
        sent = await asyncio.gather(*(self.post(outgoing) for _ in range(copies)))
        transaction.answers.extend((api, acknowledged) for acknowledged in sent)
        self._record.notify()

    def write(
        self, api: str, transaction_id: str, compose: Compose, *, foreign_key: bool = False
    ) -> Outgoing:
        """Compose and sign one message.

        Args:
            api: its API.
            transaction_id: what it is about.
            compose: writes it.
            foreign_key: sign it by the key of nobody.
        """
        outcome = api in OUTCOMES
        org_id = SWITCH_ORG_ID
        if outcome and self._faults.take("wrong_org_next"):
            org_id = FOREIGN_ORG_ID
        if outcome and self._faults.take("wrong_signature_next"):
            foreign_key = True
        message_id = self._ids.message_id(api, transaction_id)
        writer = Writer(self._version, self._clock.timestamp(), message_id, org_id)
        key = self._foreign_key if foreign_key else self._key
        return Outgoing(api, transaction_id, message_id, key.sign(compose(writer)))

    async def send(self, api: str, transaction_id: str, compose: Compose) -> bool:
        """Compose, sign and post one message; True when it was acknowledged."""
        return await self.post(self.write(api, transaction_id, compose))

    async def post(self, outgoing: Outgoing) -> bool:
        """Post the same bytes until there is an Ack, within the number of attempts.

        Returns:
            True for an Ack; False for a negative Ack, which ends it, or when nobody acknowledged.
        """
        for attempt in range(self._timing.attempts_max):
            if attempt:
                await self._clock.sleep(self._timing.retry_s * 2 ** (attempt - 1))
            outcome = await self._attempt(outgoing)
            self._note(outgoing, outcome)
            if outcome != "no ack":
                return outcome == "ack"
        return False

    def release(self) -> None:
        """Let held outcomes go, the last one held first."""
        held, self._held = self._held, []
        for waiting in reversed(held):
            if not waiting.done():
                waiting.set_result(None)

    async def _hold(self) -> None:
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._held.append(waiting)
        await waiting

    def _strikes(self, fault: str, transaction_id: str) -> bool:
        return strikes(getattr(self._faults, fault), self._seed, fault, transaction_id)

    async def _attempt(self, outgoing: Outgoing) -> str:
        """One POST: ``ack``, ``refused <code>`` or ``no ack``."""
        if self.gateway_url is None:
            return "no ack"
        path = f"/upi/{outgoing.api}/{self._version}/urn:txnid:{outgoing.transaction_id}"
        try:
            async with self._session.post(
                self.gateway_url + path,
                data=outgoing.body,
                headers={"Content-Type": "application/xml"},
            ) as response:
                answer = await response.read()
                return _read_ack(answer) if response.ok else "no ack"
        except (aiohttp.ClientError, TimeoutError):
            return "no ack"

    def _note(self, outgoing: Outgoing, outcome: str) -> None:
        self._record.note(
            Message(
                at=self._clock.timestamp(),
                direction="out",
                api=outgoing.api,
                transaction_id=outgoing.transaction_id,
                message_id=outgoing.message_id,
                outcome=outcome,
                body=outgoing.body.decode(),
            )
        )


def _read_ack(answer: bytes) -> str:
    try:
        root = parse(answer)
    except Malformed:
        return "no ack"
    if root.tag != f"{{{NAMESPACE}}}Ack":
        return "no ack"
    code = root.get("err") or root.findtext("errorMessages/errorCd") or ""
    return f"refused {code}" if code else "ack"
