"""The validation codes of the switch's front door, for the messages that a payee PSP sends.

Each check adds `Violation`s; a message with any is answered by a negative Ack that lists them all.
Codes as NPCI numbers them: H Head, HM Meta, T Txn, L Rules, S RiskScores, G heartbeat, E Resp; the
meta APIs (ReqValAdd, ReqHbt) say Z instead of H and X instead of T. The parties are in
`party_validation`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from lxml import etree

from sikka_sim.npci import grammar
from sikka_sim.npci.grammar import Predicate
from sikka_sim.npci.parse import child

PAY_TYPES = {"ReqPay": frozenset({"COLLECT", "REFUND"})}
TXN_TYPES: dict[str, frozenset[str]] = {
    "ReqPay": PAY_TYPES["ReqPay"],
    "ReqChkTxn": frozenset({"ChkTxn"}),
    "ReqValAdd": frozenset({"ValAdd"}),
    "ReqHbt": frozenset({"Hbt"}),
    "RespAuthDetails": frozenset({"PAY"}),
    "RespTxnConfirmation": frozenset({"TxnConfirmation"}),
    "RespHbt": frozenset({"Hbt"}),
}
META_APIS = frozenset({"ReqValAdd", "ReqHbt", "RespHbt"})
CHECKABLE_DAYS = 90
_EXPIRE_AFTER_MINUTES_MAX = 64_800


class Violation(NamedTuple):
    """One broken rule: NPCI's code and what is wrong, naming the field and never its value."""

    code: str
    detail: str


class Findings:
    """The violations of one message, in the order in which they were found."""

    def __init__(self) -> None:
        self.violations: list[Violation] = []

    def add(self, code: str, detail: str) -> None:
        """Note one violation."""
        self.violations.append(Violation(code, detail))

    def required(
        self, node: etree._Element, attribute: str, predicate: Predicate, code: str
    ) -> None:
        """The attribute must be there and follow its grammar."""
        value = node.get(attribute)
        if value is None or not predicate(value):
            self.add(code, f"{node.tag}@{attribute} is required and must follow its grammar")

    def optional(
        self, node: etree._Element, attribute: str, predicate: Predicate, code: str
    ) -> None:
        """The attribute, where it is given, must follow its grammar."""
        value = node.get(attribute)
        if value is not None and not predicate(value):
            self.add(code, f"{node.tag}@{attribute} does not follow its grammar")


def check_head(findings: Findings, root: etree._Element, api: str) -> None:
    """H02, H03, H06 (Z02, Z03, Z06 in meta APIs): version, time and message id."""
    prefix = "Z" if api in META_APIS else "H"
    head = child(root, "Head")
    findings.required(head, "ver", grammar.version, f"{prefix}02")
    findings.required(head, "ts", grammar.timestamp, f"{prefix}03")
    findings.required(head, "msgId", grammar.message_id, f"{prefix}06")


def check_txn(findings: Findings, root: etree._Element, api: str, now: datetime) -> None:
    """T01 to T17, IM0 and X08, X09: the transaction's identity and its references."""
    prefix = "X" if api in META_APIS else "T"
    txn = root.find("Txn")
    if txn is None:
        findings.add(f"{prefix}01", "Txn is required")
        return
    findings.required(txn, "id", grammar.message_id, f"{prefix}02")
    findings.optional(txn, "note", grammar.note, f"{prefix}03")
    findings.optional(txn, "refId", grammar.reference, f"{prefix}04")
    findings.optional(txn, "refUrl", grammar.reference_url, f"{prefix}05")
    findings.required(txn, "ts", grammar.timestamp, f"{prefix}06")
    findings.required(txn, "type", lambda value: value in TXN_TYPES[api], f"{prefix}07")
    findings.optional(txn, "custRef", grammar.rrn, "T12")
    findings.optional(txn, "purpose", grammar.two_digits, "T14")
    findings.optional(txn, "initiationMode", grammar.initiation_mode, "IM0")
    if txn.get("subType") == "MANDATE" and not txn.get("umn"):
        findings.add("T16", "Txn@umn is required for a mandate")
    _check_original(findings, txn, api)
    if api == "ReqChkTxn":
        _check_original_date(findings, txn, now)
    _check_rules(findings, txn)
    _check_scores(findings, txn)


def _check_original(findings: Findings, txn: etree._Element, api: str) -> None:
    original = txn.get("orgTxnId")
    needed = api == "ReqChkTxn" or txn.get("type") == "REFUND"
    if needed and not original:
        findings.add("T08", "Txn@orgTxnId is required")
    elif original is not None and not grammar.message_id(original):
        findings.add("T09", "Txn@orgTxnId must be alphanumeric, 1 to 35 characters")
    elif original is not None and txn.get("type") == "COLLECT":
        findings.add("T10", "Txn@orgTxnId does not apply to this type")


def _check_original_date(findings: Findings, txn: etree._Element, now: datetime) -> None:
    value = txn.get("orgTxnDate")
    if value is None or not (grammar.timestamp(value)):
        findings.add("X08", "Txn@orgTxnDate is required, ISO 8601 with zone")
        return
    if now - datetime.fromisoformat(value) > timedelta(days=CHECKABLE_DAYS):
        findings.add("X09", f"Txn@orgTxnDate lies more than {CHECKABLE_DAYS} days back")


def _check_rules(findings: Findings, txn: etree._Element) -> None:
    rules = txn.find("Rules")
    if rules is None:
        return
    if not len(rules):
        findings.add("L01", "Rules must hold a Rule")
    for rule in rules:
        name, value = rule.get("name", ""), rule.get("value", "")
        if name == "MINAMOUNT":
            if not grammar.amount(value):
                findings.add("L03", "MINAMOUNT must be rupees with two decimals")
        elif name == "EXPIREAFTER":
            if not grammar.minutes(value) or int(value) > _EXPIRE_AFTER_MINUTES_MAX:
                findings.add("L04", "EXPIREAFTER must be minutes, 1 to 64800")
        else:
            findings.add("L02", "Rule@name must be EXPIREAFTER or MINAMOUNT")


def _check_scores(findings: Findings, txn: etree._Element) -> None:
    for value in txn.iterfind("RiskScores/Score"):
        findings.required(value, "provider", grammar.short_text, "S01")
        findings.required(value, "type", grammar.short_text, "S02")
        findings.required(value, "value", grammar.score, "S03")


def check_meta(findings: Findings, root: etree._Element) -> None:
    """HM1, HM2: the tags of Meta and their times."""
    for tag in root.iterfind("Meta/Tag"):
        if tag.get("name") not in ("PAYREQSTART", "PAYREQEND"):
            findings.add("HM1", "Meta/Tag@name must be PAYREQSTART or PAYREQEND")
        findings.required(tag, "value", grammar.timestamp, "HM2")


def check_resp(findings: Findings, root: etree._Element) -> None:
    """E01 to E06: the answer in a response that a PSP sends."""
    resp = root.find("Resp")
    if resp is None:
        findings.add("E01", "Resp is required")
        return
    findings.required(resp, "reqMsgId", grammar.message_id, "E02")
    findings.required(resp, "result", grammar.result, "E03")
    outcome, code = resp.get("result", ""), resp.get("errCode") or ""
    if outcome == "FAILURE" and not code:
        findings.add("E04", "Resp@errCode is required when the result is FAILURE")
    if outcome != "FAILURE" and code:
        findings.add("E05", "Resp@errCode is only for a result FAILURE")
    if outcome not in ("SUCCESS", "FAILURE"):
        findings.add("E06", "Resp@result must be SUCCESS or FAILURE")


def check_heartbeat(findings: Findings, root: etree._Element) -> None:
    """G01 to G03: the heartbeat's message."""
    message = root.find("HbtMsg")
    if message is None:
        findings.add("G01", "HbtMsg is required")
        return
    if message.get("type") not in ("ALIVE", "EOD"):
        findings.add("G02", "HbtMsg@type must be ALIVE or EOD")
    findings.required(message, "value", grammar.short_text, "G03")
