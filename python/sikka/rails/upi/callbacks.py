"""What the switch posts to us: verified, read, applied, acknowledged, in that order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from datetime import timedelta
from typing import Any

from sikka.domain.errors import Conflict, IntegrityFailure, NotFound, SikkaError, Unavailable
from sikka.domain.outcome import Outcome
from sikka.ports import (
    Authorisation,
    AuthorisationRequest,
    Clock,
    Observer,
    RailListener,
)
from sikka.rails.transport import NotSent, Unknown
from sikka.rails.upi import readings, responses, verdicts
from sikka.rails.upi.blocks import CURRENCY
from sikka.rails.upi.client import NpciRail
from sikka.rails.upi.readings import AuthDetails
from sikka_core import MalformedError, Message, SignatureError, XmlNode, verify_message

BODY_BYTES_MAX = 64 * 1024
TRANSACTION_PREFIX = "urn:txnid:"

# How long a RespValAdd is kept for the process that asked.
_REPLY_KEPT = timedelta(seconds=60)

# NPCI's codes for what we refuse.
_FORMAT = "U05"
_TRANSACTION_MISMATCH = "U06"
_ILLEGAL_OPERATION = "U10"
_NOT_PRESENT = "U48"
_INTEGRITY = "U55"

# "Merchant error" of RespAuthDetails: we cannot say yes now, so nobody is debited.
_CANNOT_SAY = Authorisation(accepted=False, response_code="YG", merchant=None)

_log = logging.getLogger(__name__)


class _Refused(Exception):
    """A message that gets a negative Ack."""

    def __init__(self, status: int, code: str, detail: str, msg_id: str = "") -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.msg_id = msg_id


class UpiCallbacks:
    """Receives the switch's messages.

    Nothing is read from a message before its signature has held under a pinned key. A message is
    acknowledged after its effect is durable; a repeated one runs again, which the listener allows.

    Args:
        rail: whose keys verify, and through which responses are sent.
        listener: where outcomes and questions go.
        clock: the time.
        observe: hears `rail.verified`, `rail.rejected`, `rail.integrity_failure`,
            `rail.heartbeat`.
    """

    def __init__(
        self, rail: NpciRail, listener: RailListener, clock: Clock, observe: Observer
    ) -> None:
        self._rail = rail
        self._listener = listener
        self._clock = clock
        self._observe = observe
        self._tasks: set[asyncio.Task[None]] = set()
        self._handlers = {
            "RespPay": self._pay_result,
            "RespChkTxn": self._check_result,
            "RespValAdd": self._address_result,
            "RespHbt": self._heartbeat_answered,
            "ReqAuthDetails": self._auth_details,
            "ReqTxnConfirmation": self._confirmation,
            "ReqHbt": self._heartbeat,
        }

    async def receive(
        self, api: str, version: str, path_txn_id: str, body: bytes
    ) -> tuple[int, bytes]:
        """Take one POST to `/upi/{api}/{version}/urn:txnid:{path_txn_id}`.

        Args:
            api: the message's name, as the path has it.
            version: the path's version.
            path_txn_id: with or without `urn:txnid:`.
            body: the raw body.

        Returns:
            HTTP status and body. 200 with an Ack: verified, and applied or refused for what it
            says. 400 or 401 with a negative Ack: not verified. 503 without a body: nothing was
            written, and the switch should send it again.
        """
        now = self._clock.now()
        try:
            message, msg_id = self._verified(api, version, path_txn_id, body)
        except _Refused as refused:
            return self._refuse(api, refused)
        try:
            await self._handlers[api](message)
        except (MalformedError, NotFound) as error:
            unknown = isinstance(error, NotFound)
            code = _NOT_PRESENT if unknown else _FORMAT
            detail = "the transaction id is not present" if unknown else str(error)
            return self._refuse(api, _Refused(200, code, detail, msg_id))
        except (Conflict, Unavailable) as error:
            self._observe("rail.rejected", rail=self._rail.name, api=api, reason=error.code)
            return 503, b""
        return 200, responses.ack(api, msg_id, now)

    async def close(self) -> None:
        """Wait for the responses that are still on their way."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    def _verified(
        self, api: str, version: str, path_txn_id: str, body: bytes
    ) -> tuple[Message, str]:
        if api not in self._handlers or version not in self._rail.config.accepted_versions:
            raise _Refused(400, _ILLEGAL_OPERATION, "no such API or version")
        if len(body) > BODY_BYTES_MAX:
            raise _Refused(400, _FORMAT, f"a message has at most {BODY_BYTES_MAX} bytes")
        now_s = int(self._clock.now().timestamp())
        try:
            message = verify_message(body, self._rail.keys.ring, now_s)
        except SignatureError as error:
            raise _Refused(401, _INTEGRITY, str(error)) from error
        except MalformedError as error:
            raise _Refused(400, _FORMAT, str(error)) from error
        if message.org_id != self._rail.config.switch_org_id:
            # A member's key proves who wrote; only the switch's word moves money.
            raise _Refused(401, _INTEGRITY, "only the switch may write here")
        self._observe("rail.verified", rail=self._rail.name, api=api, org_id=message.org_id)
        try:
            msg_id = readings.msg_id_of(message)
            known = {readings.transaction_id_of(message)}
            if api == "RespChkTxn":
                known.add(readings.check_result(message).original_id)
        except MalformedError as error:
            raise _Refused(200, _FORMAT, str(error)) from error
        if message.root != api:
            raise _Refused(200, _FORMAT, f"the root must be {api}, as in the path", msg_id)
        if path_txn_id.removeprefix(TRANSACTION_PREFIX) not in known:
            raise _Refused(200, _TRANSACTION_MISMATCH, "Txn@id must be the path's", msg_id)
        return message, msg_id

    def _refuse(self, api: str, refused: _Refused) -> tuple[int, bytes]:
        # The path's name is anybody's text until it is one of ours.
        name = api if api in self._handlers else ""
        self._observe(
            "rail.rejected",
            rail=self._rail.name,
            api=name,
            reason=refused.code,
            detail=refused.detail,
        )
        now = self._clock.now()
        ack = responses.negative_ack(name, refused.msg_id, now, refused.code, refused.detail)
        return refused.status, ack

    async def _pay_result(self, message: Message) -> None:
        result = readings.pay_result(message)
        await self._answered(result.transaction_id, verdicts.of_pay(result))

    async def _check_result(self, message: Message) -> None:
        result = readings.check_result(message)
        await self._answered(result.original_id, verdicts.of_check(result))

    async def _confirmation(self, message: Message) -> None:
        told = readings.confirmation(message)
        await self._answered(told.original_id, verdicts.of_confirmation(told))
        msg_id = self._rail.new_msg_id()
        tree = responses.confirmation(self._rail.config, msg_id, told, self._clock.now())
        transaction_id = readings.transaction_id_of(message)
        self._respond("RespTxnConfirmation", transaction_id, msg_id, tree)

    async def _answered(self, transaction_id: str, outcome: Outcome) -> None:
        try:
            await self._listener.answered(self._rail.name, transaction_id, outcome)
        except MalformedError as error:
            raise NotFound(message="the transaction id is not one of ours") from error
        except IntegrityFailure as failure:
            # Recorded by the listener; sending it again would change nothing.
            self._observe(
                "rail.integrity_failure",
                rail=self._rail.name,
                transaction_id=transaction_id,
                payment_id=failure.payment_id,
            )

    async def _address_result(self, message: Message) -> None:
        result = readings.address_result(message)
        reply = {"result": result.result, "error_code": result.error_code, "name": result.name}
        await self._rail.awaited.leave(
            result.request_msg_id, reply, self._clock.now() + _REPLY_KEPT
        )

    async def _heartbeat(self, message: Message) -> None:
        request = readings.heartbeat(message)
        msg_id = self._rail.new_msg_id()
        tree = responses.heartbeat(self._rail.config, msg_id, request, self._clock.now())
        self._respond("RespHbt", readings.transaction_id_of(message), msg_id, tree)

    async def _heartbeat_answered(self, message: Message) -> None:
        self._observe("rail.heartbeat", rail=self._rail.name, org_id=message.org_id)

    async def _auth_details(self, message: Message) -> None:
        self._spawn(self._authorise(readings.auth_details(message)))

    async def _authorise(self, details: AuthDetails) -> None:
        request = AuthorisationRequest(
            rail=self._rail.name,
            transaction_id=details.transaction_id,
            reference=details.reference,
            payer_vpa=details.payer.require("addr").lower(),
            payee_vpa=details.payee.require("addr").lower(),
            amount_minor=details.amount_minor,
            currency=CURRENCY,
        )
        try:
            authorisation = await self._listener.authorise(request)
        except (SikkaError, MalformedError) as error:
            _log.warning("authorisation failed: %s", type(error).__name__)
            authorisation = _CANNOT_SAY
        config, msg_id = self._rail.config, self._rail.new_msg_id()
        tree = responses.auth_details(config, msg_id, details, authorisation, self._clock.now())
        await self._send("RespAuthDetails", details.transaction_id, msg_id, tree)

    def _respond(self, api: str, transaction_id: str, msg_id: str, tree: Sequence[XmlNode]) -> None:
        self._spawn(self._send(api, transaction_id, msg_id, tree))

    async def _send(
        self, api: str, transaction_id: str, msg_id: str, tree: Sequence[XmlNode]
    ) -> None:
        sent = await self._rail.send(api, transaction_id, msg_id, tree)
        if isinstance(sent, NotSent | Unknown):
            _log.warning("%s was not acknowledged: %s", api, sent.reason)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("a response to the switch failed", exc_info=error)
