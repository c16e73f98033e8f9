"""What the rails post. The adapters verify; nothing here believes anything."""

from __future__ import annotations

from sikka.api.call import JSON, Reply, Visit

XML = "application/xml"


async def upi(visit: Visit) -> Reply:
    """POST /upi/{api}/{version}/urn:txnid:{txn_id}."""
    status, body = await visit.parts.upi_callbacks.receive(
        visit.path("api"), visit.path("version"), visit.path("txn_id"), visit.body
    )
    return Reply(status, body, XML)


async def sponsor(visit: Visit) -> Reply:
    """POST /callbacks/sponsor/{bank}."""
    headers = {name.lower(): value for name, value in visit.request.headers.items()}
    status, body = await visit.parts.sponsor_callbacks.receive(
        visit.path("bank"), headers, visit.body
    )
    return Reply(status, body, JSON)
