"""The validation codes of a payment's parties.

R Payer, B Payee, I Info, D Device, A Ac, C Creds, V Amount, M agreement of amounts, PM and PN
Merchant.
"""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from sikka_sim.money import paise
from sikka_sim.npci import grammar
from sikka_sim.npci.validation import Findings

_ACCOUNT_TYPES = frozenset(
    {
        "SAVINGS",
        "CURRENT",
        "DEFAULT",
        "NRE",
        "NRO",
        "CREDIT",
        "PPIWALLET",
        "BANKWALLET",
        "SOD",
        "UOD",
    }
)
_ACCOUNT_DETAILS = {
    "IFSC": grammar.ifsc,
    "ACTYPE": lambda value: value in _ACCOUNT_TYPES,
    "ACNUM": grammar.account_number,
}
_UNSUPPORTED_ADDRESSES = {"AADHAAR": "A11", "MOBILE": "A12", "CARD": "A13"}
_DEVICE_TAGS = frozenset(
    {"MOBILE", "GEOCODE", "LOCATION", "IP", "TYPE", "ID", "OS", "APP", "CAPABILITY", "TELECOM"}
)
_IDENTITIES = frozenset({"ACCOUNT", "PAN", "BANK", "AADHAAR"})
_CREDENTIALS = frozenset(
    {"PIN", "OTP", "CARD", "AADHAAR", "PreApproved", "Challenge", "UPI-Mandate"}
)
_OWNERSHIPS = frozenset({"PROPRIETARY", "PARTNERSHIP", "PRIVATE", "PUBLIC", "OTHERS"})
_ENUMERATIONS = (
    ("merchantType", frozenset({"SMALL", "LARGE"}), "PM3"),
    ("merchantGenre", frozenset({"ONLINE", "OFFLINE"}), "PM4"),
    ("onBoardingType", frozenset({"BANK", "AGGREGATOR", "NETWORK", "TPAP"}), "PM5"),
)


@dataclass(frozen=True, slots=True)
class Duties:
    """What a party must bring: its device, its account, its credentials."""

    device: bool = False
    account: bool = False
    credentials: bool = False


_PAYER_DUTIES = {
    "COLLECT": Duties(),
    "REFUND": Duties(device=True, account=True, credentials=True),
    "PAY": Duties(),
}
_PAYEE_DUTIES = {
    "COLLECT": Duties(device=True, account=True),
    "REFUND": Duties(),
    "PAY": Duties(account=True),
}


def check_parties(findings: Findings, root: etree._Element, kind: str) -> None:
    """R, B, I, D, A, C, V, M and P codes of a payment's two parties.

    Args:
        findings: where violations go.
        root: ReqPay or RespAuthDetails.
        kind: COLLECT, REFUND or PAY; it decides who must bring what.
    """
    payer, payees = root.find("Payer"), root.findall("Payees/Payee")
    if payer is None:
        findings.add("R01", "Payer is required")
    else:
        _check_party(findings, payer, "R", _PAYER_DUTIES[kind])
        if kind == "COLLECT" and payer.find("Creds") is not None:
            findings.add("C11", "Creds must not be sent in a collect request")
    if not payees:
        findings.add("B01", "Payees/Payee is required")
    if len(payees) > 1:
        findings.add("B09", "multiple payees are not allowed")
    for payee in payees:
        _check_party(findings, payee, "B", _PAYEE_DUTIES[kind])
    if kind == "PAY" and root.find("Payer/Institution") is not None:
        findings.add("T20", "Institution is not allowed in RespAuthDetails")
    if payer is not None and len(payees) == 1:
        _check_totals(findings, payer, payees[0])


def check_address(findings: Findings, root: etree._Element) -> None:
    """J01, J02 of ReqValAdd: whose address is asked for; P02 where the asking party is named."""
    payee = root.find("Payee")
    if payee is None:
        findings.add("J01", "Payee is required")
    else:
        findings.required(payee, "addr", grammar.vpa, "J02")
    payer = root.find("Payer")
    if payer is not None:
        findings.required(payer, "addr", grammar.vpa, "P02")


def _check_party(findings: Findings, party: etree._Element, prefix: str, duties: Duties) -> None:
    findings.required(party, "addr", grammar.vpa, f"{prefix}02")
    findings.optional(party, "name", grammar.name, f"{prefix}03")
    findings.required(party, "seqNum", grammar.sequence_number, f"{prefix}04")
    findings.required(party, "type", lambda v: v in ("PERSON", "ENTITY"), f"{prefix}05")
    findings.required(party, "code", grammar.category_code, f"{prefix}06")
    _check_info(findings, party)
    _check_device(findings, party, duties)
    _check_account(findings, party, duties)
    if duties.credentials or party.find("Creds") is not None:
        _check_credentials(findings, party)
    _check_amount(findings, party)
    _check_merchant(findings, party)


def _check_info(findings: Findings, party: etree._Element) -> None:
    info = party.find("Info")
    if info is None:
        return
    identity, rating = info.find("Identity"), info.find("Rating")
    if identity is None:
        findings.add("I01", "Info/Identity is required")
    else:
        findings.required(identity, "type", lambda v: v in _IDENTITIES, "I02")
        findings.required(identity, "verifiedName", grammar.name, "I03")
    if rating is not None:
        findings.required(rating, "verifiedAddress", lambda v: v in ("TRUE", "FALSE"), "I05")


def _check_device(findings: Findings, party: etree._Element, duties: Duties) -> None:
    device = party.find("Device")
    if device is None or not len(device):
        if duties.device:
            findings.add("D01", f"{party.tag}/Device is required of the initiating party")
        return
    for tag in device:
        findings.required(tag, "name", lambda v: v in _DEVICE_TAGS, "D02")
        findings.required(tag, "value", grammar.name, "D03")


def _check_account(findings: Findings, party: etree._Element, duties: Duties) -> None:
    account = party.find("Ac")
    if account is None:
        if duties.account:
            findings.add("A01", f"{party.tag}/Ac is required")
        return
    address = account.get("addrType", "")
    if address in _UNSUPPORTED_ADDRESSES:
        findings.add(_UNSUPPORTED_ADDRESSES[address], f"address type {address} is not supported")
        return
    if address != "ACCOUNT":
        findings.add("A02", "Ac@addrType must be ACCOUNT")
        return
    details = {node.get("name", ""): node.get("value", "") for node in account}
    for (name, predicate), code in zip(
        _ACCOUNT_DETAILS.items(), ("A03", "A04", "A05"), strict=True
    ):
        if not predicate(details.pop(name, "")):
            findings.add(code, f"Ac/Detail {name} is required and must follow its grammar")
    if details:
        findings.add("A06", "Ac/Detail has a name that an account does not have")


def _check_credentials(findings: Findings, party: etree._Element) -> None:
    credentials = party.findall("Creds/Cred")
    if not credentials:
        findings.add("C01", f"{party.tag}/Creds is required")
    for credential in credentials:
        findings.required(credential, "type", lambda v: v in _CREDENTIALS, "C02")
        findings.required(credential, "subType", grammar.short_text, "C03")
        data = credential.find("Data")
        if data is None or not (data.text or "").strip():
            findings.add("C04", "Cred/Data is required")


def _check_amount(findings: Findings, party: etree._Element) -> None:
    amount = party.find("Amount")
    if amount is None:
        findings.add("V01", f"{party.tag}/Amount is required")
        return
    findings.required(amount, "curr", lambda v: v == "INR", "V02")
    findings.required(amount, "value", grammar.amount, "V03")


def _check_merchant(findings: Findings, party: etree._Element) -> None:
    merchant = party.find("Merchant")
    if party.get("type") == "PERSON":
        if merchant is not None:
            findings.add("PN0", f"{party.tag}/Merchant is not allowed for a PERSON")
        if party.get("code") != "0000":
            findings.add("PN1", f"{party.tag}@code of a PERSON must be 0000")
    if party.get("type") != "ENTITY":
        return
    if merchant is None:
        findings.add("PM0", f"{party.tag}/Merchant is required for an ENTITY")
        return
    identifier, names = merchant.find("Identifier"), merchant.find("Name")
    if identifier is None or not identifier.get("mid"):
        findings.add("PM1", "Merchant/Identifier@mid is required")
    else:
        for attribute, allowed, code in _ENUMERATIONS:
            findings.optional(identifier, attribute, allowed.__contains__, code)
    if names is None:
        findings.add("PM6", "Merchant/Name is required")
    else:
        findings.required(names, "brand", grammar.short_text, "PM7")
        findings.required(names, "legal", grammar.short_text, "PM8")
    ownership = merchant.find("Ownership")
    if ownership is None or ownership.get("type") not in _OWNERSHIPS:
        findings.add("PM9", "Merchant/Ownership@type is required and must be a known form")


def _check_totals(findings: Findings, payer: etree._Element, payee: etree._Element) -> None:
    paid, received = payer.find("Amount"), payee.find("Amount")
    if paid is None or received is None:
        return
    if paid.get("curr") != received.get("curr"):
        findings.add("M02", "payer and payee must use one currency")
    try:
        differs = paise(paid.get("value", "")) != paise(received.get("value", ""))
    except ValueError:
        return  # V03 says so already.
    if differs:
        findings.add("M01", "the payees' amounts must add up to the payer's")
