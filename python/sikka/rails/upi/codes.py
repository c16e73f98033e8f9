"""NPCI's codes in the words of the catalogue.

Switch codes (U…) and bank codes from NPCI's "UPI Error and Response Codes". Codes of the remitter
(the payer's bank) and of the beneficiary (the payee's bank) come in pairs, which is why XH is about
the customer and XI about the merchant.
"""

from __future__ import annotations

_MEANINGS: dict[str, str] = {
    "insufficient_funds": "Z9",
    "incorrect_pin": "ZM Z6",
    "payment_cancelled": "ZA",
    "payment_collect_request_expired": "U69 X1",
    "invalid_vpa": "U29 ZH UX",
    "vpa_not_permitted": "U95 U96 ZE ZG RA SA TM",
    "limit_exceeded": "U02 FL FP PS Z7 Z8 ZU",
    "account_unusable": "U74 U75 B3 MR XH XL XN XP XR YA YE ZX",
    "risk_declined": "U16 U66 M16 59 K1 ZI CA CI XV S0 S1 S2 S3",
    "bank_technical_error": (
        "U03 U09 U18 U20 U27 U28 U33 U40 U41 U42 U43 U67 U80 U81 U85 U86 U87 U90 U92 U93 "
        "15 HS IR LC LD UA UP XT XY YI ZN ZO ZP RP RR UT ND OD"
    ),
    "beneficiary_technical_error": (
        "U26 U32 U68 U78 U82 U84 U88 U89 U91 U94 BT RB UB X7 XU Y1 96 CS NC OC"
    ),
    "beneficiary_declined": "U31 U34 21 32 CD MB XI XK XM XO XQ XS XW YB YD YF Z5 ZY",
    "network_technical_error": (
        "U08 U13 U14 U15 U22 U23 U24 U25 U53 U70 U72 U97 U98 U99 "
        "S93 S94 S95 S96 S97 S98 HS1 HS2 HS3"
    ),
    "rail_rejected": (
        "U04 U05 U06 U07 U10 U11 U12 U17 U21 U44 U45 U50 U52 U54 U55 U56 U57 U58 U59 U60 U61 U62 "
        "U71 U76 U77 B6 VX X6 XD XE XF XG YG YH ZB ZD"
    ),
    "duplicate_transaction": "U01 U35 U36 U37 U38 DF DT",
    "transaction_not_found": "U46 U47 U48 U49 NO",
    "original_not_found": "U51",
    "payment_declined": (
        "U19 U30 U39 U63 U64 U65 AM B1 IC ID IE XB XC XJ XX YC "
        "ZC ZF ZJ ZK ZL ZQ ZR ZS ZT ZV SD CN IV PE RD IN "
        "QA QB QC QD QE QF QG QH QI QJ QK QL QM QN QO QP QQ QR QS QT QU"
    ),
}

CATALOGUE_CODES: dict[str, str] = {
    code: meaning for meaning, codes in _MEANINGS.items() for code in codes.split()
}
"""NPCI's code -> the catalogue's."""

APPROVED = "00"

# Each says only which step failed; why, the party's own code says.
_PAYER_STEPS = frozenset({"U19", "U29", "U30", "U39"})
_PAYEE_STEPS = frozenset({"U31", "U34"})

# Codes with which a bank's answer is still missing, whatever the result says besides FAILURE.
DEEMED_CODES = frozenset({"BT", "RB", "96"})

# The rail's word that it never had the original of a check. NO is a bank's.
NOT_FOUND_CODES = frozenset({"U48", "NO"})

# A refusal with one of these does not say that nothing was taken: the first five mean that the
# switch has the transaction already, U08 that it does not know itself.
UNDECIDED_REFUSALS = frozenset({"U01", "U35", "U36", "U37", "U38", "U08"})


def decisive(error_code: str, payer_code: str, payee_code: str) -> str:
    """Return the one of a failure's codes that says why.

    Args:
        error_code: `Resp@errCode`.
        payer_code, payee_code: `Ref@respCode` of the parties, "" where there is none.
    """
    payer = "" if payer_code == APPROVED else payer_code
    payee = "" if payee_code == APPROVED else payee_code
    if error_code in _PAYEE_STEPS:
        about_payee = CATALOGUE_CODES.get(payee, "").startswith("beneficiary_")
        return payee if about_payee else error_code
    if error_code in _PAYER_STEPS:
        return payer if payer in CATALOGUE_CODES else error_code
    if error_code in CATALOGUE_CODES:
        return error_code
    return next((code for code in (payer, payee) if code in CATALOGUE_CODES), error_code)


def failure_code(code: str) -> str:
    """The catalogue's code of a failure; a code that nobody has heard of is a plain decline."""
    return CATALOGUE_CODES.get(code, "payment_declined")


def refusal_code(code: str) -> str:
    """The catalogue's code of a negative Ack; validation codes (H02, T08, …) are rejections."""
    return CATALOGUE_CODES.get(code, "rail_rejected")
