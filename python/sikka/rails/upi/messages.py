"""The messages that we begin: ReqPay, ReqChkTxn, ReqValAdd, ReqHbt (UPI API, §ReqPay and on).

Each function returns the children of the root, ready for `sikka_core.sign_message`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

from sikka.domain.merchant import Merchant
from sikka.domain.payment import Payment, UpiTransaction
from sikka.domain.refund import Refund
from sikka.rails.upi import blocks
from sikka.rails.upi.config import NpciConfig
from sikka_core import XmlNode

# NPCI's schema takes an expiry of at most 45 days.
EXPIRE_AFTER_MINUTES_MAX = 64_800

# Nothing special about how the payment began, or what it is for.
_DEFAULT_MODE = "00"
_DEFAULT_PURPOSE = "00"


def expire_after_minutes(now: datetime, expires_at: datetime | None) -> int:
    """Whole minutes until the customer's time is over, rounded up, within what the rail takes.

    Rounded up because a request that ends on the rail before it ends here would expire a customer
    who is still in time; the other way about is a late success, which has its own treatment.
    """
    if expires_at is None:
        return EXPIRE_AFTER_MINUTES_MAX
    minutes = math.ceil((expires_at - now) / timedelta(minutes=1))
    return min(max(minutes, 1), EXPIRE_AFTER_MINUTES_MAX)


def collect(
    config: NpciConfig,
    msg_id: str,
    payment: Payment,
    upi: UpiTransaction,
    merchant: Merchant,
    now: datetime,
) -> Sequence[XmlNode]:
    """ReqPay of type COLLECT: the merchant, as payee, asks the customer for money.

    Raises:
        InvalidRequest: the payment is not of an amount of rupees.
    """
    value = blocks.rupees(payment.amount_minor, payment.currency)
    minutes = expire_after_minutes(now, payment.expires_at)
    rule: XmlNode = ("Rule", {"name": "EXPIREAFTER", "value": str(minutes)}, ())
    txn = _txn(
        "COLLECT",
        upi.npci_txn_id,
        blocks.note(payment.description, "Payment"),
        now,
        refId=upi.npci_txn_id,
        custRef=upi.rrn,
    )
    return (
        blocks.head(config, msg_id, now),
        blocks.meta(now),
        ("Txn", txn, [("Rules", {}, [rule])]),
        blocks.person("Payer", upi.payer_vpa, value),
        ("Payees", {}, [blocks.entity("Payee", merchant, config, value)]),
    )


def refund(
    config: NpciConfig,
    msg_id: str,
    returned: Refund,
    upi: UpiTransaction,
    merchant: Merchant,
    now: datetime,
) -> Sequence[XmlNode]:
    """ReqPay of type REFUND: the parties of the payment change places.

    Raises:
        InvalidRequest: the refund is not of an amount of rupees.
    """
    value = blocks.rupees(returned.amount_minor, returned.currency)
    txn = _txn(
        "REFUND",
        returned.npci_txn_id,
        blocks.note(returned.reason, "Refund"),
        now,
        refId=returned.npci_txn_id,
        custRef=returned.rrn,
        orgTxnId=upi.npci_txn_id,
        orgRrn=upi.rrn,
        orgTxnDate=blocks.timestamp(upi.created_at),
    )
    payer = blocks.entity("Payer", merchant, config, value, credentials=True)
    return (
        blocks.head(config, msg_id, now),
        blocks.meta(now),
        ("Txn", txn, ()),
        payer,
        ("Payees", {}, [blocks.person("Payee", upi.payer_vpa, value)]),
    )


def check(
    config: NpciConfig,
    msg_id: str,
    check_id: str,
    original_id: str,
    original_at: datetime,
    original_rrn: str | None,
    *,
    refund: bool,
    now: datetime,
) -> Sequence[XmlNode]:
    """ReqChkTxn, which asks what became of a transaction.

    Args:
        config: who asks.
        msg_id: of this message.
        check_id: the question's own `Txn@id`; every transaction id is used once (U01).
        original_id: the transaction asked about.
        original_at: when it began; the switch answers for 90 days (X09).
        original_rrn: its RRN, if we gave it one.
        refund: whether the original is a refund.
        now: the time.
    """
    attributes = {
        "id": check_id,
        "note": "Status check",
        "ts": blocks.timestamp(now),
        "type": "ChkTxn",
        "subType": "REFUND" if refund else None,
        "orgTxnId": original_id,
        "orgRrn": original_rrn,
        "orgTxnDate": blocks.timestamp(original_at),
        "initiationMode": _DEFAULT_MODE,
        "purpose": _DEFAULT_PURPOSE,
    }
    return (blocks.head(config, msg_id, now), ("Txn", attributes, ()))


def validate_address(
    config: NpciConfig,
    msg_id: str,
    validation_id: str,
    vpa: str,
    merchant: Merchant,
    now: datetime,
) -> Sequence[XmlNode]:
    """ReqValAdd, by which the merchant asks who holds an address."""
    attributes = {
        "id": validation_id,
        "note": "Address validation",
        "ts": blocks.timestamp(now),
        "type": "ValAdd",
    }
    payee = {"addr": vpa, "seqNum": "1", "type": "PERSON", "code": "0000"}
    return (
        blocks.head(config, msg_id, now),
        ("Txn", attributes, ()),
        blocks.entity("Payer", merchant, config, None),
        ("Payee", payee, ()),
    )


def heartbeat(
    config: NpciConfig, msg_id: str, heartbeat_id: str, now: datetime
) -> Sequence[XmlNode]:
    """ReqHbt, which asks whether the switch is there."""
    attributes = {
        "id": heartbeat_id,
        "note": "Heartbeat",
        "ts": blocks.timestamp(now),
        "type": "Hbt",
    }
    return (
        blocks.head(config, msg_id, now),
        ("Txn", attributes, ()),
        ("HbtMsg", {"type": "ALIVE", "value": "NA"}, ()),
    )


def _txn(
    kind: str, transaction_id: str, note: str, at: datetime, **references: str | None
) -> dict[str, str | None]:
    return {
        "id": transaction_id,
        "note": note,
        "ts": blocks.timestamp(at),
        "type": kind,
        "initiationMode": _DEFAULT_MODE,
        "purpose": _DEFAULT_PURPOSE,
        "initiatedBy": "PAYEE" if kind == "COLLECT" else "PAYER",
        **references,
    }
