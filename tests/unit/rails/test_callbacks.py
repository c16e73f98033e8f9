"""Callbacks written by hand, for what the simulated switch would never send."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from sikka.domain.errors import Conflict, NotFound, Unavailable
from sikka.domain.outcome import OutcomeKind
from sikka.rails.transport import TransportConfig
from sikka.rails.upi.callbacks import BODY_BYTES_MAX, UpiCallbacks
from sikka.rails.upi.client import NpciRail
from sikka.rails.upi.config import NpciConfig
from sikka.rails.upi.keys import KeyStore, PinnedKey
from sikka_core import MalformedError
from sikka_sim.keys import KeyPair
from tests.unit.rails import switch as s
from tests.unit.rails.samples import AT, FixedClock, Heard, Listener, MemoryReplies
from tests.unit.rails.switch import HandSwitch

PAID = (s.head(), s.txn("COLLECT"), s.success())


class Receiver:
    """`UpiCallbacks` whose rail reaches nobody."""

    def __init__(self, directory: Path, ours: KeyPair, theirs: KeyPair) -> None:
        (directory / "signing.pem").write_bytes(ours.private_pem)
        (directory / "switch.pem").write_bytes(theirs.certificate_pem)
        pinned = [PinnedKey(directory / "switch.pem", AT)]
        keys = KeyStore(directory / "signing.pem", {"NPCI": pinned, "159999": pinned})
        config = NpciConfig(
            TransportConfig("http://127.0.0.1:1"), org_id="400011", psp_prefix="SKA"
        )
        self.heard, self.listener, self.replies = Heard(), Listener(), MemoryReplies()
        self.clock = FixedClock(AT)
        self.rail = NpciRail(config, keys, self.replies, self.heard)
        self.callbacks = UpiCallbacks(self.rail, self.listener, self.clock, self.heard)

    async def receive(
        self, body: bytes, api: str = "RespPay", version: str = "2.0", path: str = s.TXN
    ) -> tuple[int, str]:
        """The HTTP status and the Ack's code, "" for a positive one and "-" for none."""
        status, answer = await self.callbacks.receive(api, version, path, body)
        if not answer:
            return status, "-"
        ack = etree.fromstring(answer)
        assert ack.tag == "{http://npci.org/upi/schema/}Ack"
        listed = ack.findtext("errorMessages/errorCd")
        assert ack.get("err") == listed
        return status, listed or ""


@pytest.fixture
def receiver(tmp_path: Path, our_keys: KeyPair, switch_keys: KeyPair) -> Receiver:
    return Receiver(tmp_path, our_keys, switch_keys)


async def test_an_outcome_is_applied_and_then_acknowledged(
    receiver: Receiver, hand_switch: HandSwitch
) -> None:
    status, answer = await receiver.callbacks.receive(
        "RespPay", "2.0", f"urn:txnid:{s.TXN}", hand_switch.signed("RespPay", *PAID)
    )
    assert status == 200
    assert answer == (
        b'<upi:Ack xmlns:upi="http://npci.org/upi/schema/" api="RespPay" '
        b'reqMsgId="' + s.THEIR_MSG.encode() + b'" ts="2026-11-23T15:30:00.000+05:30"></upi:Ack>'
    )
    ((rail, transaction_id, outcome),) = receiver.listener.answers
    assert (rail, transaction_id, outcome.kind) == ("npci", s.TXN, OutcomeKind.APPROVED)


async def test_a_member_whose_key_is_pinned_is_not_believed_in_place_of_the_switch(
    receiver: Receiver, hand_switch: HandSwitch
) -> None:
    head = s.head(orgId="159999")
    body = hand_switch.signed("RespPay", head, *PAID[1:])
    assert await receiver.receive(body) == (401, "U55")
    assert receiver.listener.answers == []


async def test_a_check_may_come_under_its_own_id_or_the_originals(
    receiver: Receiver, hand_switch: HandSwitch
) -> None:
    txn = s.txn("ChkTxn", id=s.CHECK, orgTxnId=s.TXN)
    body = hand_switch.signed("RespChkTxn", s.head(), txn, s.success())
    for path in (s.CHECK, s.TXN):
        assert await receiver.receive(body, "RespChkTxn", path=path) == (200, "")
    assert [each[1] for each in receiver.listener.answers] == [s.TXN, s.TXN]


async def test_a_path_of_another_transaction_is_refused(
    receiver: Receiver, hand_switch: HandSwitch
) -> None:
    body = hand_switch.signed("RespPay", *PAID)
    assert await receiver.receive(body, path=s.CHECK) == (200, "U06")
    assert receiver.listener.answers == []


@pytest.mark.parametrize(("api", "version"), [("ReqPay", "2.0"), ("RespPay", "3.0"), ("", "")])
async def test_what_is_no_api_of_ours_is_refused(
    receiver: Receiver, hand_switch: HandSwitch, api: str, version: str
) -> None:
    body = hand_switch.signed("RespPay", *PAID)
    assert await receiver.receive(body, api, version) == (400, "U10")


async def test_a_message_under_the_path_of_another_api_is_refused(
    receiver: Receiver, hand_switch: HandSwitch
) -> None:
    body = hand_switch.signed("RespPay", *PAID)
    assert await receiver.receive(body, "ReqHbt") == (200, "U05")
    assert receiver.listener.answers == []


async def test_nothing_is_believed_without_the_signature(
    receiver: Receiver, hand_switch: HandSwitch, our_keys: KeyPair
) -> None:
    body = hand_switch.signed("RespPay", *PAID)
    tampered = body.replace(b"1299.00", b"1299.01")
    assert await receiver.receive(tampered) == (401, "U55")
    foreign = HandSwitch(our_keys).signed("RespPay", *PAID)
    assert await receiver.receive(foreign) == (401, "U55")
    stranger = hand_switch.signed("RespPay", s.head(orgId="999999"), *PAID[1:])
    assert await receiver.receive(stranger) == (401, "U55")
    unsigned = body[: body.index(b"<Signature")] + b"</ns2:RespPay>"
    assert await receiver.receive(unsigned) == (400, "U05")
    assert receiver.listener.answers == []
    assert len(receiver.heard.named("rail.rejected")) == 4
    assert receiver.heard.named("rail.verified") == []


async def test_a_key_is_believed_within_its_dates_only(
    receiver: Receiver, hand_switch: HandSwitch
) -> None:
    receiver.clock.at = AT.replace(year=AT.year - 1)
    assert await receiver.receive(hand_switch.signed("RespPay", *PAID)) == (401, "U55")


@pytest.mark.parametrize("body", [b"", b"<", b"not xml", b"x" * (BODY_BYTES_MAX + 1)])
async def test_what_is_no_message_is_refused(receiver: Receiver, body: bytes) -> None:
    assert await receiver.receive(body) == (400, "U05")


async def test_a_verified_message_that_breaks_the_schema_is_refused_with_its_rule(
    receiver: Receiver, hand_switch: HandSwitch
) -> None:
    without_txn = hand_switch.signed("RespPay", s.head(), s.success())
    assert await receiver.receive(without_txn) == (200, "U05")
    one_sided = hand_switch.signed(
        "RespPay", s.head(), s.txn("COLLECT"), s.resp("SUCCESS", s.ref("PAYER"))
    )
    assert await receiver.receive(one_sided) == (200, "U05")
    details = [fact["detail"] for fact in receiver.heard.named("rail.rejected")]
    assert "Txn" in details[0]
    assert "PAYEE" in details[1]
    assert receiver.listener.answers == []


@pytest.mark.parametrize(
    ("failure", "answer"),
    [
        (NotFound(), (200, "U48")),
        (MalformedError("not one of ours"), (200, "U48")),
        (Unavailable(), (503, "-")),
        (Conflict(), (503, "-")),
    ],
)
async def test_what_the_listener_says_decides_the_answer(
    receiver: Receiver, hand_switch: HandSwitch, failure: Exception, answer: tuple[int, str]
) -> None:
    receiver.listener.failure = failure
    assert await receiver.receive(hand_switch.signed("RespPay", *PAID)) == answer


async def test_an_error_that_nobody_expects_is_not_acknowledged(
    receiver: Receiver, hand_switch: HandSwitch
) -> None:
    receiver.listener.failure = RuntimeError("unexpected")
    with pytest.raises(RuntimeError):
        await receiver.receive(hand_switch.signed("RespPay", *PAID))


async def test_a_confirmation_is_applied_before_it_is_acknowledged(
    receiver: Receiver, hand_switch: HandSwitch
) -> None:
    await receiver.rail.open()
    told = s.confirmation("DEEMED", s.ref("PAYER"), s.ref("PAYEE", respCode="RB"))
    body = hand_switch.signed(
        "ReqTxnConfirmation", s.head(), s.txn("TxnConfirmation", orgTxnId=s.TXN), told
    )
    assert await receiver.receive(body, "ReqTxnConfirmation") == (200, "")
    assert receiver.listener.answers[0][2].kind is OutcomeKind.DEEMED
    assert receiver.listener.answers[0][2].msg_id == s.THEIR_MSG
    await receiver.callbacks.close()
    await receiver.rail.close()
    assert [fact["api"] for fact in receiver.heard.named("rail.not_sent")] == [
        "RespTxnConfirmation"
    ]


async def test_a_confirmation_that_was_not_applied_gets_no_response(
    receiver: Receiver, hand_switch: HandSwitch
) -> None:
    receiver.listener.failure = Unavailable()
    told = s.confirmation("SUCCESS", s.ref("PAYER"), s.ref("PAYEE"))
    body = hand_switch.signed(
        "ReqTxnConfirmation", s.head(), s.txn("TxnConfirmation", orgTxnId=s.TXN), told
    )
    assert await receiver.receive(body, "ReqTxnConfirmation") == (503, "-")
    await receiver.callbacks.close()
    assert receiver.heard.named("rail.sent") == []


async def test_a_response_that_fails_is_logged_and_waited_for(
    receiver: Receiver, hand_switch: HandSwitch, caplog: pytest.LogCaptureFixture
) -> None:
    body = hand_switch.signed("ReqHbt", s.head(), s.txn("Hbt"))
    assert await receiver.receive(body, "ReqHbt") == (200, "")
    await receiver.callbacks.close()
    assert "a response to the switch failed" in caplog.text


async def test_an_answer_to_another_process_is_left_where_it_looks(
    receiver: Receiver, hand_switch: HandSwitch
) -> None:
    resp = s.resp("SUCCESS", maskName="Asha")
    body = hand_switch.signed("RespValAdd", s.head(), resp, s.txn("ValAdd"))
    assert await receiver.receive(body, "RespValAdd") == (200, "")
    assert receiver.replies.kept == {
        s.OUR_MSG: {"result": "SUCCESS", "error_code": "", "name": "Asha"}
    }
    receiver.replies.failure = Unavailable()
    assert await receiver.receive(body, "RespValAdd") == (503, "-")
