"""What the bank says, read strictly, and what it means."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from sikka.domain.errors import InvalidRequest
from sikka.domain.money import Money
from sikka.domain.outcome import Outcome, OutcomeKind
from sikka.rails.upi import codes
from sikka.rails.upi.blocks import CURRENCY

# The bank's own codes; every other one is UPI's.
DUPLICATE = "5003"
ABSENT = "5006"
_REFUSALS = {ABSENT: "original_not_found"}
_UNDECIDED = codes.UNDECIDED_REFUSALS | {DUPLICATE}


class BankStatus(StrEnum):
    """`status` of an answer and `txnStatus` of a callback."""

    PENDING = "PENDING"
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"
    DEEMED = "DEEMED"


class CallAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The HTTP answer to a call; `success` is whether it was taken, not whether money moved."""

    success: bool
    response: str
    message: str = ""
    merchant_tran_id: str | None = None
    rrn: str | None = msgspec.field(default=None, name="BankRRN")
    upi_txn_id: str | None = None
    status: BankStatus | None = None
    amount: str | None = None
    customer_name: str | None = None


class CallbackBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What the bank posts when a transaction has ended or is deemed."""

    merchant_id: str
    merchant_tran_id: str
    rrn: str | None = msgspec.field(default=None, name="BankRRN")
    upi_txn_id: str | None = None
    txn_status: BankStatus
    response: str
    payer_va: str
    payee_va: str
    payer_amount: str


_ANSWERS = msgspec.json.Decoder(CallAnswer)
_CALLBACKS = msgspec.json.Decoder(CallbackBody)


def read_answer(body: bytes) -> CallAnswer:
    """Read an answer.

    Raises:
        DecodeError: (msgspec) it is no answer of the bank's; the message names the field.
    """
    return _ANSWERS.decode(body)


def read_callback(body: bytes) -> CallbackBody:
    """Read a callback.

    Raises:
        DecodeError: (msgspec) it is no callback of the bank's; the message names the field.
    """
    return _CALLBACKS.decode(body)


def of_order(answer: CallAnswer, transaction_id: str) -> Outcome:
    """What the answer to a collect or refund says: taken or refused.

    How it ended is told by a check or a callback, both of which name the amount; so a status that
    stands in this answer already is not acted on.
    """
    if answer.success:
        if answer.merchant_tran_id != transaction_id:
            return Outcome(OutcomeKind.AMBIGUOUS, message="the answer to another transaction")
        return Outcome(OutcomeKind.PENDING, rrn=answer.rrn, bank_ref_id=answer.upi_txn_id)
    if answer.response in _UNDECIDED:
        return Outcome(OutcomeKind.AMBIGUOUS, response_code=answer.response)
    return Outcome(
        OutcomeKind.DECLINED,
        failure_code=_REFUSALS.get(answer.response) or codes.refusal_code(answer.response),
        response_code=answer.response,
    )


def of_check(answer: CallAnswer, transaction_id: str) -> Outcome:
    """What the answer to a status call says about the transaction."""
    if not answer.success:
        kind = OutcomeKind.NOT_FOUND if answer.response == ABSENT else OutcomeKind.AMBIGUOUS
        return Outcome(kind, response_code=answer.response)
    if answer.merchant_tran_id != transaction_id or answer.status is None:
        return Outcome(OutcomeKind.AMBIGUOUS, message="the answer to another transaction")
    if answer.status is BankStatus.FAILURE and answer.response in codes.NOT_FOUND_CODES:
        return Outcome(OutcomeKind.NOT_FOUND, response_code=answer.response)
    try:
        return _outcome(
            answer.status, answer.response, answer.amount or "", answer.rrn, answer.upi_txn_id
        )
    except InvalidRequest:
        return Outcome(OutcomeKind.AMBIGUOUS, message="the answer names no amount")


def of_callback(told: CallbackBody) -> Outcome:
    """What a callback says.

    Raises:
        InvalidRequest: money moved, and the amount is not one.
    """
    return _outcome(
        told.txn_status,
        told.response,
        told.payer_amount,
        told.rrn,
        told.upi_txn_id,
        payer_vpa=told.payer_va.lower(),
        payee_vpa=told.payee_va.lower(),
    )


def _outcome(
    status: BankStatus,
    response: str,
    amount: str,
    rrn: str | None,
    bank_ref_id: str | None,
    payer_vpa: str | None = None,
    payee_vpa: str | None = None,
) -> Outcome:
    if status is BankStatus.PENDING:
        return Outcome(OutcomeKind.PENDING, rrn=rrn, bank_ref_id=bank_ref_id)
    if status is BankStatus.FAILURE:
        return Outcome(
            OutcomeKind.DECLINED,
            failure_code=codes.failure_code(response),
            response_code=response,
            rrn=rrn,
            bank_ref_id=bank_ref_id,
        )
    deemed = status is BankStatus.DEEMED or response in codes.DEEMED_CODES
    return Outcome(
        OutcomeKind.DEEMED if deemed else OutcomeKind.APPROVED,
        response_code=response,
        amount_minor=Money.from_major_text(amount, CURRENCY).amount_minor,
        currency=CURRENCY,
        payer_vpa=payer_vpa,
        payee_vpa=payee_vpa,
        rrn=rrn,
        bank_ref_id=bank_ref_id,
    )
