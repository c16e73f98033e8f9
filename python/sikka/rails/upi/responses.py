"""What we answer: Acks, RespAuthDetails, RespTxnConfirmation, RespHbt."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sikka.ports import Authorisation
from sikka.rails.upi import blocks
from sikka.rails.upi.config import NpciConfig
from sikka.rails.upi.readings import AuthDetails, Confirmation, Heartbeat
from sikka_core import Element, XmlNode, write_message

# What of the payer's block travels back: its credentials, account and device stay where they are.
_ECHOED = ("Info", "Amount", "Merchant")


def ack(api: str, msg_id: str, at: datetime) -> bytes:
    """A positive Ack: the message was received, verified and, if it has an effect, applied.

    Args:
        api: the root of the message that is answered.
        msg_id: its `Head@msgId`.
        at: the time.
    """
    return _ack(api, msg_id, at, None, ())


def negative_ack(api: str, msg_id: str, at: datetime, code: str, detail: str) -> bytes:
    """A negative Ack: the message had no effect.

    Args:
        api: the API of the path.
        msg_id: `Head@msgId`, "" when it could not be trusted or read.
        at: the time.
        code: NPCI's, such as U55.
        detail: the field and the rule, never a value.
    """
    errors: list[XmlNode] = [("errorCd", {}, code), ("errorDtl", {}, detail)]
    return _ack(api, msg_id, at, code, [("errorMessages", {}, errors)])


def _ack(
    api: str, msg_id: str, at: datetime, code: str | None, children: Sequence[XmlNode]
) -> bytes:
    attributes = {"api": api, "reqMsgId": msg_id, "ts": blocks.timestamp(at), "err": code}
    return write_message("Ack", attributes, children)


def auth_details(
    config: NpciConfig,
    msg_id: str,
    request: AuthDetails,
    authorisation: Authorisation,
    now: datetime,
) -> Sequence[XmlNode]:
    """RespAuthDetails: yes with the merchant's account, or no with a code the rail knows.

    Amount and addresses are those of the request, for the switch refuses any change (U57 to U60).
    """
    merchant = authorisation.merchant
    accepted = authorisation.accepted and merchant is not None
    resp = {
        "reqMsgId": request.msg_id,
        "result": "SUCCESS" if accepted else "FAILURE",
        "errCode": "" if accepted else authorisation.response_code,
    }
    if merchant is not None:
        payee = blocks.entity("Payee", merchant, config, request.amount, initiates=False)
        payee = (payee[0], {**payee[1], "addr": request.payee.require("addr")}, payee[2])
    else:
        payee = _echo(request.payee)
    return (
        blocks.head(config, msg_id, now),
        _echoed_txn(request.txn, now),
        ("Resp", resp, ()),
        _echo(request.payer),
        ("Payees", {}, [payee]),
    )


def confirmation(
    config: NpciConfig, msg_id: str, request: Confirmation, now: datetime
) -> Sequence[XmlNode]:
    """RespTxnConfirmation: we have taken note."""
    return (
        blocks.head(config, msg_id, now),
        _echoed_txn(request.txn, now),
        ("Resp", {"reqMsgId": request.msg_id, "result": "SUCCESS", "errCode": ""}, ()),
    )


def heartbeat(
    config: NpciConfig, msg_id: str, request: Heartbeat, now: datetime
) -> Sequence[XmlNode]:
    """RespHbt: we are there."""
    return (
        blocks.head(config, msg_id, now),
        ("Resp", {"reqMsgId": request.msg_id, "result": "SUCCESS", "errCode": ""}, ()),
        _echoed_txn(request.txn, now),
    )


def _echoed_txn(txn: Element, at: datetime) -> XmlNode:
    return ("Txn", {**txn.attributes, "ts": blocks.timestamp(at)}, ())


def _echo(party: Element) -> XmlNode:
    return (
        party.name,
        party.attributes,
        [_copy(child) for child in party.children() if child.name in _ECHOED],
    )


def _copy(element: Element) -> XmlNode:
    children = element.children()
    content = [_copy(child) for child in children] if children else element.text
    return (element.name, element.attributes, content)
