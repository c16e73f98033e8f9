from __future__ import annotations

import pytest

from sikka.domain.catalogue import CATALOGUE, ErrorType
from sikka.rails.upi import codes

SWITCH = [f"U{number:02d}" for number in range(1, 100) if number not in (73, 79, 83)]
BANK_CODES = """
15 59 K1 ZI AM B1 B3 B6 CA CI DF DT FL FP HS IC ID IE IR UB LC LD MR MB NO PS UA UP X6 X7 XB XC
XD XE XF XG XH XI XJ XK XL XM XN XO XP XQ XR XS XT XU XV XW XX XY Y1 YA YB YC YD YE YF YH YI Z5
Z6 Z7 Z8 Z9 ZC ZJ ZK ZL ZQ ZV ZD ZF ZM ZN ZO ZP ZR ZS ZT ZU ZX ZY SD CN IV PE RD IN RA S0 S1 S2
S3 SA TM UX VX X1 YG ZA ZB ZE ZG ZH 21 32 BT RB RP RR UT 96 CS NC OC ND OD
"""
BANK = BANK_CODES.split()
OTHERS = ["M16", "S93", "S94", "S95", "S96", "S97", "S98", "HS1", "HS2", "HS3"]
MANDATES = [f"Q{chr(letter)}" for letter in range(ord("A"), ord("U") + 1)]


@pytest.mark.parametrize("code", [*SWITCH, *BANK, *OTHERS, *MANDATES])
def test_every_code_of_the_network_has_words_in_the_catalogue(code: str) -> None:
    entry = CATALOGUE[codes.CATALOGUE_CODES[code]]
    assert entry.type is ErrorType.UPI
    assert entry.http_status == 402


def test_no_code_has_two_meanings() -> None:
    written = [code for listed in codes._MEANINGS.values() for code in listed.split()]
    assert len(written) == len(set(written))


@pytest.mark.parametrize(
    ("error", "payer", "payee", "decisive", "meaning"),
    [
        ("U30", "Z9", "", "Z9", "insufficient_funds"),
        ("U30", "ZM", "", "ZM", "incorrect_pin"),
        ("U30", "Z6", "", "Z6", "incorrect_pin"),
        ("U30", "", "", "U30", "payment_declined"),
        ("U30", "Q9", "", "U30", "payment_declined"),
        ("U19", "ZA", "", "ZA", "payment_cancelled"),
        ("U19", "", "YG", "U19", "payment_declined"),
        ("U29", "ZH", "", "ZH", "invalid_vpa"),
        ("U29", "ZE", "", "ZE", "vpa_not_permitted"),
        ("U29", "", "ZH", "U29", "invalid_vpa"),
        ("U69", "X1", "", "U69", "payment_collect_request_expired"),
        ("U16", "K1", "", "U16", "risk_declined"),
        ("U28", "XY", "", "U28", "bank_technical_error"),
        ("U09", "", "", "U09", "bank_technical_error"),
        ("U67", "UT", "", "U67", "bank_technical_error"),
        ("U90", "", "", "U90", "bank_technical_error"),
        ("U31", "21", "YF", "YF", "beneficiary_declined"),
        ("U31", "21", "BT", "BT", "beneficiary_technical_error"),
        ("U31", "21", "Z8", "U31", "beneficiary_declined"),
        ("U31", "00", "XI", "XI", "beneficiary_declined"),
        ("", "ZX", "00", "ZX", "account_unusable"),
        ("", "00", "XI", "XI", "beneficiary_declined"),
        ("", "", "", "", "payment_declined"),
        ("U73", "", "", "U73", "payment_declined"),
        ("U02", "", "", "U02", "limit_exceeded"),
        ("U51", "XB", "XB", "U51", "original_not_found"),
    ],
)
def test_the_code_that_says_why_decides(
    error: str, payer: str, payee: str, decisive: str, meaning: str
) -> None:
    assert codes.decisive(error, payer, payee) == decisive
    assert codes.failure_code(decisive) == meaning


@pytest.mark.parametrize("code", ["H02", "T08", "PM0", "E14", "V03", "Z99"])
def test_a_refusal_for_a_broken_rule_is_a_rejection(code: str) -> None:
    assert codes.refusal_code(code) == "rail_rejected"


def test_a_refusal_keeps_its_own_meaning() -> None:
    assert codes.refusal_code("U16") == "risk_declined"
