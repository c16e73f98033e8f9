"""The rail against the simulated switch, which shares no code with it."""

from __future__ import annotations

import aiohttp
import pytest

from sikka.domain.errors import IntegrityFailure, NotFound, RailUnavailable, Unavailable
from sikka.domain.outcome import OutcomeKind
from sikka.domain.payment import Flow
from sikka.ports import Authorisation
from sikka.rails.upi.client import _without_holder
from sikka.rails.upi.waiting import AwaitedReplies
from sikka_core import MalformedError
from sikka_sim.world import World
from tests.integration.rails.gateway import ORG_ID, Gateway
from tests.unit.rails.samples import merchant, now, payment, refund, upi

COLLECTS = {
    "asha": (OutcomeKind.APPROVED, None, "00"),
    "insufficient": (OutcomeKind.DECLINED, "insufficient_funds", "Z9"),
    "wrongpin": (OutcomeKind.DECLINED, "incorrect_pin", "ZM"),
    "limit": (OutcomeKind.DECLINED, "limit_exceeded", "Z8"),
    "dormant": (OutcomeKind.DECLINED, "account_unusable", "ZX"),
    "declined": (OutcomeKind.DECLINED, "payment_cancelled", "ZA"),
    "invalidvpa": (OutcomeKind.DECLINED, "invalid_vpa", "ZH"),
    "risk": (OutcomeKind.DECLINED, "risk_declined", "U16"),
    "bankdown": (OutcomeKind.DECLINED, "bank_technical_error", "U28"),
    "authtimeout": (OutcomeKind.DECLINED, "bank_technical_error", "U20"),
    "expire": (OutcomeKind.DECLINED, "payment_collect_request_expired", "U69"),
    "debittimeout": (OutcomeKind.DECLINED, "bank_technical_error", "U67"),
    "creditdeclined": (OutcomeKind.DECLINED, "beneficiary_declined", "YF"),
    "deemedforever": (OutcomeKind.DEEMED, None, "RB"),
    "reversal00": (OutcomeKind.DECLINED, "beneficiary_technical_error", "BT"),
    "reversal96": (OutcomeKind.DEEMED, None, "96"),
    "reversalcs": (OutcomeKind.APPROVED, None, "CS"),
}


@pytest.mark.parametrize("customer", sorted(COLLECTS))
async def test_a_collect_request_ends_as_the_customer_and_the_banks_decide(
    gateway: Gateway, customer: str
) -> None:
    at = now()
    ours = payment(at)
    side = upi(ours, f"{customer}@simbank")
    if customer == "expire":
        ours = payment(at, id=ours.id, expires_at=at)

    taken = await gateway.rail.collect(ours, side, merchant(), at)
    told = await gateway.listener.until()

    assert taken.kind is OutcomeKind.PENDING
    assert taken.msg_id is not None
    kind, failure_code, response_code = COLLECTS[customer]
    assert (told.kind, told.failure_code, told.response_code) == (
        kind,
        failure_code,
        response_code,
    )
    rail, transaction_id, _ = gateway.listener.answers[0]
    assert (rail, transaction_id) == ("npci", side.npci_txn_id)
    assert gateway.rail.payment_id(transaction_id, "pay") == ours.id
    assert told.msg_id == taken.msg_id
    assert told.rrn is not None
    if kind is OutcomeKind.DECLINED:
        assert told.amount_minor is None
    else:
        assert (told.amount_minor, told.currency) == (129_900, "INR")
        assert (told.payer_vpa, told.payee_vpa) == (f"{customer}@simbank", "teahouse@sikka")
        assert told.approval_code is not None


async def test_a_refund_goes_back_to_the_customer(gateway: Gateway, world: World) -> None:
    ours = payment(now())
    side = upi(ours, rrn="612300000001")
    await gateway.rail.collect(ours, side, merchant(), now())
    await gateway.listener.until(1)
    back = refund(ours, now(), rrn="612300000002")

    taken = await gateway.rail.refund(back, ours, side, merchant(), now())
    told = await gateway.listener.until(2)

    assert taken.kind is OutcomeKind.PENDING
    assert told.kind is OutcomeKind.APPROVED
    assert (told.amount_minor, told.rrn) == (10_000, "612300000002")
    assert (told.payer_vpa, told.payee_vpa) == ("teahouse@sikka", "asha@simbank")
    assert gateway.rail.payment_id(gateway.listener.answers[1][1], "rfd") == back.id
    assert world.npci.record[side.npci_txn_id].refunded_minor == 10_000


async def test_a_refund_of_what_the_switch_does_not_know_is_declined(gateway: Gateway) -> None:
    ours = payment(now())
    taken = await gateway.rail.refund(refund(ours, now()), ours, upi(ours), merchant(), now())
    told = await gateway.listener.until()
    assert taken.kind is OutcomeKind.PENDING
    assert (told.kind, told.failure_code) == (OutcomeKind.DECLINED, "original_not_found")


@pytest.mark.parametrize(
    ("customer", "kind"),
    [
        ("asha", OutcomeKind.APPROVED),
        ("insufficient", OutcomeKind.DECLINED),
        ("silent", OutcomeKind.PENDING),
        ("deemedforever", OutcomeKind.DEEMED),
        ("lost", OutcomeKind.NOT_FOUND),
    ],
)
async def test_a_check_brings_the_truth_about_the_original(
    gateway: Gateway, world: World, customer: str, kind: OutcomeKind
) -> None:
    world.npci.faults.callbacks = "discard"
    ours = payment(now())
    side = upi(ours, f"{customer}@simbank")
    await gateway.rail.collect(ours, side, merchant(), now())
    if customer != "silent":
        await world.npci.record.until(
            lambda: world.npci.record[side.npci_txn_id].status != "PENDING"
        )

    asked = await gateway.rail.check(
        side.npci_txn_id, original_at=ours.created_at, rrn=None, refund=False, now=now()
    )
    told = await gateway.listener.until()

    assert asked.kind is OutcomeKind.PENDING
    assert told.kind is kind
    assert gateway.listener.answers[0][1] == side.npci_txn_id
    assert told.msg_id is None


async def test_a_check_of_a_transaction_that_never_was_is_not_found(gateway: Gateway) -> None:
    ours = payment(now())
    await gateway.rail.check(
        upi(ours).npci_txn_id, original_at=now(), rrn="612300000001", refund=True, now=now()
    )
    told = await gateway.listener.until()
    assert (told.kind, told.response_code) == (OutcomeKind.NOT_FOUND, "U48")


async def test_a_refused_check_says_nothing_about_the_original(gateway: Gateway) -> None:
    ours = payment(now())
    long_ago = now().replace(year=now().year - 1)
    asked = await gateway.rail.check(
        upi(ours).npci_txn_id, original_at=long_ago, rrn=None, refund=False, now=now()
    )
    assert (asked.kind, asked.response_code) == (OutcomeKind.AMBIGUOUS, "X09")


async def test_a_negative_ack_declines(gateway: Gateway) -> None:
    ours = payment(now())
    told = await gateway.rail.collect(ours, upi(ours, "nackd@simbank"), merchant(), now())
    assert (told.kind, told.failure_code, told.response_code) == (
        OutcomeKind.DECLINED,
        "bank_technical_error",
        "U90",
    )


async def test_a_known_transaction_id_is_no_decline_for_the_switch_has_it(
    gateway: Gateway,
) -> None:
    ours = payment(now())
    side = upi(ours, "silent@simbank")
    first = await gateway.rail.collect(ours, side, merchant(), now())
    again = await gateway.rail.collect(ours, side, merchant(), now())
    assert first.kind is OutcomeKind.PENDING
    assert (again.kind, again.response_code) == (OutcomeKind.AMBIGUOUS, "U01")


@pytest.mark.parametrize("customer", ["dropack", "garbageack", "noack"])
async def test_a_lost_or_unreadable_ack_is_ambiguous(gateway: Gateway, customer: str) -> None:
    ours = payment(now())
    told = await gateway.rail.collect(ours, upi(ours, f"{customer}@simbank"), merchant(), now())
    assert told.kind is OutcomeKind.AMBIGUOUS
    assert told.failure_code is None


async def test_the_outcome_may_overtake_the_ack(gateway: Gateway) -> None:
    ours = payment(now())
    taken = await gateway.rail.collect(ours, upi(ours, "outoforder@simbank"), merchant(), now())
    assert [outcome.kind for _, _, outcome in gateway.listener.answers] == [OutcomeKind.APPROVED]
    assert taken.kind is OutcomeKind.PENDING


async def test_twenty_copies_of_an_outcome_are_all_acknowledged(
    gateway: Gateway, world: World
) -> None:
    ours = payment(now())
    side = upi(ours, "duplicate@simbank")
    await gateway.rail.collect(ours, side, merchant(), now())
    transaction = await world.npci.record.answered(side.npci_txn_id)
    assert len(gateway.listener.answers) == 20
    assert len(set(map(repr, gateway.listener.answers))) == 1
    assert all(acknowledged for _, acknowledged in transaction.answers)


async def test_an_address_is_validated_by_an_answer_to_this_process(gateway: Gateway) -> None:
    holder = await gateway.rail.validate("asha@simbank", merchant(), now())
    assert (holder.valid, holder.name) == (True, "Asha")
    assert gateway.replies.kept == {}


async def test_nobody_holds_an_invalid_address(gateway: Gateway) -> None:
    holder = await gateway.rail.validate("invalidvpa@simbank", merchant(), now())
    assert (holder.valid, holder.name, holder.response_code) == (False, None, "ZH")


async def test_a_validation_without_an_answer_is_no_verdict(gateway: Gateway, world: World) -> None:
    world.npci.faults.unavailable = True
    with pytest.raises(RailUnavailable):
        await gateway.rail.validate("asha@simbank", merchant(), now())


async def test_a_heartbeat_is_answered_both_ways(gateway: Gateway, world: World) -> None:
    await gateway.rail.heartbeat(now())
    await gateway.heard.until(lambda: bool(gateway.heard.named("rail.heartbeat")))
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{world.npci_url}/sim/heartbeat", json={}) as answer,
    ):
        assert answer.status == 200, await answer.text()
    await gateway.heard.until(
        lambda: (
            {"rail": "npci", "api": "RespHbt"}.items()
            <= {
                k: v for f in gateway.heard.named("rail.acknowledged") for k, v in f.items()
            }.items()
        )
    )


async def test_no_heartbeat_without_a_switch(gateway: Gateway, world: World) -> None:
    world.npci.faults.down = True
    with pytest.raises(RailUnavailable, match="no heartbeat"):
        await gateway.rail.heartbeat(now())


@pytest.mark.parametrize("flow", [Flow.INTENT, Flow.QR])
async def test_a_customer_pays_a_link(gateway: Gateway, world: World, flow: Flow) -> None:
    ours = payment(now(), flow=flow, description="Café au lait № 4")
    side = upi(ours, "")
    gateway.listener.authorisation = Authorisation(True, "00", merchant())
    link = gateway.rail.link(ours, side, merchant())

    transaction = world.npci.apps.pay(link, "asha@simbank")
    assert transaction is not None
    told = await gateway.listener.until()
    await world.npci.record.until(lambda: transaction.confirmed)

    asked = gateway.listener.requests[0]
    assert (asked.transaction_id, asked.reference) == (side.npci_txn_id, side.npci_txn_id)
    assert (asked.payer_vpa, asked.payee_vpa) == ("asha@simbank", "teahouse@sikka")
    assert (asked.amount_minor, asked.currency) == (129_900, "INR")
    assert told.kind is OutcomeKind.APPROVED
    assert gateway.listener.answers[0][1] == side.npci_txn_id
    assert (told.amount_minor, told.payer_vpa) == (129_900, "asha@simbank")
    assert transaction.payee.account == merchant().account_number


@pytest.mark.parametrize(
    ("authorisation", "failure", "codes"),
    [
        (Authorisation(False, "ZH", None), None, ("U29", "ZH")),
        (Authorisation(False, "X1", merchant()), None, ("U19", "X1")),
        (Authorisation(True, "00", merchant()), Unavailable(), ("U19", "YG")),
    ],
)
async def test_a_customer_whom_we_refuse_is_not_debited(
    gateway: Gateway,
    world: World,
    authorisation: Authorisation,
    failure: Exception | None,
    codes: tuple[str, str],
) -> None:
    ours = payment(now(), flow=Flow.INTENT)
    link = gateway.rail.link(ours, upi(ours, ""), merchant())
    gateway.listener.authorisation = authorisation
    gateway.listener.failure = failure
    transaction = world.npci.apps.pay(link, "asha@simbank")
    assert transaction is not None
    await world.npci.record.decided(transaction.id)
    assert (transaction.status, transaction.debited_minor) == ("FAILURE", 0)
    assert (transaction.error_code, transaction.payee_code) == codes


async def test_a_foreign_signature_is_refused_and_changes_nothing(
    gateway: Gateway, world: World
) -> None:
    ours = payment(now())
    side = upi(ours, "wrongsignature@simbank")
    await gateway.rail.collect(ours, side, merchant(), now())
    transaction = await world.npci.record.answered(side.npci_txn_id)
    assert transaction.answers == [("RespPay", False)]
    assert gateway.listener.answers == []
    assert set(gateway.statuses) == {401}
    assert {fact["reason"] for fact in gateway.heard.named("rail.rejected")} == {"U55"}


async def test_an_organisation_that_nobody_pinned_is_refused(
    gateway: Gateway, world: World
) -> None:
    world.npci.faults.wrong_org_next = 1
    ours = payment(now())
    side = upi(ours)
    await gateway.rail.collect(ours, side, merchant(), now())
    transaction = await world.npci.record.answered(side.npci_txn_id)
    assert transaction.answers == [("RespPay", False)]
    assert gateway.listener.answers == []


async def test_what_was_not_written_is_sent_again(gateway: Gateway, world: World) -> None:
    gateway.listener.failure = Unavailable()
    ours = payment(now())
    side = upi(ours)
    await gateway.rail.collect(ours, side, merchant(), now())
    await gateway.heard.until(
        lambda: any(
            f["reason"] == "database_unavailable" for f in gateway.heard.named("rail.rejected")
        )
    )
    gateway.listener.failure = None
    told = await gateway.listener.until()
    assert told.kind is OutcomeKind.APPROVED
    transaction = await world.npci.record.answered(side.npci_txn_id)
    assert transaction.answers == [("RespPay", True)]


async def test_an_answer_that_differs_from_ours_is_acknowledged_and_alerted(
    gateway: Gateway, world: World
) -> None:
    gateway.listener.failure = IntegrityFailure(payment_id="pay_1")
    ours = payment(now())
    side = upi(ours)
    await gateway.rail.collect(ours, side, merchant(), now())
    transaction = await world.npci.record.answered(side.npci_txn_id)
    assert transaction.answers == [("RespPay", True)]
    assert [fact["payment_id"] for fact in gateway.heard.named("rail.integrity_failure")] == [
        "pay_1"
    ]


async def test_an_outcome_of_nothing_of_ours_is_refused(gateway: Gateway, world: World) -> None:
    gateway.listener.failure = NotFound()
    ours = payment(now())
    side = upi(ours)
    await gateway.rail.collect(ours, side, merchant(), now())
    transaction = await world.npci.record.answered(side.npci_txn_id)
    assert transaction.answers == [("RespPay", False)]
    assert gateway.statuses == [200]
    assert gateway.heard.named("rail.rejected")[0]["reason"] == "U48"


async def test_an_app_with_an_id_of_its_own_is_refused_for_it_could_pay_twice(
    gateway: Gateway, world: World
) -> None:
    ours = payment(now(), flow=Flow.INTENT)
    link = gateway.rail.link(ours, upi(ours, ""), merchant())
    gateway.listener.failure = MalformedError("not one of ours")
    transaction = world.npci.apps.pay(link, "asha@simbank", honour_tid=False)
    assert transaction is not None
    await world.npci.record.decided(transaction.id)
    assert (transaction.status, transaction.debited_minor) == ("FAILURE", 0)
    assert gateway.listener.requests[0].reference == upi(ours).npci_txn_id
    assert gateway.listener.requests[0].transaction_id == transaction.id


async def test_an_answer_received_by_another_process_is_found(
    gateway: Gateway, world: World
) -> None:
    elsewhere = Gateway(world.npci_url, gateway.keys, reply_poll_s=0.001)
    elsewhere.rail.awaited = AwaitedReplies(gateway.replies, 0.001)
    async with elsewhere.running():
        holder = await elsewhere.rail.validate("asha@simbank", merchant(), now())
    assert (holder.valid, holder.name) == (True, "Asha")
    assert len(gateway.replies.kept) == 1


async def test_a_validation_that_nobody_answers_in_time_is_no_verdict(
    gateway: Gateway, world: World
) -> None:
    nowhere = Gateway(world.npci_url, gateway.keys, reply_timeout_s=0.05, reply_poll_s=0.01)
    world.set_gateway("http://127.0.0.1:1")
    async with nowhere.running():
        with pytest.raises(RailUnavailable, match="no answer in time"):
            await nowhere.rail.validate("asha@simbank", merchant(), now())


@pytest.mark.parametrize("code", ["U28", "U92"])
def test_a_bank_that_is_away_is_no_word_about_the_address(code: str) -> None:
    with pytest.raises(RailUnavailable, match=code):
        _without_holder("asha@simbank", code)


async def test_a_refused_validation_is_no_verdict(gateway: Gateway, world: World) -> None:
    world.register_organisation(ORG_ID, world.keys.foreign.certificate_pem)
    with pytest.raises(RailUnavailable, match="U55"):
        await gateway.rail.validate("asha@simbank", merchant(), now())


async def test_a_refused_heartbeat_is_told(gateway: Gateway, world: World) -> None:
    world.register_organisation(ORG_ID, world.keys.foreign.certificate_pem)
    with pytest.raises(RailUnavailable, match="U55"):
        await gateway.rail.heartbeat(now())


def test_ids_of_others_are_refused(gateway: Gateway) -> None:
    with pytest.raises(MalformedError, match="PSP prefix"):
        gateway.rail.payment_id("XYZ" + "0" * 32, "pay")
