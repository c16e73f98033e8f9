from __future__ import annotations

from collections.abc import Callable

import pytest

from sikka.rails.upi import readings
from sikka.rails.upi.readings import AckReading, PartyResult, Result
from sikka_core import MalformedError, Message, parse_ack
from tests.unit.rails import switch as s
from tests.unit.rails.switch import HandSwitch


def test_a_resp_pay_is_read_whole(hand_switch: HandSwitch) -> None:
    read = readings.pay_result(
        hand_switch.read("RespPay", s.head(), s.txn("COLLECT"), s.success(approvalNum="999999"))
    )
    assert (read.transaction_id, read.kind, read.request_msg_id) == (s.TXN, "COLLECT", s.OUR_MSG)
    assert read.rrn == s.RRN
    settled = read.settlement
    assert (settled.result, settled.error_code) == (Result.SUCCESS, "")
    assert settled.approval_number == "999999"
    assert settled.payer == PartyResult("asha@simbank", 129_900, "00", "123456")
    assert settled.payee == PartyResult("TeaHouse@sikka", 129_900, "00", "654321")


def test_a_resp_chk_txn_is_about_its_original(hand_switch: HandSwitch) -> None:
    txn = s.txn("ChkTxn", id=s.CHECK, orgTxnId=s.TXN, orgRrn="632700000009")
    read = readings.check_result(hand_switch.read("RespChkTxn", s.head(), txn, s.success()))
    assert (read.check_id, read.original_id) == (s.CHECK, s.TXN)
    assert read.rrn == "632700000009"


def test_a_confirmation_is_about_the_payment_it_names(hand_switch: HandSwitch) -> None:
    told = s.confirmation("FAILURE", s.ref("PAYER", settAmount="0.00"), orgErrCode="U30")
    message = hand_switch.read(
        "ReqTxnConfirmation", s.head(), s.txn("TxnConfirmation", orgTxnId=s.TXN), told
    )
    read = readings.confirmation(message)
    assert (read.msg_id, read.original_id) == (s.THEIR_MSG, s.TXN)
    assert (read.settlement.result, read.settlement.error_code) == (Result.FAILURE, "U30")
    assert read.settlement.payee is None
    assert read.txn.require("id") == s.TXN


def test_an_authorisation_names_parties_and_amount(hand_switch: HandSwitch) -> None:
    message = hand_switch.read(
        "ReqAuthDetails",
        s.head(),
        s.txn("PAY", refId="ORDER7"),
        s.party("Payer", "asha@simbank", s.amount()),
        s.payees(s.party("Payee", "teahouse@sikka", s.amount())),
    )
    read = readings.auth_details(message)
    assert (read.transaction_id, read.reference, read.msg_id) == (s.TXN, "ORDER7", s.THEIR_MSG)
    assert (read.amount, read.amount_minor) == ("1299.00", 129_900)
    assert read.payer.require("addr") == "asha@simbank"
    assert read.payee.require("addr") == "teahouse@sikka"


def test_other_kinds_of_ref_are_left_alone(hand_switch: HandSwitch) -> None:
    told = s.resp("SUCCESS", s.ref("PAYER"), s.ref("CREDITADJUSTMENT"), s.ref("PAYEE"))
    read = readings.pay_result(hand_switch.read("RespPay", s.head(), s.txn("COLLECT"), told))
    assert read.settlement.payer is not None
    assert read.settlement.payee is not None


PAY = readings.pay_result
CHECK = readings.check_result
AUTH = readings.auth_details
BROKEN: list[tuple[Callable[[Message], object], str, tuple[str, ...], str]] = [
    (PAY, "RespPay", (s.head(), s.success()), "Txn"),
    (PAY, "RespPay", (s.head(), s.txn("COLLECT")), "Resp"),
    (PAY, "RespPay", (s.head(), s.txn("ChkTxn"), s.success()), "Txn@type"),
    (PAY, "RespPay", (s.head(), s.txn("COLLECT", id="no id!"), s.success()), "Txn@id"),
    (PAY, "RespPay", (s.head(), s.txn("COLLECT", id="A" * 36), s.success()), "Txn@id"),
    (PAY, "RespPay", (s.head(), s.txn("COLLECT", custRef="12"), s.success()), "Txn@custRef"),
    (PAY, "RespPay", (s.head(), s.txn("COLLECT"), s.success(reqMsgId=None)), "reqMsgId"),
    (PAY, "RespPay", (s.head(), s.txn("COLLECT"), s.resp("MAYBE")), "Resp@result"),
    (PAY, "RespPay", (s.head(), s.txn("COLLECT"), s.failed("U 30")), "Resp@errCode"),
    (
        PAY,
        "RespPay",
        (s.head(), s.txn("COLLECT"), s.resp("SUCCESS", s.ref("PAYER"), s.ref("PAYER"))),
        "one Ref of type PAYER",
    ),
    (
        PAY,
        "RespPay",
        (s.head(), s.txn("COLLECT"), s.resp("SUCCESS", s.ref("PAYER", settAmount="12,99"))),
        "Ref@settAmount",
    ),
    (
        PAY,
        "RespPay",
        (s.head(), s.txn("COLLECT"), s.resp("SUCCESS", s.ref("PAYER", settAmount=None))),
        "settAmount",
    ),
    (
        PAY,
        "RespPay",
        (s.head(), s.txn("COLLECT"), s.resp("SUCCESS", s.ref("PAYER", settCurrency="USD"))),
        "Ref@settCurrency",
    ),
    (
        PAY,
        "RespPay",
        (s.head(), s.txn("COLLECT"), s.resp("SUCCESS", s.ref("PAYER", addr=None))),
        "addr",
    ),
    (CHECK, "RespChkTxn", (s.head(), s.txn("ChkTxn"), s.success()), "orgTxnId"),
    (
        AUTH,
        "ReqAuthDetails",
        (s.head(), s.txn("PAY"), s.party("Payer", "a@b", s.amount()), s.payees()),
        "exactly one Payee",
    ),
    (
        AUTH,
        "ReqAuthDetails",
        (
            s.head(),
            s.txn("PAY"),
            s.party("Payer", "a@b", s.amount()),
            s.payees(*[s.party("Payee", "c@d", s.amount())] * 2),
        ),
        "exactly one Payee",
    ),
    (
        AUTH,
        "ReqAuthDetails",
        (
            s.head(),
            s.txn("PAY"),
            s.party("Payer", "a@b", s.amount("1.00")),
            s.payees(s.party("Payee", "c@d", s.amount("2.00"))),
        ),
        "must agree",
    ),
    (
        readings.address_result,
        "RespValAdd",
        (s.head(), s.resp("SUCCESS"), s.txn("Hbt")),
        "Txn@type",
    ),
    (readings.heartbeat, "ReqHbt", (s.head(msgId="-"), s.txn("Hbt")), "Head@msgId"),
]


@pytest.mark.parametrize(("read", "api", "children", "named"), BROKEN)
def test_what_breaks_the_schema_is_named(
    hand_switch: HandSwitch,
    read: Callable[[Message], object],
    api: str,
    children: tuple[str, ...],
    named: str,
) -> None:
    message = hand_switch.read(api, *children)
    with pytest.raises(MalformedError, match=named):
        read(message)


def ack(inside: str, attributes: str = 'api="ReqPay" reqMsgId="SKA1"') -> AckReading:
    text = f'<upi:Ack xmlns:upi="http://npci.org/upi/schema/" {attributes}>{inside}</upi:Ack>'
    return readings.ack(parse_ack(text.encode()))


def test_an_ack_without_a_code_is_positive() -> None:
    assert ack("") == AckReading("ReqPay", "SKA1", "", "")
    assert ack("", 'api="ReqPay" reqMsgId="SKA1" err=""').code == ""


def test_an_ack_with_a_code_anywhere_is_negative() -> None:
    assert ack("", 'api="ReqPay" reqMsgId="SKA1" err="U17"').code == "U17"
    listed = "<errorMessages><errorCd>H02</errorCd><errorDtl>ver</errorDtl></errorMessages>"
    assert ack(listed) == AckReading("ReqPay", "SKA1", "H02", "ver")
    assert ack(listed * 2, 'api="ReqPay" reqMsgId="SKA1" err="U05"').code == "U05"


@pytest.mark.parametrize(
    ("inside", "attributes"),
    [
        ("<errorMessages/>", 'api="ReqPay" reqMsgId="SKA1"'),
        ("", 'api="ReqPay"'),
        ("", 'reqMsgId="SKA1"'),
    ],
)
def test_half_an_ack_is_none(inside: str, attributes: str) -> None:
    with pytest.raises(MalformedError):
        ack(inside, attributes)


def test_another_root_is_no_ack() -> None:
    with pytest.raises(MalformedError, match="Ack"):
        readings.ack(parse_ack(b'<upi:Nack xmlns:upi="http://npci.org/upi/schema/"/>'))
