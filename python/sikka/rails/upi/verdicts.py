"""What a result of the switch means: the one place where UPI's words become an `Outcome`.

FAILURE is final and SUCCESS is final; DEEMED and everything else is not (NPCI, "UPI Error and
Response Codes", final RespPay for debit and credit timeouts).
"""

from __future__ import annotations

from sikka.domain.outcome import Outcome, OutcomeKind
from sikka.rails.upi import codes
from sikka.rails.upi.blocks import CURRENCY
from sikka.rails.upi.readings import (
    AckReading,
    CheckResult,
    Confirmation,
    PartyResult,
    PayResult,
    Result,
    Settlement,
)
from sikka_core import MalformedError


def of_pay(result: PayResult) -> Outcome:
    """What a RespPay says. `msg_id` is that of the ReqPay it answers.

    Raises:
        MalformedError: money moved, and the message does not say how much between whom.
    """
    return _outcome(result.settlement, result.rrn, result.request_msg_id)


def of_confirmation(told: Confirmation) -> Outcome:
    """What a ReqTxnConfirmation says. `msg_id` is its own. Raises as `of_pay`."""
    return _outcome(told.settlement, told.rrn, told.msg_id)


def of_check(result: CheckResult) -> Outcome:
    """What a RespChkTxn says of the original. Raises as `of_pay`.

    A FAILURE that names no party is about the question, not about the original, unless its code
    says that there is none.
    """
    settlement = result.settlement
    if settlement.result is Result.FAILURE:
        if settlement.error_code in codes.NOT_FOUND_CODES:
            return Outcome(OutcomeKind.NOT_FOUND, response_code=settlement.error_code)
        if settlement.payer is None and settlement.payee is None:
            return Outcome(OutcomeKind.AMBIGUOUS, response_code=settlement.error_code or None)
    return _outcome(settlement, result.rrn, None)


def of_pay_ack(ack: AckReading, msg_id: str) -> Outcome:
    """What the Ack of a ReqPay says: taken, refused, or known already (which is no refusal)."""
    if not ack.code:
        return Outcome(OutcomeKind.PENDING, msg_id=msg_id)
    if ack.code in codes.UNDECIDED_REFUSALS:
        return Outcome(OutcomeKind.AMBIGUOUS, response_code=ack.code, msg_id=msg_id)
    return Outcome(
        OutcomeKind.DECLINED,
        failure_code=codes.refusal_code(ack.code),
        response_code=ack.code,
        message=_unrevealing(ack.detail),
        msg_id=msg_id,
    )


def of_check_ack(ack: AckReading) -> Outcome:
    """What the Ack of a ReqChkTxn says. A refused question says nothing of the original."""
    if not ack.code:
        return Outcome(OutcomeKind.PENDING)
    if ack.code in codes.NOT_FOUND_CODES:
        return Outcome(OutcomeKind.NOT_FOUND, response_code=ack.code)
    return Outcome(OutcomeKind.AMBIGUOUS, response_code=ack.code, message=_unrevealing(ack.detail))


def _outcome(settlement: Settlement, rrn: str | None, msg_id: str | None) -> Outcome:
    match settlement.result:
        case Result.FAILURE:
            return _declined(settlement, rrn, msg_id)
        case Result.PARTIAL | Result.PENDING:
            return Outcome(OutcomeKind.PENDING, rrn=rrn, msg_id=msg_id)
        case Result.SUCCESS | Result.DEEMED:
            return _moved(settlement, rrn, msg_id)


def _moved(settlement: Settlement, rrn: str | None, msg_id: str | None) -> Outcome:
    payer, payee = settlement.payer, settlement.payee
    if payer is None or payee is None:
        raise MalformedError("a result that moved money must hold Ref of PAYER and of PAYEE")
    if payer.settled_minor != payee.settled_minor:
        raise MalformedError("Ref@settAmount of PAYER and PAYEE must agree")
    deemed_code = next(
        (each.response_code for each in (payee, payer) if each.response_code in codes.DEEMED_CODES),
        None,
    )
    deemed = settlement.result is Result.DEEMED or deemed_code is not None
    return Outcome(
        OutcomeKind.DEEMED if deemed else OutcomeKind.APPROVED,
        response_code=deemed_code or payee.response_code or codes.APPROVED,
        amount_minor=payer.settled_minor,
        currency=CURRENCY,
        payer_vpa=payer.vpa.lower(),
        payee_vpa=payee.vpa.lower(),
        rrn=rrn,
        bank_ref_id=payer.approval_number,
        approval_code=settlement.approval_number or payee.approval_number,
        msg_id=msg_id,
    )


def _declined(settlement: Settlement, rrn: str | None, msg_id: str | None) -> Outcome:
    payer_code, payee_code = _code(settlement.payer), _code(settlement.payee)
    decisive = codes.decisive(settlement.error_code, payer_code, payee_code)
    told = (("error", settlement.error_code), ("payer", payer_code), ("payee", payee_code))
    return Outcome(
        OutcomeKind.DECLINED,
        failure_code=codes.failure_code(decisive),
        response_code=decisive or None,
        message=", ".join(f"{who} {code}" for who, code in told if code) or None,
        rrn=rrn,
        msg_id=msg_id,
    )


def _code(party: PartyResult | None) -> str:
    return "" if party is None else party.response_code


def _unrevealing(detail: str) -> str | None:
    """A detail of the switch's, unless it might quote an address."""
    return detail[:200] if detail and "@" not in detail else None
