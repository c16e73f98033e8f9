"""Answers and callbacks of a bank that the simulated one would never give."""

from __future__ import annotations

import json

import pytest

from sikka.domain.errors import Conflict, IntegrityFailure
from sikka.domain.outcome import OutcomeKind
from sikka.rails.sponsor import answers
from sikka.rails.sponsor.callbacks import BODY_BYTES_MAX, SponsorCallbacks
from sikka.rails.sponsor.client import SponsorRail
from sikka.rails.sponsor.config import SponsorConfig
from sikka.rails.transport import TransportConfig
from sikka_core import MalformedError, SignatureError
from sikka_sim.sponsor.signing import sign
from tests.unit.rails.samples import AT, PSP, FixedClock, Heard, Listener

TXN = "SKA019AA9871E7000700000000000000001"
SECRET = "secret"


def answer(**facts: object) -> answers.CallAnswer:
    return answers.read_answer(json.dumps({"success": True, "response": "92"} | facts).encode())


def told(**changed: object) -> bytes:
    facts = {
        "merchantId": "SIM0001",
        "merchantTranId": TXN,
        "BankRRN": "632700000001",
        "upiTxnId": "SPB1",
        "type": "COLLECT",
        "txnStatus": "SUCCESS",
        "response": "00",
        "payerVa": "Asha@simbank",
        "payeeVa": "teahouse@sikka",
        "payerAmount": "1299.00",
    }
    return json.dumps(facts | changed).encode()


class Receiver:
    def __init__(self) -> None:
        self.heard, self.listener, self.clock = Heard(), Listener(), FixedClock(AT)
        config = SponsorConfig(
            "bank", TransportConfig("http://bank"), "SIM0001", PSP, SECRET.encode()
        )
        rail = SponsorRail(config, self.heard)
        self.rail = rail
        self.callbacks = SponsorCallbacks({"bank": rail}, self.listener, self.clock, self.heard)

    async def receive(self, body: bytes, **changed: str) -> int:
        timestamp = changed.get("x-timestamp", str(int(AT.timestamp())))
        headers = {"x-timestamp": timestamp, "x-signature": sign(SECRET, timestamp, body)}
        status, _ = await self.callbacks.receive("bank", headers | changed, body)
        return status


@pytest.mark.parametrize(
    ("facts", "kind"),
    [
        ({"merchantTranId": TXN}, OutcomeKind.PENDING),
        ({"merchantTranId": TXN, "status": "SUCCESS"}, OutcomeKind.PENDING),
        ({"merchantTranId": "SKA2"}, OutcomeKind.AMBIGUOUS),
        ({}, OutcomeKind.AMBIGUOUS),
        ({"success": False, "response": "5003"}, OutcomeKind.AMBIGUOUS),
        ({"success": False, "response": "U01"}, OutcomeKind.AMBIGUOUS),
        ({"success": False, "response": "U16"}, OutcomeKind.DECLINED),
        ({"success": False, "response": "8000"}, OutcomeKind.DECLINED),
    ],
)
def test_an_order_is_taken_refused_or_undecided(
    facts: dict[str, object], kind: OutcomeKind
) -> None:
    assert answers.of_order(answer(**facts), TXN).kind is kind


@pytest.mark.parametrize(
    ("facts", "kind"),
    [
        ({"status": "PENDING"}, OutcomeKind.PENDING),
        ({"status": "SUCCESS", "response": "00", "amount": "1299.00"}, OutcomeKind.APPROVED),
        ({"status": "SUCCESS", "response": "RB", "amount": "1299.00"}, OutcomeKind.DEEMED),
        ({"status": "DEEMED", "response": "RB", "amount": "1299.00"}, OutcomeKind.DEEMED),
        ({"status": "FAILURE", "response": "Z9"}, OutcomeKind.DECLINED),
        ({"status": "FAILURE", "response": "NO"}, OutcomeKind.NOT_FOUND),
        ({"success": False, "response": "5006"}, OutcomeKind.NOT_FOUND),
        ({"success": False, "response": "U90"}, OutcomeKind.AMBIGUOUS),
        ({"status": "SUCCESS", "response": "00"}, OutcomeKind.AMBIGUOUS),
        ({"status": "SUCCESS", "response": "00", "amount": "a lot"}, OutcomeKind.AMBIGUOUS),
        ({"status": "SUCCESS", "merchantTranId": "SKA2", "amount": "1.00"}, OutcomeKind.AMBIGUOUS),
        ({}, OutcomeKind.AMBIGUOUS),
    ],
)
def test_a_check_says_no_more_than_the_bank(facts: dict[str, object], kind: OutcomeKind) -> None:
    assert answers.of_check(answer(**({"merchantTranId": TXN} | facts)), TXN).kind is kind


async def test_a_callback_is_applied() -> None:
    receiver = Receiver()
    assert await receiver.receive(told()) == 200
    ((rail, transaction_id, outcome),) = receiver.listener.answers
    assert (rail, transaction_id, outcome.kind) == ("bank", TXN, OutcomeKind.APPROVED)
    assert (outcome.amount_minor, outcome.currency) == (129_900, "INR")
    assert (outcome.payer_vpa, outcome.payee_vpa) == ("asha@simbank", "teahouse@sikka")
    assert (outcome.rrn, outcome.bank_ref_id) == ("632700000001", "SPB1")


@pytest.mark.parametrize(
    "changed",
    [
        {"x-signature": "0" * 64},
        {"x-signature": ""},
        {"x-signature": sign("another", str(int(AT.timestamp())), told())},
        {"x-timestamp": "yesterday"},
        {"x-timestamp": ""},
        {"x-timestamp": "9" * 13},
        {"x-timestamp": str(int(AT.timestamp()) - 301)},
        {"x-timestamp": str(int(AT.timestamp()) + 301)},
    ],
)
async def test_what_is_not_signed_now_has_no_effect(changed: dict[str, str]) -> None:
    receiver = Receiver()
    assert await receiver.receive(told(), **changed) == 401
    assert receiver.listener.answers == []
    assert receiver.heard.named("rail.verified") == []


async def test_a_callback_is_bounded() -> None:
    receiver = Receiver()
    assert await receiver.receive(b" " * (BODY_BYTES_MAX + 1)) == 401


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        told(merchantId="SIM0002"),
        told(txnStatus="MAYBE"),
        told(payerAmount="a lot"),
        told(merchantTranId=None),
    ],
)
async def test_a_verified_callback_that_breaks_its_rules_is_refused(body: bytes) -> None:
    receiver = Receiver()
    assert await receiver.receive(body) == 400
    assert receiver.listener.answers == []


@pytest.mark.parametrize(
    ("failure", "status"),
    [(Conflict(), 503), (MalformedError("not ours"), 404), (IntegrityFailure(), 200)],
)
async def test_what_the_listener_says_decides_the_answer(failure: Exception, status: int) -> None:
    receiver = Receiver()
    receiver.listener.failure = failure
    assert await receiver.receive(told()) == status


def test_ids_of_others_are_refused() -> None:
    rail = Receiver().rail
    assert rail.transaction_id(rail.payment_id(TXN, "pay")) == TXN
    with pytest.raises(MalformedError, match="PSP prefix"):
        rail.payment_id("XYZ" + TXN[3:], "pay")
    assert issubclass(SignatureError, Exception)
