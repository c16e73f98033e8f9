"""The bank's client: posts the outcome of a transaction to the gateway until it is taken."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping

import aiohttp

from sikka_sim.clock import Clock
from sikka_sim.money import rupees
from sikka_sim.rail.engine import Telling, Timing
from sikka_sim.rail.legs import Decision
from sikka_sim.rail.record import Message, Record
from sikka_sim.sponsor.signing import signed_headers

_FOREIGN_SECRET = "the secret of nobody"  # noqa: S105 - made up to be wrong


def response_code(decision: Decision) -> str:
    """The one code of an outcome: 92 in process, 00, RB, the party's code, else the switch's."""
    if decision.status == "PENDING":
        return "92"
    if decision.status == "SUCCESS":
        return "00"
    if decision.status == "DEEMED":
        return "RB"
    if decision.payer_code in ("", "00", "21"):
        return decision.payee_code or decision.error_code
    return decision.error_code if decision.payer_code == "X1" else decision.payer_code


class SponsorCallbacks:
    """Tells outcomes to the gateway.

    Args:
        session: the HTTP client.
        bank: the bank's name in the callback's path.
        secrets: the merchants' secrets.
        names: the merchant's own id of a transaction, by UPI transaction id.
        clock, timing: pauses between attempts.
        record: what was sent.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        bank: str,
        secrets: Mapping[str, str],
        names: Mapping[str, str],
        clock: Clock,
        timing: Timing,
        record: Record,
    ) -> None:
        self.gateway_url: str | None = None
        self._session = session
        self._bank = bank
        self._secrets = secrets
        self._names = names
        self._clock = clock
        self._timing = timing
        self._record = record

    async def tell(self, telling: Telling, copies: int = 1) -> None:
        """Post an outcome, ``copies`` times at once."""
        transaction = telling.transaction
        secret = _FOREIGN_SECRET if telling.foreign_key else self._secrets[transaction.owner]
        body = self._write(telling)
        sent = await asyncio.gather(
            *(self._post(transaction.id, secret, body) for _ in range(copies))
        )
        transaction.answers.extend(("callback", taken) for taken in sent)
        self._record.notify()

    def _write(self, telling: Telling) -> bytes:
        transaction, decision = telling.transaction, telling.decision
        decided_at = transaction.decided_at or self._clock.now()
        return json.dumps(
            {
                "merchantId": transaction.owner,
                "merchantTranId": self._names[transaction.id],
                "BankRRN": transaction.rrn,
                "upiTxnId": transaction.id,
                "type": transaction.kind,
                "txnStatus": decision.status,
                "response": response_code(decision),
                "payerVa": transaction.payer.address,
                "payeeVa": telling.payee_address,
                "payerName": transaction.payer.name,
                "payerAmount": rupees(telling.settled_minor),
                "txnInitDate": transaction.created_at.isoformat(timespec="seconds"),
                "txnCompletionDate": decided_at.isoformat(timespec="seconds"),
            }
        ).encode()

    async def _post(self, transaction_id: str, secret: str, body: bytes) -> bool:
        for attempt in range(self._timing.attempts_max):
            if attempt:
                await self._clock.sleep(self._timing.retry_s * 2 ** (attempt - 1))
            outcome = await self._attempt(secret, body)
            message = Message(
                at=self._clock.timestamp(),
                direction="out",
                api="callback",
                transaction_id=transaction_id,
                message_id="",
                outcome=outcome,
                body=body.decode(),
            )
            self._record.note(message)
            if outcome == "ack":
                return True
        return False

    async def _attempt(self, secret: str, body: bytes) -> str:
        if self.gateway_url is None:
            return "no ack"
        url = f"{self.gateway_url}/callbacks/sponsor/{self._bank}"
        try:
            async with self._session.post(
                url, data=body, headers=signed_headers(secret, body)
            ) as response:
                await response.read()
                return "ack" if response.ok else f"refused {response.status}"
        except (aiohttp.ClientError, TimeoutError):
            return "no ack"
