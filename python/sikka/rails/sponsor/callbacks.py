"""What sponsor banks post to us: verified, read, applied, answered, in that order."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from sikka.domain.errors import (
    CallbackRejected,
    Conflict,
    IntegrityFailure,
    InvalidRequest,
    NotFound,
    Unavailable,
)
from sikka.ports import Clock, Observer, RailListener
from sikka.rails.sponsor import answers
from sikka.rails.sponsor.answers import CallbackBody
from sikka.rails.sponsor.client import SponsorRail
from sikka.rails.sponsor.config import SponsorConfig
from sikka_core import MalformedError, SignatureError, hmac_sha256_hex_verify

BODY_BYTES_MAX = 64 * 1024
_TIMESTAMP_DIGITS_MAX = 12
_TAKEN = b'{"status":"ok"}'


class SponsorCallbacks:
    """Receives the banks' callbacks.

    Args:
        rails: by the bank's name.
        listener: where outcomes go.
        clock: the time.
        observe: hears `rail.verified`, `rail.rejected`, `rail.integrity_failure`.
    """

    def __init__(
        self,
        rails: Mapping[str, SponsorRail],
        listener: RailListener,
        clock: Clock,
        observe: Observer,
    ) -> None:
        self._rails = rails
        self._listener = listener
        self._clock = clock
        self._observe = observe

    async def receive(
        self, bank: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, bytes]:
        """Take one POST to `/callbacks/sponsor/{bank}`.

        Args:
            bank: the path's name.
            headers: with names in lower case.
            body: the raw body.

        Returns:
            HTTP status and JSON. 200: verified, and applied. 401: not verified. 400: verified,
            and not to be understood. 404: no such bank, or nothing of ours. 503: nothing was
            written, and the bank should send it again.
        """
        rail = self._rails.get(bank)
        if rail is None:
            return 404, _refusal("resource_missing", "no such bank is configured")
        try:
            self._verify(rail.config, headers, body)
        except CallbackRejected as error:
            return self._refuse(bank, 401, error.code, error.message)
        self._observe("rail.verified", rail=bank, api="callback")
        try:
            told = answers.read_callback(body)
            if told.merchant_id != rail.config.merchant_id:
                return self._refuse(bank, 400, "body_invalid", "merchantId is not ours")
            await self._apply(bank, told)
        except (Conflict, Unavailable) as error:
            return self._refuse(bank, 503, error.code, "send it again")
        except (NotFound, MalformedError):
            return self._refuse(bank, 404, "resource_missing", "no such transaction")
        except (InvalidRequest, msgspec.DecodeError) as error:
            return self._refuse(bank, 400, "body_invalid", str(error))
        return 200, _TAKEN

    def _verify(self, config: SponsorConfig, headers: Mapping[str, str], body: bytes) -> None:
        """Check size, time and signature.

        Raises:
            CallbackRejected: one of them is wrong.
        """
        if len(body) > BODY_BYTES_MAX:
            raise CallbackRejected(message=f"a callback has at most {BODY_BYTES_MAX} bytes")
        timestamp = headers.get("x-timestamp", "")
        digits = timestamp.isascii() and timestamp.isdigit()
        if not digits or len(timestamp) > _TIMESTAMP_DIGITS_MAX:
            raise CallbackRejected(message="X-Timestamp must be seconds since 1970")
        if abs(self._clock.now().timestamp() - int(timestamp)) > config.tolerance_s:
            raise CallbackRejected(message="X-Timestamp is too far from now")
        signed = timestamp.encode() + b"." + body
        try:
            hmac_sha256_hex_verify(config.accepted_secrets, headers.get("x-signature", ""), signed)
        except SignatureError as error:
            raise CallbackRejected(message="X-Signature does not hold") from error

    async def _apply(self, bank: str, told: CallbackBody) -> None:
        outcome = answers.of_callback(told)
        try:
            await self._listener.answered(bank, told.merchant_tran_id, outcome)
        except IntegrityFailure as failure:
            # Recorded by the listener; sending it again would change nothing.
            self._observe(
                "rail.integrity_failure",
                rail=bank,
                transaction_id=told.merchant_tran_id,
                payment_id=failure.payment_id,
            )

    def _refuse(self, bank: str, status: int, code: str, message: str) -> tuple[int, bytes]:
        self._observe("rail.rejected", rail=bank, api="callback", reason=code, detail=message)
        return status, _refusal(code, message)


def _refusal(code: str, message: str) -> bytes:
    return msgspec.json.encode({"error": {"code": code, "message": message}})
