"""Parties as messages describe them."""

from __future__ import annotations

from lxml import etree

from sikka_sim.rail.transaction import Party, customer


def party_of(node: etree._Element) -> Party:
    """The party that a message describes, with its account where it brings one."""
    details = {d.get("name", ""): d.get("value", "") for d in node.iterfind("Ac/Detail")}
    address = node.get("addr", "")
    known = customer(address)
    return Party(
        address=address,
        name=node.get("name") or known.name,
        kind=node.get("type", "PERSON"),
        code=node.get("code", "0000"),
        ifsc=details.get("IFSC", known.ifsc),
        account=details.get("ACNUM", known.account)[:16],
        account_type=details.get("ACTYPE", known.account_type),
    )
