"""The dated versions of the API."""

from __future__ import annotations

from sikka.domain.errors import InvalidRequest
from sikka.domain.views import API_VERSION

HEADER = "Sikka-Version"
SUPPORTED = (API_VERSION,)


def version_of(header: str | None, pinned: str) -> str:
    """The version that a request is answered in: the header's, or else the merchant's.

    Raises:
        InvalidRequest: the header names a version that does not exist.
    """
    if header is None:
        return pinned
    if header not in SUPPORTED:
        raise InvalidRequest(
            "version_unsupported",
            f"Sikka-Version must be one of {', '.join(SUPPORTED)}",
            param=HEADER,
        )
    return header
