"""Which checks apply to which API, in the order in which their codes are reported."""

from __future__ import annotations

from datetime import datetime

from lxml import etree

from sikka_sim.npci import party_validation, validation
from sikka_sim.npci.validation import Findings, Violation


def validate(root: etree._Element, api: str, now: datetime) -> list[Violation]:
    """Check a message whose structure is right.

    Args:
        root: the message.
        api: its API.
        now: the switch's time, for the 90 days of ReqChkTxn.

    Returns:
        Every violation; none when the message is valid.
    """
    findings = Findings()
    validation.check_head(findings, root, api)
    validation.check_txn(findings, root, api, now)
    txn = root.find("Txn")
    kind = "" if txn is None else txn.get("type", "")
    if api == "ReqPay":
        validation.check_meta(findings, root)
        if kind in validation.TXN_TYPES["ReqPay"]:
            party_validation.check_parties(findings, root, kind)
    elif api == "ReqValAdd":
        party_validation.check_address(findings, root)
    elif api == "ReqHbt":
        validation.check_heartbeat(findings, root)
    elif api.startswith("Resp"):
        validation.check_resp(findings, root)
        resp = root.find("Resp")
        took = resp is not None and resp.get("result") == "SUCCESS"
        if api == "RespAuthDetails" and took:
            party_validation.check_parties(findings, root, "PAY")
    return findings.violations
