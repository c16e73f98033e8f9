"""The façade's signature: HMAC-SHA256 over ``timestamp.body``."""

from __future__ import annotations

import hashlib
import hmac
import time

TOLERANCE_S = 300
_DIGITS_MAX = 12


class NotSigned(Exception):
    """A request whose headers do not prove who sent it."""


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """The signature in lower case hexadecimal digits."""
    text = timestamp.encode() + b"." + body
    return hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()


def signed_headers(secret: str, body: bytes) -> dict[str, str]:
    """The two headers of a message that is sent now."""
    timestamp = str(int(time.time()))
    return {
        "Content-Type": "application/json",
        "X-Timestamp": timestamp,
        "X-Signature": sign(secret, timestamp, body),
    }


def verify(secret: str, timestamp: str, signature: str, body: bytes) -> None:
    """Check a request's headers.

    Raises:
        NotSigned: the timestamp is no number or too far from now, or the signature does not fit.
    """
    if not timestamp.isascii() or not timestamp.isdigit() or len(timestamp) > _DIGITS_MAX:
        raise NotSigned("X-Timestamp must be seconds since 1970")
    if abs(time.time() - int(timestamp)) > TOLERANCE_S:
        raise NotSigned("X-Timestamp is too far from now")
    if not hmac.compare_digest(sign(secret, timestamp, body).encode(), signature.encode()):
        raise NotSigned("X-Signature does not fit")
