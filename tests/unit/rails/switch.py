"""Messages of the switch, written by hand and signed by another library than ours."""

from __future__ import annotations

from collections.abc import Mapping

from sikka_core import KeyRing, Message, VerifyingKey, verify_message
from sikka_sim.keys import KeyPair
from sikka_sim.npci.xml_text import document, element
from sikka_sim.npci.xmldsig import SigningKey

TS = "2026-11-23T15:30:00.000+05:30"
TXN = "SKA019AA9871E7000700000000000000001"
CHECK = "SKAC0000000000000000000000000000001"
OUR_MSG = "SKA0000000000000000000000000000000A"
THEIR_MSG = "SIM0000000000000000000000000000000B"
RRN = "632700000001"

Attributes = Mapping[str, str | None]


def head(**changed: str | None) -> str:
    facts: dict[str, str | None] = {
        "ver": "2.0",
        "ts": TS,
        "orgId": "NPCI",
        "msgId": THEIR_MSG,
    }
    return element("Head", facts | changed)


def txn(kind: str, **changed: str | None) -> str:
    facts: dict[str, str | None] = {"id": TXN, "ts": TS, "type": kind, "custRef": RRN}
    return element("Txn", facts | changed)


def ref(kind: str, **changed: str | None) -> str:
    address = "asha@simbank" if kind == "PAYER" else "TeaHouse@sikka"
    facts: dict[str, str | None] = {
        "type": kind,
        "seqNum": "1",
        "addr": address,
        "settAmount": "1299.00",
        "settCurrency": "INR",
        "approvalNum": "123456" if kind == "PAYER" else "654321",
        "respCode": "00",
        "regName": "Somebody",
    }
    return element("Ref", facts | changed)


def resp(result: str, *references: str, **changed: str | None) -> str:
    facts: dict[str, str | None] = {"reqMsgId": OUR_MSG, "result": result, "errCode": ""}
    return element("Resp", facts | changed, *references)


def failed(error: str, payer: str = "", payee: str = "", **changed: str | None) -> str:
    references = (
        ref("PAYER", settAmount="0.00", respCode=payer, approvalNum=""),
        ref("PAYEE", settAmount="0.00", respCode=payee, approvalNum=""),
    )
    return resp("FAILURE", *references, errCode=error, **changed)


def success(**changed: str | None) -> str:
    return resp("SUCCESS", ref("PAYER"), ref("PAYEE"), **changed)


def confirmation(status: str, *references: str, **changed: str | None) -> str:
    facts: dict[str, str | None] = {"orgStatus": status, "orgErrCode": "", "type": "PAY"}
    return element("TxnConfirmation", facts | changed, *references)


def party(tag: str, address: str, *children: str, **changed: str | None) -> str:
    facts: dict[str, str | None] = {
        "addr": address,
        "name": "Somebody",
        "seqNum": "1",
        "type": "PERSON",
        "code": "0000",
    }
    return element(tag, facts | changed, *children)


def amount(value: str = "1299.00", currency: str = "INR") -> str:
    return element("Amount", {"value": value, "curr": currency})


def payees(*children: str) -> str:
    return element("Payees", {}, *children)


class HandSwitch:
    """Signs messages as the switch, and reads them as we do."""

    def __init__(self, keys: KeyPair) -> None:
        self._key = SigningKey(keys)
        self._ring = KeyRing([("NPCI", VerifyingKey.from_pem(keys.certificate_pem), 0, 1 << 40)])

    def signed(self, api: str, *children: str) -> bytes:
        return self._key.sign(document(api, *children))

    def read(self, api: str, *children: str) -> Message:
        return verify_message(self.signed(api, *children), self._ring, 1_800_000_000)
