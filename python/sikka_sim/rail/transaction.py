"""A transaction as the rail knows it: the truth with which a gateway's database is compared."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Literal

from sikka_sim.money import rupees
from sikka_sim.scripts import Script

Kind = Literal["COLLECT", "PAY", "REFUND"]
Status = Literal["PENDING", "SUCCESS", "FAILURE", "DEEMED"]
FINAL = frozenset({"SUCCESS", "FAILURE"})


@dataclass(frozen=True, slots=True)
class Party:
    """Payer or payee with the account behind the address.

    Attributes:
        address: the VPA.
        name: the registered name.
        kind: PERSON or ENTITY.
        code: ``0000`` or the merchant category.
        ifsc, account, account_type: the account.
    """

    address: str
    name: str
    kind: str = "PERSON"
    code: str = "0000"
    ifsc: str = "SIMB0000001"
    account: str = ""
    account_type: str = "SAVINGS"

    @property
    def bank(self) -> str:
        """The party's bank: the handle of its address."""
        return self.address.partition("@")[2].lower()


def customer(address: str) -> Party:
    """The person behind a VPA at the simulated bank; name and account follow from the address."""
    local = address.partition("@")[0]
    number = int.from_bytes(sha256(address.lower().encode()).digest()[:6], "big")
    return Party(address, local.replace(".", " ").title(), account=f"{number:016d}"[-16:])


@dataclass(slots=True)
class Transaction:
    """One payment or refund on the rail, with the money it moved, in paise.

    Attributes:
        id: the UPI transaction id.
        owner: who asked for it: an organisation's id, or a merchant's at the sponsor bank.
        request_id: ``Head@msgId`` of the request, echoed as ``Resp@reqMsgId``.
        error_code: NPCI's reason of a failure, empty otherwise.
        payer_code, payee_code: response codes of the two parties, empty when a bank was not
            reached.
        debited_minor, credited_minor, reversed_minor: what the banks really did.
        original_id: of a refund, the payment that it returns.
        refund_ids: of a payment, its refunds.
        steps: what happened between switch and banks, in order, such as ``DEBIT 00``.
        answers: what was told to the owner: (api, acknowledged).
        checks: how often the owner asked for the status.
        messages: how many messages over the wire were about it.
        confirmed: whether the payee's PSP has answered ReqTxnConfirmation.
        settling: whether the banks are at work on it.
    """

    id: str
    kind: Kind
    owner: str
    request_id: str
    amount_minor: int
    payer: Party
    payee: Party
    rrn: str
    script: Script
    created_at: datetime
    note: str = ""
    reference: str = ""
    original_id: str | None = None
    expires_after_minutes: float = 30.0
    status: Status = "PENDING"
    error_code: str = ""
    payer_code: str = ""
    payee_code: str = ""
    approval: str = ""
    debited_minor: int = 0
    credited_minor: int = 0
    reversed_minor: int = 0
    refunded_minor: int = 0
    decided_at: datetime | None = None
    refund_ids: list[str] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    answers: list[tuple[str, bool]] = field(default_factory=list)
    checks: int = 0
    messages: int = 0
    confirmed: bool = False
    settling: bool = False

    @property
    def customer(self) -> Party:
        """The party on the customer's side: payee of a refund, payer of everything else."""
        return self.payee if self.kind == "REFUND" else self.payer

    def as_json(self) -> dict[str, object]:
        """The transaction as the control interface shows it; amounts in rupees."""
        return {
            "id": self.id,
            "type": self.kind,
            "owner": self.owner,
            "status": self.status,
            "error_code": self.error_code,
            "payer_code": self.payer_code,
            "payee_code": self.payee_code,
            "amount": rupees(self.amount_minor),
            "payer": self.payer.address,
            "payee": self.payee.address,
            "rrn": self.rrn,
            "reference": self.reference,
            "note": self.note,
            "script": self.script.name,
            "debited": rupees(self.debited_minor),
            "credited": rupees(self.credited_minor),
            "reversed": rupees(self.reversed_minor),
            "refunded": rupees(self.refunded_minor),
            "refunds": list(self.refund_ids),
            "original_id": self.original_id,
            "steps": list(self.steps),
            "answers": [{"api": api, "acknowledged": acked} for api, acked in self.answers],
            "checks": self.checks,
            "messages": self.messages,
            "confirmed": self.confirmed,
            "created_at": self.created_at.isoformat(),
            "decided_at": self.decided_at.isoformat() if self.decided_at else None,
        }
