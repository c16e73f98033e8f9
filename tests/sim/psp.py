"""A payee PSP for the tests: writes and signs messages its own way, and receives the switch's.

It shares no code with the simulator: messages are built by lxml and signed from xmlsec's own
template, and what arrives is verified by xmlsec under the switch's certificate.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import aiohttp
import xmlsec
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree

if TYPE_CHECKING:
    from collections.abc import Callable

    from sikka_sim import KeyPair

UPI = "http://npci.org/upi/schema/"
DSIG = "http://www.w3.org/2000/09/xmldsig#"
ORG_ID = "400011"
MERCHANT_VPA = "shop@sikka"

DEVICE = (
    '<Device><Tag name="IP" value="203.0.113.9"/><Tag name="TYPE" value="WEB"/>'
    '<Tag name="ID" value="gateway"/></Device>'
)
ACCOUNT = (
    '<Ac addrType="ACCOUNT"><Detail name="IFSC" value="SIKK0000001"/>'
    '<Detail name="ACTYPE" value="CURRENT"/><Detail name="ACNUM" value="0011223344"/></Ac>'
)
MERCHANT = (
    '<Merchant><Identifier subCode="5411" mid="M0001" sid="S1" tid="T1" merchantType="LARGE" '
    'merchantGenre="ONLINE" onBoardingType="AGGREGATOR"/><Name brand="Shop" legal="Shop Ltd"/>'
    '<Ownership type="PRIVATE"/></Merchant>'
)
CREDS = (
    '<Creds><Cred type="PreApproved" subType="NA"><Data code="NPCI" ki="20150822">'
    "MDB8QVBQUk9WRUQ=</Data></Cred></Creds>"
)
INFO = (
    '<Info><Identity type="ACCOUNT" verifiedName="Shop Ltd"/>'
    '<Rating verifiedAddress="TRUE"/></Info>'
)


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to one POST: the HTTP status, the Ack's error codes, the body."""

    status: int
    codes: list[str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Arrived:
    """One message of the switch: whether xmlsec verified it, and its parsed root."""

    api: str
    transaction_id: str
    genuine: bool
    root: etree._Element
    body: bytes

    def attribute(self, path: str, name: str) -> str | None:
        node = self.root.find(path)
        assert node is not None, f"{self.api} has no {path}"
        return node.get(name)


@dataclass(slots=True)
class Psp:
    """The test's PSP: `post` sends, `arrived` and `next` are what came."""

    npci_url: str
    keys: KeyPair
    switch_certificate: bytes
    session: aiohttp.ClientSession
    url: str = ""
    org_id: str = ORG_ID
    arrived: list[Arrived] = field(default_factory=list)
    ack_next: list[str] = field(default_factory=list)
    on_message: Callable[[Arrived], None] | None = None
    tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    def new_id(self, prefix: str = "SIK") -> str:
        return f"{prefix}{next(self._numbers):032d}"

    # ------------------------------------------------------------------ outgoing

    def sign(self, xml: str, keys: KeyPair | None = None) -> bytes:
        root = etree.fromstring(xml)
        signature = xmlsec.template.create(
            root, xmlsec.constants.TransformInclC14N, xmlsec.constants.TransformRsaSha256
        )
        reference = xmlsec.template.add_reference(
            signature, xmlsec.constants.TransformSha256, uri=""
        )
        xmlsec.template.add_transform(reference, xmlsec.constants.TransformEnveloped)
        root.append(signature)
        pair = keys or self.keys
        context = xmlsec.SignatureContext()
        context.key = xmlsec.Key.from_memory(pair.private_pem, xmlsec.constants.KeyDataFormatPem)
        context.sign(signature)
        signature.append(_key_info(pair.certificate_pem))
        return etree.tostring(root)

    async def post(
        self,
        api: str,
        transaction_id: str,
        xml: str,
        *,
        keys: KeyPair | None = None,
        version: str = "2.0",
    ) -> Reply:
        return await self.post_bytes(api, transaction_id, self.sign(xml, keys), version=version)

    async def post_bytes(
        self,
        api: str,
        transaction_id: str,
        body: bytes,
        *,
        version: str = "2.0",
        content_type: str = "application/xml",
    ) -> Reply:
        url = f"{self.npci_url}/upi/{api}/{version}/urn:txnid:{transaction_id}"
        headers = {"Content-Type": content_type}
        async with self.session.post(url, data=body, headers=headers) as response:
            answer = await response.read()
        codes: list[str] = []
        if response.status == 200 and b"Ack" in answer:
            root = etree.fromstring(answer)
            assert root.tag == f"{{{UPI}}}Ack"
            assert root.get("api") == api
            codes = [str(node.text) for node in root.findall("errorMessages/errorCd")]
            assert (root.get("err") or None) == (codes[0] if codes else None)
        return Reply(response.status, codes, answer)

    async def collect(self, vpa: str, amount: str = "1299.00", **more: str) -> tuple[str, Reply]:
        transaction_id = more.pop("id", None) or self.new_id()
        xml = self.collect_xml(transaction_id, vpa, amount, **more)
        return transaction_id, await self.post("ReqPay", transaction_id, xml)

    def collect_xml(
        self,
        transaction_id: str,
        vpa: str,
        amount: str = "1299.00",
        *,
        minutes: str = "10",
        rrn: str = "",
        message_id: str = "",
    ) -> str:
        reference = f' custRef="{rrn}"' if rrn else ""
        value = f'<Amount value="{amount}" curr="INR"/>'
        return message(
            "ReqPay",
            self.head(message_id) + f'<Meta><Tag name="PAYREQSTART" value="{now()}"/></Meta>'
            f'<Txn id="{transaction_id}" type="COLLECT" note="Order 1042" refId="ORDER1042" '
            f'ts="{now()}"{reference}><Rules><Rule name="EXPIREAFTER" value="{minutes}"/></Rules>'
            "</Txn>"
            f'<Payer addr="{vpa}" name="Asha" seqNum="1" type="PERSON" code="0000">{value}</Payer>'
            f'<Payees><Payee addr="{MERCHANT_VPA}" name="Shop" seqNum="1" type="ENTITY" '
            f'code="5411">{INFO}{DEVICE}{ACCOUNT}{value}{MERCHANT}</Payee></Payees>',
        )

    async def refund(
        self, original_id: str, vpa: str, amount: str = "1299.00"
    ) -> tuple[str, Reply]:
        transaction_id = self.new_id("REF")
        value = f'<Amount value="{amount}" curr="INR"/>'
        xml = message(
            "ReqPay",
            self.head() + f'<Txn id="{transaction_id}" type="REFUND" note="Refund" ts="{now()}" '
            f'orgTxnId="{original_id}"/>'
            f'<Payer addr="{MERCHANT_VPA}" name="Shop" seqNum="1" type="ENTITY" code="5411">'
            f"{INFO}{DEVICE}{ACCOUNT}{CREDS}{value}{MERCHANT}</Payer>"
            f'<Payees><Payee addr="{vpa}" name="Asha" seqNum="1" type="PERSON" code="0000">'
            f"{value}</Payee></Payees>",
        )
        return transaction_id, await self.post("ReqPay", transaction_id, xml)

    async def check(self, original_id: str) -> Arrived:
        """Ask for a transaction's status and wait for the RespChkTxn."""
        check_id = self.new_id("CHK")
        reply = await self.post("ReqChkTxn", check_id, self.check_xml(check_id, original_id))
        assert reply.codes == []
        return await self.next("RespChkTxn", check_id)

    def check_xml(self, check_id: str, original_id: str, date: str | None = None) -> str:
        return message(
            "ReqChkTxn",
            self.head()
            + f'<Txn id="{check_id}" type="ChkTxn" ts="{now()}" orgTxnId="{original_id}" '
            f'orgTxnDate="{date or now()}"/>',
        )

    def head(self, message_id: str = "") -> str:
        identity = message_id or self.new_id("MSG")
        return f'<Head ver="2.0" ts="{now()}" orgId="{self.org_id}" msgId="{identity}"/>'

    # ------------------------------------------------------------------ incoming

    async def receive(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        root = etree.fromstring(body)
        arrived = Arrived(
            request.match_info["api"], request.match_info["id"], self._is_genuine(body), root, body
        )
        if self.on_message is not None:
            self.on_message(arrived)
        async with self._changed:
            self.arrived.append(arrived)
            self._changed.notify_all()
        manner = self.ack_next.pop(0) if self.ack_next else "ack"
        if manner == "error":
            return web.Response(status=500)
        error = "" if manner == "ack" else f' err="{manner}"'
        head = root.find("Head")
        assert head is not None
        ack = (
            f'<upi:Ack xmlns:upi="{UPI}" api="{arrived.api}" reqMsgId="{head.get("msgId")}" '
            f'ts="{now()}"{error}/>'
        )
        return web.Response(text=ack, content_type="application/xml")

    def _is_genuine(self, body: bytes) -> bool:
        root = etree.fromstring(body)
        signature = root.find(f"{{{DSIG}}}Signature")
        assert signature is not None
        context = xmlsec.SignatureContext()
        context.key = xmlsec.Key.from_memory(
            self.switch_certificate, xmlsec.constants.KeyDataFormatCertPem
        )
        try:
            context.verify(signature)
        except xmlsec.Error:
            return False
        return True

    def of(self, api: str, transaction_id: str | None = None) -> list[Arrived]:
        return [
            a for a in self.arrived if a.api == api and transaction_id in (None, a.transaction_id)
        ]

    async def next(self, api: str, transaction_id: str, count: int = 1) -> Arrived:
        """Wait until ``count`` such messages came; return the last of them."""
        async with asyncio.timeout(10), self._changed:
            await self._changed.wait_for(lambda: len(self.of(api, transaction_id)) >= count)
        return self.of(api, transaction_id)[count - 1]

    def application(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/upi/{api}/{version}/urn:txnid:{id}", self.receive)
        return app

    def another(self, org_id: str, keys: KeyPair) -> Psp:
        """The same PSP under another identity."""
        return replace(self, org_id=org_id, keys=keys)


def message(api: str, inner: str) -> str:
    return f'<upi:{api} xmlns:upi="{UPI}">{inner}</upi:{api}>'


def _key_info(certificate_pem: bytes) -> etree._Element:
    key = x509.load_pem_x509_certificate(certificate_pem).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    modulus = base64.b64encode(key.public_numbers().n.to_bytes(256, "big")).decode()
    return etree.fromstring(
        f'<KeyInfo xmlns="{DSIG}"><KeyValue><RSAKeyValue><Modulus>{modulus}</Modulus>'
        "<Exponent>AQAB</Exponent></RSAKeyValue></KeyValue></KeyInfo>"
    )
