"""The messages that the switch sends to a PSP, as text before signing."""

from __future__ import annotations

from collections.abc import Mapping

from sikka_sim.money import rupees
from sikka_sim.npci.xml_text import document, element
from sikka_sim.rail.engine import Telling
from sikka_sim.rail.legs import Decision
from sikka_sim.rail.transaction import Party, Transaction, customer
from sikka_sim.scripts import script_of

SWITCH_ORG_ID = "NPCI"
CURRENCY = "INR"


class Writer:
    """Writes one message: it carries what every head needs.

    Args:
        version: ``Head@ver``.
        timestamp: ISO 8601 with zone.
        message_id: ``Head@msgId``.
        org_id: ``Head@orgId``; the switch's own but in a fault.
    """

    def __init__(
        self, version: str, timestamp: str, message_id: str, org_id: str = SWITCH_ORG_ID
    ) -> None:
        self._timestamp = timestamp
        self._head = element(
            "Head", {"ver": version, "ts": timestamp, "orgId": org_id, "msgId": message_id}
        )

    def resp_pay(self, telling: Telling) -> str:
        """RespPay: the outcome of a COLLECT or REFUND for the PSP that asked."""
        transaction, decision = telling.transaction, telling.decision
        resp = element(
            "Resp",
            {
                "reqMsgId": transaction.request_id,
                "result": decision.status,
                "errCode": decision.error_code,
                "approvalNum": transaction.approval or None,
            },
            *references(telling),
        )
        return document("RespPay", self._head, self._txn(transaction, transaction.kind), resp)

    def auth_details(self, transaction: Transaction, mode: str) -> str:
        """ReqAuthDetails: asks the payee's PSP whether it takes a payment."""
        amount = element("Amount", {"value": rupees(transaction.amount_minor), "curr": CURRENCY})
        return document(
            "ReqAuthDetails",
            self._head,
            self._txn(transaction, "PAY", initiationMode=mode, initiatedBy="PAYER"),
            element("Payer", _party(transaction.payer), amount),
            element("Payees", {}, element("Payee", _party(transaction.payee), amount)),
        )

    def txn_confirmation(self, telling: Telling) -> str:
        """ReqTxnConfirmation: tells the payee's PSP how a payment ended."""
        transaction, decision = telling.transaction, telling.decision
        confirmation = element(
            "TxnConfirmation",
            {
                "note": transaction.note,
                "orgStatus": decision.status,
                "orgErrCode": decision.error_code,
                "type": "PAY",
            },
            *references(telling),
        )
        txn = self._txn(transaction, "TxnConfirmation", orgTxnId=transaction.id)
        return document("ReqTxnConfirmation", self._head, txn, confirmation)

    def resp_chk_txn(
        self, check: Mapping[str, str], request_id: str, original: Transaction | None
    ) -> str:
        """RespChkTxn: what the switch knows of a transaction.

        Args:
            check: attributes of the question's ``Txn``.
            request_id: ``Head@msgId`` of the question.
            original: the transaction, None when the switch has none (U48).
        """
        attributes: dict[str, str | None] = {
            "id": check["id"],
            "note": check.get("note"),
            "refId": check.get("refId"),
            "ts": self._timestamp,
            "type": "ChkTxn",
            "orgTxnId": check["orgTxnId"],
            "orgTxnDate": check.get("orgTxnDate"),
            "custRef": original.rrn if original else None,
            "orgRrn": original.rrn if original else None,
        }
        return document(
            "RespChkTxn",
            self._head,
            element("Txn", attributes),
            _check_resp(request_id, original),
        )

    def resp_val_add(self, txn: Mapping[str, str], request_id: str, address: str) -> str:
        """RespValAdd: the name behind a VPA, or ZH when there is none."""
        party = customer(address)
        if _has_no_owner(address):
            resp = element("Resp", {"reqMsgId": request_id, "result": "FAILURE", "errCode": "ZH"})
        else:
            attributes = {
                "reqMsgId": request_id,
                "result": "SUCCESS",
                "errCode": "",
                "maskName": party.name,
                "code": party.code,
                "type": party.kind,
                "IFSC": party.ifsc,
                "accType": party.account_type,
            }
            features = element("FeatureSupported", {"value": "01"})
            resp = element("Resp", attributes, features)
        return document("RespValAdd", self._head, resp, self._echo(txn, "ValAdd"))

    def resp_hbt(self, txn: Mapping[str, str], request_id: str) -> str:
        """RespHbt: the switch is alive."""
        resp = element("Resp", {"reqMsgId": request_id, "result": "SUCCESS", "errCode": ""})
        return document("RespHbt", self._head, resp, self._echo(txn, "Hbt"))

    def req_hbt(self, transaction_id: str) -> str:
        """ReqHbt: asks a PSP whether it is alive."""
        txn = {"id": transaction_id, "note": "heartbeat", "ts": self._timestamp, "type": "Hbt"}
        message = element("HbtMsg", {"type": "ALIVE", "value": "NA"})
        return document("ReqHbt", self._head, element("Txn", txn), message)

    def _txn(self, transaction: Transaction, kind: str, **more: str) -> str:
        attributes: dict[str, str | None] = {
            "id": transaction.id,
            "note": transaction.note or None,
            "refId": transaction.reference or None,
            "ts": self._timestamp,
            "type": kind,
            "custRef": transaction.rrn,
            "orgTxnId": transaction.original_id,
            **more,
        }
        return element("Txn", attributes)

    def _echo(self, txn: Mapping[str, str], kind: str) -> str:
        attributes: dict[str, str | None] = {
            "id": txn["id"],
            "note": txn.get("note"),
            "refId": txn.get("refId"),
            "ts": self._timestamp,
            "type": kind,
        }
        return element("Txn", attributes)


def _has_no_owner(address: str) -> bool:
    refusal = script_of(address).refusal
    return refusal is not None and refusal[1] == "ZH"


def _party(party: Party) -> dict[str, str | None]:
    return {
        "addr": party.address,
        "name": party.name,
        "seqNum": "1",
        "type": party.kind,
        "code": party.code,
    }


def _check_resp(request_id: str, original: Transaction | None) -> str:
    if original is None:
        absent = {"reqMsgId": request_id, "result": "FAILURE", "errCode": "U48", "txnRespCode": ""}
        return element("Resp", absent)
    if original.status == "PENDING":
        waiting = {"reqMsgId": request_id, "result": "PARTIAL", "errCode": "", "txnRespCode": ""}
        return element("Resp", waiting)
    decision = Decision(
        original.status, original.error_code, original.payer_code, original.payee_code
    )
    truth = Telling(original, decision, original.amount_minor, original.payee.address)
    attributes: dict[str, str | None] = {
        "reqMsgId": request_id,
        "result": original.status,
        "errCode": original.error_code,
        "txnRespCode": _response_code(decision),
        "approvalNum": original.approval or None,
    }
    return element("Resp", attributes, *references(truth))


def _response_code(decision: Decision) -> str:
    """The one response code of a transaction: the payer's unless it went well or was put back."""
    if decision.payer_code in ("00", "21"):
        return decision.payee_code
    return decision.payer_code


def references(telling: Telling) -> tuple[str, str]:
    """The ``Ref`` of payer and payee, every attribute given; a failure settles nothing (E14)."""
    transaction, decision = telling.transaction, telling.decision
    settled = "0.00" if decision.status == "FAILURE" else rupees(telling.settled_minor)

    def reference(kind: str, party: Party, address: str, response_code: str) -> str:
        attributes: dict[str, str | None] = {
            "type": kind,
            "seqNum": "1",
            "addr": address,
            "settAmount": settled,
            "settCurrency": CURRENCY,
            "approvalNum": transaction.approval,
            "respCode": response_code,
            "regName": party.name,
            "orgAmount": rupees(transaction.amount_minor),
            "acNum": party.account,
            "IFSC": party.ifsc,
            "code": party.code,
            "accType": party.account_type,
        }
        return element("Ref", attributes)

    payer, payee = transaction.payer, transaction.payee
    return (
        reference("PAYER", payer, payer.address, decision.payer_code),
        reference("PAYEE", payee, telling.payee_address, decision.payee_code),
    )
