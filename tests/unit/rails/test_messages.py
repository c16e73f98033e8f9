"""The messages, compared with what was written by hand from the API's specification."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from lxml import etree

from sikka.domain.errors import InvalidRequest
from sikka.rails.transport import TransportConfig
from sikka.rails.upi import messages
from sikka.rails.upi.config import NpciConfig
from sikka.rails.upi.keys import KeyStore
from sikka_core import XmlNode, sign_message
from sikka_sim.keys import KeyPair
from sikka_sim.npci import schema
from sikka_sim.npci.validation_plan import validate
from tests.unit.rails.samples import AT, merchant, payment, refund, upi

CONFIG = NpciConfig(TransportConfig("http://switch"), org_id="400011", psp_prefix="SKA")
MSG_ID = "SKA0000000000000000000000000000000A"
TS = "2026-11-23T15:30:00.000+05:30"
TXN = "SKA019AA9871E7000700000000000000001"
REFUND_TXN = "SKA019AA9871E7000700000000000000002"

HEAD = f'<Head ver="2.0" ts="{TS}" orgId="400011" msgId="{MSG_ID}"/>'
META = f'<Meta><Tag name="PAYREQSTART" value="{TS}"/><Tag name="PAYREQEND" value="{TS}"/></Meta>'
MERCHANT = """
<Merchant>
  <Identifier subCode="5812" mid="1" merchantType="SMALL" merchantGenre="ONLINE"
              onBoardingType="AGGREGATOR"/>
  <Name brand="Tea House" legal="Tea House Private Li"/>
  <Ownership type="PRIVATE"/>
</Merchant>"""
INFO = """
<Info>
  <Identity type="ACCOUNT" verifiedName="Tea House Private Limited" id="001122334455"/>
  <Rating verifiedAddress="TRUE"/>
</Info>"""
DEVICE = """
<Device><Tag name="TYPE" value="INET"/><Tag name="OS" value="Linux"/><Tag name="APP" value="sikka"/>
</Device>"""
ACCOUNT = """
<Ac addrType="ACCOUNT">
  <Detail name="IFSC" value="SIKK0000001"/>
  <Detail name="ACTYPE" value="CURRENT"/>
  <Detail name="ACNUM" value="001122334455"/>
</Ac>"""
ENTITY = (
    'addr="teahouse@sikka" name="Tea House Private Limited" seqNum="1" type="ENTITY" code="5812"'
)
PERSON = 'addr="asha@simbank" seqNum="1" type="PERSON" code="0000"'

COLLECT = f"""
{HEAD}{META}
<Txn id="{TXN}" note="Two teas" ts="{TS}" type="COLLECT" initiationMode="00" purpose="00"
     initiatedBy="PAYEE" refId="{TXN}" custRef="632700000001">
  <Rules><Rule name="EXPIREAFTER" value="10"/></Rules>
</Txn>
<Payer {PERSON}><Amount value="1299.00" curr="INR"/></Payer>
<Payees>
  <Payee {ENTITY}>{INFO}{DEVICE}{ACCOUNT}<Amount value="1299.00" curr="INR"/>{MERCHANT}</Payee>
</Payees>"""

REFUND = f"""
{HEAD}{META}
<Txn id="{REFUND_TXN}" note="Refund" ts="{TS}" type="REFUND" initiationMode="00" purpose="00"
     initiatedBy="PAYER" refId="{REFUND_TXN}" custRef="632700000002" orgTxnId="{TXN}"
     orgRrn="632700000001" orgTxnDate="{TS}"/>
<Payer {ENTITY}>{INFO}{DEVICE}{ACCOUNT}
  <Creds><Cred type="PreApproved" subType="NA">
    <Data code="NPCI" ki="20150822">MDB8QVBQUk9WRUQ=</Data>
  </Cred></Creds>
  <Amount value="100.00" curr="INR"/>{MERCHANT}
</Payer>
<Payees><Payee {PERSON}><Amount value="100.00" curr="INR"/></Payee></Payees>"""

CHECK = f"""
{HEAD}
<Txn id="SKAC" note="Status check" ts="{TS}" type="ChkTxn" subType="REFUND" orgTxnId="{TXN}"
     orgRrn="632700000001" orgTxnDate="2026-11-23T15:20:00.000+05:30" initiationMode="00"
     purpose="00"/>"""

VALIDATE = f"""
{HEAD}
<Txn id="SKAV" note="Address validation" ts="{TS}" type="ValAdd"/>
<Payer {ENTITY}>{INFO}{DEVICE}{ACCOUNT}{MERCHANT}</Payer>
<Payee {PERSON}/>"""

HEARTBEAT = f"""
{HEAD}
<Txn id="SKAH" note="Heartbeat" ts="{TS}" type="Hbt"/>
<HbtMsg type="ALIVE" value="NA"/>"""


def trees() -> dict[str, tuple[str, Sequence[XmlNode], str]]:
    ours = payment(description="Two teas", expires_at=AT + timedelta(minutes=10))
    side = upi(ours, npci_txn_id=TXN, rrn="632700000001")
    back = refund(ours, npci_txn_id=REFUND_TXN, rrn="632700000002")
    before = AT - timedelta(minutes=10)
    return {
        "collect": (
            "ReqPay",
            messages.collect(CONFIG, MSG_ID, ours, side, merchant(), AT),
            COLLECT,
        ),
        "refund": ("ReqPay", messages.refund(CONFIG, MSG_ID, back, side, merchant(), AT), REFUND),
        "check": (
            "ReqChkTxn",
            messages.check(
                CONFIG, MSG_ID, "SKAC", TXN, before, "632700000001", refund=True, now=AT
            ),
            CHECK,
        ),
        "validate": (
            "ReqValAdd",
            messages.validate_address(CONFIG, MSG_ID, "SKAV", "asha@simbank", merchant(), AT),
            VALIDATE,
        ),
        "heartbeat": ("ReqHbt", messages.heartbeat(CONFIG, MSG_ID, "SKAH", AT), HEARTBEAT),
    }


def plain(node: etree._Element) -> object:
    """A tree as nested tuples, with the whitespace of hand-written XML left out."""
    text = (node.text or "").strip()
    return (
        str(node.tag),
        {str(key): value for key, value in node.items()},
        text,
        [plain(child) for child in node],
    )


@pytest.mark.parametrize("name", ["collect", "refund", "check", "validate", "heartbeat"])
def test_a_message_is_what_the_specification_asks_for(
    name: str, our_keys: KeyPair, tmp_path: Path
) -> None:
    api, tree, expected = trees()[name]
    private = tmp_path / "signing.pem"
    private.write_bytes(our_keys.private_pem)
    written = sign_message(KeyStore(private, {}).signing_key, api, tree)

    root = etree.fromstring(written)
    by_hand = etree.fromstring(f"<root>{expected}</root>")

    assert root.tag == f"{{http://npci.org/upi/schema/}}{api}"
    assert [plain(child) for child in root][:-1] == [plain(child) for child in by_hand]
    assert str(root[-1].tag).endswith("Signature")
    schema.check_structure(root, api)
    assert validate(root, api, AT) == []


def test_an_unknown_rrn_is_left_out() -> None:
    ours = payment()
    txn = messages.collect(CONFIG, MSG_ID, ours, upi(ours), merchant(), AT)[2]
    assert txn[1]["custRef"] is None


def test_a_payment_in_another_currency_is_refused_before_anything_is_sent() -> None:
    ours = payment(currency="USD")
    with pytest.raises(InvalidRequest, match="INR only"):
        messages.collect(CONFIG, MSG_ID, ours, upi(ours), merchant(), AT)
