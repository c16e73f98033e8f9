"""The blocks from which UPI messages are built, and the grammar of their texts.

UPI API: `Head`, `Txn`, the parties with `Info`, `Device`, `Ac`, `Creds`, `Amount`, `Merchant`.
Only the root of a message has a namespace; the order of children is the schema's.
"""

from __future__ import annotations

import base64
import re
import unicodedata
from datetime import datetime, timedelta, timezone

from sikka.domain.errors import InvalidRequest
from sikka.domain.merchant import Merchant
from sikka.domain.money import Money
from sikka.rails.upi.config import NpciConfig
from sikka_core import XmlNode

CURRENCY = "INR"
INDIA = timezone(timedelta(hours=5, minutes=30))
NOTE_LENGTH_MAX = 50
NAME_LENGTH_MAX = 99
BRAND_LENGTH_MAX = 20

_NOT_IN_NOTE = re.compile(r"[^A-Za-z0-9]+", re.ASCII)
_NOT_IN_NAME = re.compile(r"[^A-Za-z0-9.&'()/-]+", re.ASCII)

# A merchant's own credential on a refund: the acquirer has approved it beforehand.
_PRE_APPROVED = base64.b64encode(b"00|APPROVED").decode()
_KEY_INDEX = "20150822"


def timestamp(at: datetime) -> str:
    """An aware time as UPI writes it: Indian time, milliseconds, a zone with a colon."""
    return at.astimezone(INDIA).isoformat(timespec="milliseconds")


def note(text: str | None, otherwise: str) -> str:
    """A text as `Txn@note` takes it (T03): letters and digits, single spaces, 1 to 50 characters.

    Args:
        text: whatever a merchant wrote; accents are dropped, what is left over becomes a space.
        otherwise: a note of that grammar, for when nothing is left.
    """
    return _restricted(text, _NOT_IN_NOTE, NOTE_LENGTH_MAX) or otherwise


def name(text: str, length_max: int, otherwise: str) -> str:
    """A name in the characters that every bank prints, 1 to `length_max` of them."""
    return _restricted(text, _NOT_IN_NAME, length_max) or otherwise


def _restricted(text: str | None, unwanted: re.Pattern[str], length_max: int) -> str:
    plain = unicodedata.normalize("NFKD", text or "").encode("ascii", "ignore").decode()
    return unwanted.sub(" ", plain).strip()[:length_max].strip()


def rupees(amount_minor: int, currency: str) -> str:
    """An amount as UPI writes it, `1299.00`.

    Raises:
        InvalidRequest: the currency is not INR, or the amount is not above zero.
    """
    if currency != CURRENCY:
        raise InvalidRequest("currency_unsupported", "UPI moves INR only", param="currency")
    if amount_minor <= 0:
        raise InvalidRequest("amount_invalid", "amount must be above zero", param="amount")
    return Money(amount_minor, currency).major_text()


def amount(value: str) -> XmlNode:
    """`Amount` of a party; the value is `rupees`."""
    return ("Amount", {"value": value, "curr": CURRENCY}, ())


def head(config: NpciConfig, msg_id: str, at: datetime) -> XmlNode:
    """`Head` of a message of ours."""
    attributes = {
        "ver": config.version,
        "ts": timestamp(at),
        "orgId": config.org_id,
        "msgId": msg_id,
    }
    return ("Head", attributes, ())


def meta(at: datetime) -> XmlNode:
    """`Meta` of a ReqPay: when we began and ended preparing it."""
    tags: list[XmlNode] = [
        ("Tag", {"name": tag, "value": timestamp(at)}, ()) for tag in ("PAYREQSTART", "PAYREQEND")
    ]
    return ("Meta", {}, tags)


def person(tag: str, vpa: str, value: str) -> XmlNode:
    """The customer, as `Payer` or `Payee`: the address and the amount are all that we know."""
    attributes = {"addr": vpa, "seqNum": "1", "type": "PERSON", "code": "0000"}
    return (tag, attributes, [amount(value)])


def entity(
    tag: str,
    merchant: Merchant,
    config: NpciConfig,
    value: str | None,
    *,
    initiates: bool = True,
    credentials: bool = False,
) -> XmlNode:
    """A merchant, as `Payer` or `Payee`.

    Args:
        tag: `Payer` or `Payee`.
        merchant: whose account and names are told.
        config: Device and the merchant's classification.
        value: the amount, None in messages that move no money.
        initiates: whether it is the party that starts the transaction, which shows its Device.
        credentials: whether it pays, which takes a pre-approved credential.
    """
    attributes = {
        "addr": merchant.payee_vpa,
        "name": _legal_name(merchant),
        "seqNum": "1",
        "type": "ENTITY",
        "code": merchant.category_code,
    }
    children: list[XmlNode] = [_info(merchant)]
    if initiates:
        children.append(_device(config))
    children.append(_account(merchant))
    if credentials:
        children.append(_credentials())
    if value is not None:
        children.append(amount(value))
    children.append(_merchant(merchant, config))
    return (tag, attributes, children)


def _legal_name(merchant: Merchant) -> str:
    return name(merchant.legal_name, NAME_LENGTH_MAX, "Merchant")


def _info(merchant: Merchant) -> XmlNode:
    identity = {
        "type": "ACCOUNT",
        "verifiedName": _legal_name(merchant),
        "id": merchant.account_number,
    }
    children: list[XmlNode] = [
        ("Identity", identity, ()),
        ("Rating", {"verifiedAddress": "TRUE"}, ()),
    ]
    return ("Info", {}, children)


def _device(config: NpciConfig) -> XmlNode:
    tags: list[XmlNode] = [
        ("Tag", {"name": tag, "value": value}, ()) for tag, value in config.device.items()
    ]
    return ("Device", {}, tags)


def _account(merchant: Merchant) -> XmlNode:
    details = {
        "IFSC": merchant.account_ifsc,
        "ACTYPE": merchant.account_type,
        "ACNUM": merchant.account_number,
    }
    children: list[XmlNode] = [
        ("Detail", {"name": detail, "value": value}, ()) for detail, value in details.items()
    ]
    return ("Ac", {"addrType": "ACCOUNT"}, children)


def _credentials() -> XmlNode:
    data: XmlNode = ("Data", {"code": "NPCI", "ki": _KEY_INDEX}, _PRE_APPROVED)
    credential: XmlNode = ("Cred", {"type": "PreApproved", "subType": "NA"}, [data])
    return ("Creds", {}, [credential])


def _merchant(merchant: Merchant, config: NpciConfig) -> XmlNode:
    identifier = {
        "subCode": merchant.category_code,
        "mid": merchant.id.rpartition("_")[2],
        "merchantType": config.merchant_type,
        "merchantGenre": "ONLINE",
        "onBoardingType": config.onboarding_type,
    }
    names = {
        "brand": name(merchant.name, BRAND_LENGTH_MAX, "Merchant"),
        "legal": name(merchant.legal_name, BRAND_LENGTH_MAX, "Merchant"),
    }
    children: list[XmlNode] = [
        ("Identifier", identifier, ()),
        ("Name", names, ()),
        ("Ownership", {"type": config.ownership}, ()),
    ]
    return ("Merchant", {}, children)
