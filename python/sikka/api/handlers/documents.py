"""The documents about the API."""

from __future__ import annotations

from sikka.api.call import Reply, Visit
from sikka.api.documents import DOCUMENTS

# The page is its own script and style, and talks to nobody.
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


async def openapi(visit: Visit) -> Reply:
    """GET /openapi.json."""
    return Reply(200, visit.request.app[DOCUMENTS].openapi)


async def page(visit: Visit) -> Reply:
    """GET /docs."""
    headers = {"Content-Security-Policy": _POLICY, "X-Content-Type-Options": "nosniff"}
    return Reply(200, visit.request.app[DOCUMENTS].page, "text/html; charset=utf-8", headers)
