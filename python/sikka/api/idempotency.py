"""The Idempotency-Key header."""

from __future__ import annotations

from sikka.domain.errors import InvalidRequest

HEADER = "Idempotency-Key"
LENGTH_MAXIMUM = 255


def key_of(header: str | None, *, required: bool) -> str | None:
    """Check the header.

    Raises:
        InvalidRequest: it is missing where it is required, or not 1 to 255 printable ASCII
            characters.
    """
    if header is None:
        if required:
            raise InvalidRequest("idempotency_key_missing", param=HEADER)
        return None
    if not (0 < len(header) <= LENGTH_MAXIMUM and header.isascii() and header.isprintable()):
        raise InvalidRequest("idempotency_key_invalid", param=HEADER)
    return header
