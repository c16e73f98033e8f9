"""What somebody else posts to the doors of the rails has no effect, and is answered with no."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sikka_sim import Transaction
from sikka_sim.npci.messages import Writer
from sikka_sim.rail.engine import Telling
from sikka_sim.rail.legs import Decision
from sikka_sim.sponsor.signing import sign
from tests.e2e import orders
from tests.e2e.client import Reply
from tests.e2e.configuration import SPONSOR, Keys, Place
from tests.e2e.conftest import place_of
from tests.e2e.house import House, house_at

XML = {"Content-Type": "application/xml"}


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """SQLite alone: what is refused here never comes to a database."""
    with place_of("sqlite", tmp_path, request) as place:
        yield place


async def pending(house: House) -> Transaction:
    """A payment whose customer does not answer."""
    payment = await house.pay(orders.collect("silent@simbank"))
    return house.world.npci.record[payment["external_txn_id"]]


def success(house: House, transaction: Transaction, *, foreign: bool = False) -> bytes:
    """A RespPay that says SUCCESS, signed by the switch, or by nobody we know."""
    telling = Telling(
        transaction,
        Decision("SUCCESS", "", "00", "00"),
        transaction.amount_minor,
        transaction.payee.address,
    )

    def compose(writer: Writer) -> str:
        return writer.resp_pay(telling)

    callbacks = house.world.npci.callbacks
    assert callbacks is not None
    return callbacks.write("RespPay", transaction.id, compose, foreign_key=foreign).body


async def post(house: House, transaction_id: str, body: bytes, api: str = "RespPay") -> Reply:
    path = f"/upi/{api}/2.0/urn:txnid:{transaction_id}"
    return await house.client.send("POST", path, body, XML)


async def unchanged(house: House) -> None:
    """The only payment still waits, and nothing was booked."""
    (payment,) = await house.archive.payments()
    assert (payment.status, payment.stage, payment.version) == ("PENDING", "submitted", 2)
    assert await house.archive.count("ledger_transactions") == 0
    assert await house.archive.actions(payment.id) == ["payment.created", "payment.submitted"]


def without_signature(body: bytes) -> bytes:
    return re.sub(rb"<Signature.*</Signature>", b"", body, flags=re.DOTALL)


TAMPERED: dict[str, Callable[[bytes], bytes]] = {
    "unsigned": without_signature,
    "another amount": lambda body: body.replace(b"1299.00", b"9999.00"),
    "another result": lambda body: body.replace(b'result="SUCCESS"', b'result="FAILURE"'),
    "another organisation": lambda body: body.replace(b'orgId="NPCI"', b'orgId="NOBODY"'),
    "one more space": lambda body: body.replace(b"<Txn ", b"\n<Txn ", 1),
    "cut short": lambda body: body[:-20],
    "twice": lambda body: body + body,
    "a doctype": lambda body: re.sub(
        rb"(<\?xml[^>]*\?>)?", rb'\1<!DOCTYPE x [<!ENTITY e "SUCCESS">]>', body, count=1
    ),
    "a file": lambda body: re.sub(
        rb"(<\?xml[^>]*\?>)?",
        rb'\1<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
        body,
        count=1,
    ),
    "a wrapped signature": lambda body: body.replace(b"</Signature>", b"</Signature><Resp/>"),
    "a second signature": lambda body: re.sub(
        rb"(<Signature.*</Signature>)", rb"\1\1", body, flags=re.DOTALL
    ),
    "another algorithm": lambda body: body.replace(b"rsa-sha256", b"rsa-sha1"),
    "an empty signature": lambda body: re.sub(rb"<SignatureValue>[^<]*", b"<SignatureValue>", body),
    "nothing": lambda _body: b"",
    "JSON": lambda _body: b'{"result": "SUCCESS"}',
    "too much": lambda body: body + b" " * 70_000,
}


@pytest.mark.parametrize("how", TAMPERED)
async def test_a_tampered_answer_of_the_switch_has_no_effect(house: House, how: str) -> None:
    transaction = await pending(house)
    body = TAMPERED[how](success(house, transaction))
    reply = await post(house, transaction.id, body)
    assert reply.status in (400, 401, 413), reply.body
    await unchanged(house)


async def test_an_answer_under_a_foreign_key_has_no_effect(house: House) -> None:
    transaction = await pending(house)
    reply = await post(house, transaction.id, success(house, transaction, foreign=True))
    assert reply.status == 401
    assert b"U55" in reply.body
    await unchanged(house)


async def test_our_own_signature_is_not_the_switchs(house: House) -> None:
    transaction = await pending(house)
    (sent,) = house.world.npci.record.messages(transaction.id, "ReqPay")
    reply = await post(house, transaction.id, sent.body.encode(), "ReqPay")
    assert reply.status == 400
    reply = await post(house, transaction.id, sent.body.encode())
    assert reply.status == 401
    await unchanged(house)


async def test_a_true_answer_at_another_payments_door_has_no_effect(house: House) -> None:
    transaction = await pending(house)
    body = success(house, transaction)
    for path, api in (("SKA" + "0" * 32, "RespPay"), (transaction.id, "RespChkTxn")):
        reply = await post(house, path, body, api)
        assert b"err=" in reply.body
    await unchanged(house)
    assert (await post(house, transaction.id, body)).status == 200
    house.world.npci.engine.resolve(transaction, "SUCCESS")
    (payment,) = await house.archive.payments()
    assert payment.status == "SUCCESS"


def callback(transaction: Transaction, **over: str) -> bytes:
    """What the sponsor bank would post."""
    told = {
        "merchantId": "SIM0001",
        "merchantTranId": transaction.reference,
        "BankRRN": transaction.rrn,
        "upiTxnId": transaction.id,
        "type": transaction.kind,
        "txnStatus": "SUCCESS",
        "response": "00",
        "payerVa": transaction.payer.address,
        "payeeVa": transaction.payee.address,
        "payerName": "Silent",
        "payerAmount": "1299.00",
        "txnInitDate": transaction.created_at.isoformat(timespec="seconds"),
        "txnCompletionDate": transaction.created_at.isoformat(timespec="seconds"),
        **over,
    }
    return json.dumps(told).encode()


async def test_a_sponsor_banks_callback_without_its_signature_has_no_effect(
    place: Place, keys: Keys
) -> None:
    merchant = {"rail": SPONSOR, "payee_vpa": "sim0001@simsponsor"}
    async with house_at(place, keys, merchant=merchant) as house:
        await house.pay(orders.collect("silent@simbank"))
        (transaction,) = house.world.sponsor.record
        secret = house.world.config.sponsor_secrets["SIM0001"]
        body, now = callback(transaction), str(int(time.time()))
        old = str(int(time.time()) - 3_600)
        good = sign(secret, now, body)
        for bank, headers, status in (
            (SPONSOR, {}, 401),
            (SPONSOR, {"X-Timestamp": now}, 401),
            (SPONSOR, {"X-Timestamp": now, "X-Signature": ""}, 401),
            (SPONSOR, {"X-Timestamp": now, "X-Signature": "0" * 64}, 401),
            (SPONSOR, {"X-Timestamp": now, "X-Signature": good.upper() + "0"}, 401),
            (SPONSOR, {"X-Timestamp": now, "X-Signature": sign("no", now, body)}, 401),
            (SPONSOR, {"X-Timestamp": now, "X-Signature": sign(secret, now, body + b" ")}, 401),
            (SPONSOR, {"X-Timestamp": old, "X-Signature": sign(secret, old, body)}, 401),
            (SPONSOR, {"X-Timestamp": "soon", "X-Signature": good}, 401),
            ("nobank", {"X-Timestamp": now, "X-Signature": good}, 404),
        ):
            path = f"/callbacks/sponsor/{bank}"
            reply = await house.client.send("POST", path, body, headers)
            assert reply.status == status, (headers, reply.body)
        await unchanged(house)
        headers = {"X-Timestamp": now, "X-Signature": good}
        taken = await house.client.send("POST", f"/callbacks/sponsor/{SPONSOR}", body, headers)
        assert taken.status == 200
        (payment,) = await house.archive.payments()
        assert payment.status == "SUCCESS"
