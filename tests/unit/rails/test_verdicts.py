from __future__ import annotations

import pytest

from sikka.domain.outcome import Outcome, OutcomeKind
from sikka.rails.upi import readings, verdicts
from sikka.rails.upi.readings import AckReading
from sikka_core import MalformedError
from tests.unit.rails import switch as s
from tests.unit.rails.switch import HandSwitch


def of_pay(hand_switch: HandSwitch, resp: str) -> Outcome:
    message = hand_switch.read("RespPay", s.head(), s.txn("COLLECT"), resp)
    return verdicts.of_pay(readings.pay_result(message))


def of_check(hand_switch: HandSwitch, resp: str) -> Outcome:
    txn = s.txn("ChkTxn", id=s.CHECK, orgTxnId=s.TXN)
    message = hand_switch.read("RespChkTxn", s.head(), txn, resp)
    return verdicts.of_check(readings.check_result(message))


def test_a_success_is_final_with_amount_and_parties(hand_switch: HandSwitch) -> None:
    assert of_pay(hand_switch, s.success(approvalNum="999999")) == Outcome(
        OutcomeKind.APPROVED,
        response_code="00",
        amount_minor=129_900,
        currency="INR",
        payer_vpa="asha@simbank",
        payee_vpa="teahouse@sikka",
        rrn=s.RRN,
        bank_ref_id="123456",
        approval_code="999999",
        msg_id=s.OUR_MSG,
    )


def test_without_an_approval_of_its_own_the_payees_counts(hand_switch: HandSwitch) -> None:
    assert of_pay(hand_switch, s.success()).approval_code == "654321"


def test_a_failure_is_final_and_says_why(hand_switch: HandSwitch) -> None:
    assert of_pay(hand_switch, s.failed("U30", "Z9")) == Outcome(
        OutcomeKind.DECLINED,
        failure_code="insufficient_funds",
        response_code="Z9",
        message="error U30, payer Z9",
        rrn=s.RRN,
        msg_id=s.OUR_MSG,
    )


@pytest.mark.parametrize("code", ["U68", "BT", "RB"])
def test_a_failure_is_final_whatever_its_code(hand_switch: HandSwitch, code: str) -> None:
    assert of_pay(hand_switch, s.failed(code)).kind is OutcomeKind.DECLINED


def test_a_failure_without_any_code_is_a_plain_decline(hand_switch: HandSwitch) -> None:
    told = of_pay(hand_switch, s.resp("FAILURE"))
    assert (told.kind, told.failure_code) == (OutcomeKind.DECLINED, "payment_declined")
    assert (told.response_code, told.message) == (None, None)


@pytest.mark.parametrize("result", ["DEEMED", "SUCCESS"])
@pytest.mark.parametrize("code", ["RB", "BT", "96"])
def test_what_the_beneficiary_has_not_confirmed_is_deemed(
    hand_switch: HandSwitch, result: str, code: str
) -> None:
    told = of_pay(hand_switch, s.resp(result, s.ref("PAYER"), s.ref("PAYEE", respCode=code)))
    assert (told.kind, told.response_code) == (OutcomeKind.DEEMED, code)
    assert told.amount_minor == 129_900


@pytest.mark.parametrize("result", ["PARTIAL", "PENDING"])
def test_what_is_in_process_is_pending(hand_switch: HandSwitch, result: str) -> None:
    assert of_check(hand_switch, s.resp(result)) == Outcome(OutcomeKind.PENDING, rrn=s.RRN)
    assert of_pay(hand_switch, s.resp(result)).kind is OutcomeKind.PENDING


@pytest.mark.parametrize("result", ["SUCCESS", "DEEMED"])
@pytest.mark.parametrize("kept", ["PAYER", "PAYEE"])
def test_moved_money_without_both_parties_is_not_believed(
    hand_switch: HandSwitch, result: str, kept: str
) -> None:
    with pytest.raises(MalformedError, match="PAYER and of PAYEE"):
        of_pay(hand_switch, s.resp(result, s.ref(kept)))


def test_parties_that_disagree_about_the_amount_are_not_believed(hand_switch: HandSwitch) -> None:
    told = s.resp("SUCCESS", s.ref("PAYER"), s.ref("PAYEE", settAmount="1298.00"))
    with pytest.raises(MalformedError, match="must agree"):
        of_pay(hand_switch, told)


@pytest.mark.parametrize("code", ["U48", "NO"])
def test_a_check_that_finds_nothing_says_so(hand_switch: HandSwitch, code: str) -> None:
    for resp in (s.resp("FAILURE", errCode=code), s.failed(code, code, code)):
        assert of_check(hand_switch, resp) == Outcome(OutcomeKind.NOT_FOUND, response_code=code)


def test_a_check_that_fails_says_nothing_about_the_original(hand_switch: HandSwitch) -> None:
    told = of_check(hand_switch, s.resp("FAILURE", errCode="U08"))
    assert told == Outcome(OutcomeKind.AMBIGUOUS, response_code="U08")
    assert of_check(hand_switch, s.resp("FAILURE")).kind is OutcomeKind.AMBIGUOUS


def test_a_check_of_a_failed_original_declines_it(hand_switch: HandSwitch) -> None:
    told = of_check(hand_switch, s.failed("U30", "Z9"))
    assert (told.kind, told.failure_code) == (OutcomeKind.DECLINED, "insufficient_funds")
    assert told.msg_id is None


@pytest.mark.parametrize(
    ("code", "kind", "failure_code"),
    [
        ("", OutcomeKind.PENDING, None),
        ("U01", OutcomeKind.AMBIGUOUS, None),
        ("U36", OutcomeKind.AMBIGUOUS, None),
        ("U08", OutcomeKind.AMBIGUOUS, None),
        ("U16", OutcomeKind.DECLINED, "risk_declined"),
        ("T08", OutcomeKind.DECLINED, "rail_rejected"),
    ],
)
def test_the_ack_of_a_payment_is_taken_refused_or_undecided(
    code: str, kind: OutcomeKind, failure_code: str | None
) -> None:
    told = verdicts.of_pay_ack(AckReading("ReqPay", "SKA1", code, ""), "SKA1")
    assert (told.kind, told.failure_code, told.msg_id) == (kind, failure_code, "SKA1")


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("", OutcomeKind.PENDING),
        ("U48", OutcomeKind.NOT_FOUND),
        ("X09", OutcomeKind.AMBIGUOUS),
        ("U16", OutcomeKind.AMBIGUOUS),
    ],
)
def test_the_ack_of_a_check_never_declines(code: str, kind: OutcomeKind) -> None:
    assert verdicts.of_check_ack(AckReading("ReqChkTxn", "SKA1", code, "")).kind is kind


def test_a_detail_that_might_quote_an_address_is_not_kept() -> None:
    quoting = AckReading("ReqPay", "SKA1", "R02", "asha@simbank is no VPA")
    plain = AckReading("ReqPay", "SKA1", "R02", "Payer@addr"[:5] + " addr is no VPA")
    assert verdicts.of_pay_ack(quoting, "SKA1").message is None
    assert verdicts.of_pay_ack(plain, "SKA1").message == "Payer addr is no VPA"
