"""The sponsor bank's rail against the simulated bank, which shares no code with it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from aiohttp import web

from sikka.domain.errors import (
    IntegrityFailure,
    NotFound,
    RailUnavailable,
    Unavailable,
    UnprocessableRequest,
)
from sikka.domain.outcome import OutcomeKind
from sikka.rails.sponsor.callbacks import SponsorCallbacks
from sikka.rails.sponsor.client import SponsorRail
from sikka.rails.sponsor.config import SponsorConfig
from sikka.rails.transport import TransportConfig
from sikka_sim.world import World
from tests.integration.rails.gateway import served
from tests.unit.rails.samples import (
    PSP,
    Heard,
    Listener,
    RealClock,
    merchant,
    now,
    payment,
    refund,
    upi,
)

BANK = "simsponsor"
MERCHANT_ID = "SIM0001"
SECRET = b"secret-of-the-simulated-merchant"


class Sponsored:
    """A rail to the bank, and our end of its callbacks."""

    def __init__(self, url: str, secret: bytes = SECRET) -> None:
        self.heard, self.listener, self.statuses = Heard(), Listener(), list[int]()
        transport = TransportConfig(url, connect_timeout_s=2.0, answer_timeout_s=5.0)
        config = SponsorConfig(
            BANK, transport, MERCHANT_ID, PSP, secret, callback_secrets=(b"the next one", SECRET)
        )
        self.rail = SponsorRail(config, self.heard)
        self.callbacks = SponsorCallbacks({BANK: self.rail}, self.listener, RealClock(), self.heard)

    async def receive(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        status, body = await self.callbacks.receive(
            request.match_info["bank"], headers, await request.read()
        )
        self.statuses.append(status)
        return web.Response(status=status, body=body, content_type="application/json")


@pytest.fixture
async def sponsored(world: World) -> AsyncIterator[Sponsored]:
    sponsored = Sponsored(world.sponsor_url)
    app = web.Application()
    app.router.add_post("/callbacks/sponsor/{bank}", sponsored.receive)
    async with AsyncExitStack() as stack:
        await sponsored.rail.open()
        stack.push_async_callback(sponsored.rail.close)
        world.set_gateway(await stack.enter_async_context(served(app)))
        yield sponsored


COLLECTS = {
    "asha": (OutcomeKind.APPROVED, None, "00"),
    "insufficient": (OutcomeKind.DECLINED, "insufficient_funds", "Z9"),
    "declined": (OutcomeKind.DECLINED, "payment_cancelled", "ZA"),
    "invalidvpa": (OutcomeKind.DECLINED, "invalid_vpa", "ZH"),
    "expire": (OutcomeKind.DECLINED, "payment_collect_request_expired", "U69"),
    "deemedforever": (OutcomeKind.DEEMED, None, "RB"),
}


@pytest.mark.parametrize("customer", sorted(COLLECTS))
async def test_a_collect_request_ends_as_the_customer_and_the_banks_decide(
    sponsored: Sponsored, customer: str
) -> None:
    ours = payment(now())
    side = upi(ours, f"{customer}@simbank")

    taken = await sponsored.rail.collect(ours, side, merchant(), now())
    told = await sponsored.listener.until()

    kind, failure_code, response_code = COLLECTS[customer]
    assert taken.kind is OutcomeKind.PENDING
    assert (told.kind, told.failure_code, told.response_code) == (
        kind,
        failure_code,
        response_code,
    )
    assert told.rrn == taken.rrn is not None
    rail, transaction_id, _ = sponsored.listener.answers[0]
    assert (rail, sponsored.rail.payment_id(transaction_id, "pay")) == (BANK, ours.id)
    if kind is not OutcomeKind.DECLINED:
        assert (told.amount_minor, told.currency) == (129_900, "INR")
        assert (told.payer_vpa, told.payee_vpa) == (
            f"{customer}@simbank",
            f"{MERCHANT_ID.lower()}@{BANK}",
        )


@pytest.mark.parametrize(
    ("customer", "kind"),
    [
        ("asha", OutcomeKind.APPROVED),
        ("insufficient", OutcomeKind.DECLINED),
        ("deemedforever", OutcomeKind.DEEMED),
        ("lost", OutcomeKind.NOT_FOUND),
    ],
)
async def test_a_check_answers_at_once(
    sponsored: Sponsored, world: World, customer: str, kind: OutcomeKind
) -> None:
    world.sponsor.callbacks.gateway_url = None
    ours = payment(now())
    side = upi(ours, f"{customer}@simbank")
    await sponsored.rail.collect(ours, side, merchant(), now())
    record = world.sponsor.record
    await record.until(lambda: all(each.status != "PENDING" for each in record))

    told = await sponsored.rail.check(
        side.npci_txn_id, original_at=now(), rrn=None, refund=False, now=now()
    )

    assert told.kind is kind
    if kind is OutcomeKind.APPROVED:
        assert told.amount_minor == 129_900
        assert told.rrn is not None


async def test_a_check_of_what_is_in_process_is_pending(sponsored: Sponsored) -> None:
    ours = payment(now())
    side = upi(ours, "silent@simbank")
    await sponsored.rail.collect(ours, side, merchant(), now())
    told = await sponsored.rail.check(
        side.npci_txn_id, original_at=now(), rrn=None, refund=False, now=now()
    )
    assert told.kind is OutcomeKind.PENDING


async def test_a_check_of_what_never_was_is_not_found(sponsored: Sponsored) -> None:
    told = await sponsored.rail.check(
        upi(payment(now())).npci_txn_id, original_at=now(), rrn=None, refund=False, now=now()
    )
    assert (told.kind, told.response_code) == (OutcomeKind.NOT_FOUND, "5006")


async def test_a_refund_goes_back_to_the_customer(sponsored: Sponsored) -> None:
    ours = payment(now())
    side = upi(ours)
    await sponsored.rail.collect(ours, side, merchant(), now())
    await sponsored.listener.until(1)
    back = refund(ours, now())

    taken = await sponsored.rail.refund(back, ours, side, merchant(), now())
    told = await sponsored.listener.until(2)

    assert taken.kind is OutcomeKind.PENDING
    assert (told.kind, told.amount_minor) == (OutcomeKind.APPROVED, 10_000)
    assert sponsored.rail.payment_id(sponsored.listener.answers[1][1], "rfd") == back.id


async def test_a_refund_of_what_the_bank_does_not_know_is_declined(sponsored: Sponsored) -> None:
    ours = payment(now())
    told = await sponsored.rail.refund(refund(ours, now()), ours, upi(ours), merchant(), now())
    assert (told.kind, told.failure_code) == (OutcomeKind.DECLINED, "original_not_found")


async def test_a_refusal_declines(sponsored: Sponsored) -> None:
    ours = payment(now())
    told = await sponsored.rail.collect(ours, upi(ours, "nackd@simbank"), merchant(), now())
    assert (told.kind, told.failure_code) == (OutcomeKind.DECLINED, "bank_technical_error")


async def test_a_duplicate_is_no_decline_for_the_bank_has_it(sponsored: Sponsored) -> None:
    ours = payment(now())
    side = upi(ours, "silent@simbank")
    await sponsored.rail.collect(ours, side, merchant(), now())
    again = await sponsored.rail.collect(ours, side, merchant(), now())
    assert (again.kind, again.response_code) == (OutcomeKind.AMBIGUOUS, "5003")


@pytest.mark.parametrize("customer", ["dropack", "garbageack"])
async def test_a_lost_or_unreadable_answer_is_ambiguous(
    sponsored: Sponsored, customer: str
) -> None:
    ours = payment(now())
    told = await sponsored.rail.collect(ours, upi(ours, f"{customer}@simbank"), merchant(), now())
    assert told.kind is OutcomeKind.AMBIGUOUS


async def test_a_wrong_secret_is_refused_by_the_bank(world: World) -> None:
    sponsored = Sponsored(world.sponsor_url, secret=b"not the secret")
    await sponsored.rail.open()
    ours = payment(now())
    told = await sponsored.rail.collect(ours, upi(ours), merchant(), now())
    await sponsored.rail.close()
    assert (told.kind, told.response_code) == (OutcomeKind.DECLINED, "8010")


async def test_an_address_is_validated(sponsored: Sponsored) -> None:
    holder = await sponsored.rail.validate("asha@simbank", merchant(), now())
    assert (holder.valid, holder.name) == (True, "Asha")
    nobody = await sponsored.rail.validate("invalidvpa@simbank", merchant(), now())
    assert (nobody.valid, nobody.name, nobody.response_code) == (False, None, "ZH")


async def test_a_foreign_signature_is_refused_and_changes_nothing(sponsored: Sponsored) -> None:
    ours = payment(now())
    await sponsored.rail.collect(ours, upi(ours, "wrongsignature@simbank"), merchant(), now())
    await sponsored.heard.until(lambda: bool(sponsored.heard.named("rail.rejected")))
    assert sponsored.listener.answers == []
    assert set(sponsored.statuses) == {401}


@pytest.mark.parametrize(
    ("failure", "status"),
    [(Unavailable(), 503), (NotFound(), 404), (IntegrityFailure(payment_id="pay_1"), 200)],
)
async def test_what_the_listener_says_decides_the_answer(
    sponsored: Sponsored, world: World, failure: Exception, status: int
) -> None:
    sponsored.listener.failure = failure
    ours = payment(now())
    await sponsored.rail.collect(ours, upi(ours), merchant(), now())
    record = world.sponsor.record
    await record.until(lambda: any(m.api == "callback" for m in record.messages()))
    assert set(sponsored.statuses) == {status}
    assert len(sponsored.heard.named("rail.integrity_failure")) == (status == 200)


async def test_the_bank_makes_its_own_links(sponsored: Sponsored) -> None:
    ours = payment(now())
    with pytest.raises(UnprocessableRequest, match="no links"):
        sponsored.rail.link(ours, upi(ours), merchant())


async def test_without_a_bank_nothing_is_sent_and_nothing_is_known() -> None:
    async with served(web.Application()) as url:
        gone = url
    sponsored = Sponsored(gone)
    await sponsored.rail.open()
    ours = payment(now())
    side = upi(ours)
    collected = await sponsored.rail.collect(ours, side, merchant(), now())
    checked = await sponsored.rail.check(
        side.npci_txn_id, original_at=now(), rrn=None, refund=False, now=now()
    )
    with pytest.raises(RailUnavailable):
        await sponsored.rail.validate("asha@simbank", merchant(), now())
    await sponsored.rail.close()
    assert (collected.kind, collected.failure_code) == (OutcomeKind.NOT_SENT, "rail_unavailable")
    assert checked.kind is OutcomeKind.AMBIGUOUS


async def test_a_callback_to_an_unknown_bank_is_not_found(sponsored: Sponsored) -> None:
    status, body = await sponsored.callbacks.receive("otherbank", {}, b"{}")
    assert status == 404
    assert b"no such bank" in body


async def test_an_answer_that_is_not_the_banks_is_ambiguous() -> None:
    async def elsewhere(_request: web.Request) -> web.Response:
        return web.json_response({"success": True, "response": "92"}, status=403)

    app = web.Application()
    app.router.add_post("/{path:.*}", elsewhere)
    async with served(app) as url:
        sponsored = Sponsored(url)
        await sponsored.rail.open()
        ours = payment(now())
        told = await sponsored.rail.collect(ours, upi(ours), merchant(), now())
        await sponsored.rail.close()
    assert (told.kind, told.message) == (OutcomeKind.AMBIGUOUS, "HTTP 403")
