"""What the switch sends us, read strictly from a verified message into typed values.

Every function raises `sikka_core.MalformedError` that names the element and the attribute that
breaks the schema. Nothing here decides what a message means; see `verdicts`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from sikka.domain.errors import InvalidRequest
from sikka.domain.money import Money
from sikka.rails.upi.blocks import CURRENCY
from sikka_core import Element, MalformedError, Message

_ID = re.compile(r"[A-Za-z0-9]{1,35}", re.ASCII)
_RRN = re.compile(r"[0-9]{12}", re.ASCII)
_CODE = re.compile(r"[A-Za-z0-9]{0,10}", re.ASCII)
_PAY_TYPES = frozenset({"PAY", "COLLECT", "REFUND"})


class Result(StrEnum):
    """`Resp@result` and `TxnConfirmation@orgStatus`. PENDING is a confirmation's PARTIAL."""

    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"
    DEEMED = "DEEMED"
    PARTIAL = "PARTIAL"
    PENDING = "PENDING"


@dataclass(frozen=True, slots=True)
class PartyResult:
    """One `Ref`: what happened on a party's side."""

    vpa: str
    settled_minor: int
    response_code: str
    approval_number: str | None


@dataclass(frozen=True, slots=True)
class Settlement:
    """A result with what it says of both parties; a party is None where the message has none."""

    result: Result
    error_code: str
    payer: PartyResult | None
    payee: PartyResult | None
    approval_number: str | None


@dataclass(frozen=True, slots=True)
class PayResult:
    """RespPay: how our COLLECT or REFUND ended."""

    transaction_id: str
    kind: str
    request_msg_id: str
    rrn: str | None
    settlement: Settlement


@dataclass(frozen=True, slots=True)
class CheckResult:
    """RespChkTxn: what the switch knows of `original_id`."""

    check_id: str
    original_id: str
    request_msg_id: str
    rrn: str | None
    settlement: Settlement


@dataclass(frozen=True, slots=True)
class Confirmation:
    """ReqTxnConfirmation: how a payment ended that we had authorised."""

    txn: Element
    msg_id: str
    original_id: str
    rrn: str | None
    settlement: Settlement


@dataclass(frozen=True, slots=True)
class AuthDetails:
    """ReqAuthDetails: may this payer pay this payee? `amount` is the text as received."""

    txn: Element
    payer: Element
    payee: Element
    msg_id: str
    transaction_id: str
    reference: str | None
    amount: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class AddressResult:
    """RespValAdd: who holds the address that `request_msg_id` asked for."""

    request_msg_id: str
    result: Result
    error_code: str
    name: str | None


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """ReqHbt of the switch."""

    txn: Element
    msg_id: str


@dataclass(frozen=True, slots=True)
class AckReading:
    """The HTTP answer to a message of ours. `code` is "" for a positive one."""

    api: str
    request_msg_id: str
    code: str
    detail: str


def msg_id_of(message: Message) -> str:
    """`Head@msgId`."""
    return _matched(message.element.require_child("Head"), "msgId", _ID)


def transaction_id_of(message: Message) -> str:
    """`Txn@id`."""
    return _matched(message.element.require_child("Txn"), "id", _ID)


def pay_result(message: Message) -> PayResult:
    """Read a RespPay."""
    txn = _txn(message, _PAY_TYPES)
    resp = message.element.require_child("Resp")
    return PayResult(
        transaction_id=_matched(txn, "id", _ID),
        kind=txn.require("type"),
        request_msg_id=_matched(resp, "reqMsgId", _ID),
        rrn=_optional(txn, "custRef", _RRN),
        settlement=_settlement(resp, "result", "errCode", resp.get("approvalNum")),
    )


def check_result(message: Message) -> CheckResult:
    """Read a RespChkTxn."""
    txn = _txn(message, {"ChkTxn"})
    resp = message.element.require_child("Resp")
    return CheckResult(
        check_id=_matched(txn, "id", _ID),
        original_id=_matched(txn, "orgTxnId", _ID),
        request_msg_id=_matched(resp, "reqMsgId", _ID),
        rrn=_optional(txn, "orgRrn", _RRN) or _optional(txn, "custRef", _RRN),
        settlement=_settlement(resp, "result", "errCode", resp.get("approvalNum")),
    )


def confirmation(message: Message) -> Confirmation:
    """Read a ReqTxnConfirmation."""
    txn = _txn(message, {"TxnConfirmation"})
    told = message.element.require_child("TxnConfirmation")
    return Confirmation(
        txn=txn,
        msg_id=msg_id_of(message),
        original_id=_matched(txn, "orgTxnId", _ID),
        rrn=_optional(txn, "custRef", _RRN),
        settlement=_settlement(told, "orgStatus", "orgErrCode", None),
    )


def auth_details(message: Message) -> AuthDetails:
    """Read a ReqAuthDetails: one payee, whose amount is the payer's."""
    txn = _txn(message, {"PAY"})
    payer = message.element.require_child("Payer")
    payees = message.element.require_child("Payees").children("Payee")
    if len(payees) != 1:
        raise MalformedError("Payees must hold exactly one Payee")
    payee = payees[0]
    for party in (payer, payee):
        party.require("addr")
    amount = payee.require_child("Amount")
    amount_minor = _minor(amount, "value", "curr")
    if _minor(payer.require_child("Amount"), "value", "curr") != amount_minor:
        raise MalformedError("Payer/Amount and Payee/Amount must agree")
    return AuthDetails(
        txn=txn,
        payer=payer,
        payee=payee,
        msg_id=msg_id_of(message),
        transaction_id=_matched(txn, "id", _ID),
        reference=_optional(txn, "refId", _ID),
        amount=amount.require("value"),
        amount_minor=amount_minor,
    )


def address_result(message: Message) -> AddressResult:
    """Read a RespValAdd."""
    _txn(message, {"ValAdd"})
    resp = message.element.require_child("Resp")
    return AddressResult(
        request_msg_id=_matched(resp, "reqMsgId", _ID),
        result=_result(resp, "result"),
        error_code=_code(resp, "errCode"),
        name=resp.get("maskName") or None,
    )


def heartbeat(message: Message) -> Heartbeat:
    """Read a ReqHbt."""
    return Heartbeat(txn=_txn(message, {"Hbt"}), msg_id=msg_id_of(message))


def ack(element: Element) -> AckReading:
    """Read an Ack, of which nothing is signed. Any code makes it a negative one."""
    if element.name != "Ack":
        raise MalformedError("the root must be Ack")
    errors = element.children("errorMessages")
    code = element.get("err") or ""
    detail = ""
    for error in errors:
        code = code or _text(error, "errorCd")
        detail = detail or _text(error, "errorDtl")
    if errors and not code:
        raise MalformedError("Ack/errorMessages must hold errorCd")
    return AckReading(element.require("api"), element.require("reqMsgId"), code, detail)


def _text(element: Element, name: str) -> str:
    child = element.child(name)
    return "" if child is None else child.text


def _txn(message: Message, types: frozenset[str] | set[str]) -> Element:
    txn = message.element.require_child("Txn")
    _matched(txn, "id", _ID)
    if txn.require("type") not in types:
        raise MalformedError(f"Txn@type must be {' or '.join(sorted(types))} in {message.root}")
    return txn


def _settlement(element: Element, result: str, code: str, approval: str | None) -> Settlement:
    parties: dict[str, PartyResult] = {}
    for reference in element.children("Ref"):
        kind = reference.require("type")
        if kind not in ("PAYER", "PAYEE"):
            continue
        if kind in parties:
            raise MalformedError(f"{element.name} must hold one Ref of type {kind}")
        parties[kind] = PartyResult(
            vpa=reference.require("addr"),
            settled_minor=_minor(reference, "settAmount", "settCurrency"),
            response_code=_code(reference, "respCode"),
            approval_number=reference.get("approvalNum") or None,
        )
    return Settlement(
        result=_result(element, result),
        error_code=_code(element, code),
        payer=parties.get("PAYER"),
        payee=parties.get("PAYEE"),
        approval_number=approval or None,
    )


def _result(element: Element, attribute: str) -> Result:
    try:
        return Result(element.require(attribute))
    except ValueError:
        raise MalformedError(
            f"{element.name}@{attribute} must be one of {', '.join(Result)}"
        ) from None


def _minor(element: Element, value: str, currency: str) -> int:
    if element.require(currency) != CURRENCY:
        raise MalformedError(f"{element.name}@{currency} must be {CURRENCY}")
    try:
        return Money.from_major_text(element.require(value), CURRENCY).amount_minor
    except InvalidRequest:
        raise MalformedError(f"{element.name}@{value} must be an amount like 1299.00") from None


def _code(element: Element, attribute: str) -> str:
    return _matched(element, attribute, _CODE) if element.get(attribute) else ""


def _optional(element: Element, attribute: str, rule: re.Pattern[str]) -> str | None:
    return _matched(element, attribute, rule) if element.get(attribute) else None


def _matched(element: Element, attribute: str, rule: re.Pattern[str]) -> str:
    value = element.require(attribute)
    if rule.fullmatch(value) is None:
        raise MalformedError(f"{element.name}@{attribute} must match {rule.pattern}")
    return value
