"""The same customers through a sponsor bank's API: the same endings."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from sikka_sim import SCRIPTS
from tests.e2e import orders
from tests.e2e.configuration import SPONSOR, Keys, Place
from tests.e2e.conftest import PLACES, place_of
from tests.e2e.endings import ENDINGS
from tests.e2e.house import House, house_at
from tests.e2e.stories import Story, Table, tell_all

MERCHANT = {"rail": SPONSOR, "payee_vpa": "sim0001@simsponsor"}


@pytest.fixture(scope="module", params=PLACES)
def table(
    request: pytest.FixtureRequest, keys: Keys, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Table]:
    """The whole table, run once a database at the sponsor bank; after it the house was proved."""
    directory = tmp_path_factory.mktemp(request.param)
    with place_of(request.param, directory, request) as place:
        yield asyncio.run(tell_all(place, keys, SPONSOR))


@pytest.fixture(params=SCRIPTS)
def name(request: pytest.FixtureRequest) -> str:
    """The name of each script in the simulator's own table."""
    script: str = request.param
    return script


@pytest.fixture
def story(table: Table, name: str) -> Story:
    """What became of that customer's payment."""
    return table.stories[name]


@pytest.mark.slow
def test_a_payment_ends_at_the_bank_as_it_does_at_the_switch(name: str, story: Story) -> None:
    ending = ENDINGS[name]
    payment = story.payment
    failure = payment["failure"]["code"] if payment["failure"] else None
    found = (story.answer.status, payment["status"], payment["stage"], failure)
    assert found == (ending.answer, ending.status, ending.stage, ending.failure)
    path = [each for each in story.types if each != "payment.submitted"]
    assert path == ["payment.created", *ending.path]
    assert tuple(story.booked) == ending.booked
    assert story.webhooks == story.events


@pytest.mark.slow
def test_the_bank_ended_as_its_script_says(name: str, story: Story) -> None:
    status = story.transaction.status if story.transaction else "ABSENT"
    assert status == SCRIPTS[name].final


@pytest.mark.slow
def test_the_bank_owes_exactly_what_it_took(table: Table) -> None:
    assert table.balances["receivable"] == table.captured_minor + table.held_minor
    assert table.balances["suspense"] == table.held_minor


async def test_a_refund_goes_back_through_the_bank_that_took_the_money(
    place: Place, keys: Keys
) -> None:
    async with house_at(place, keys, merchant=MERCHANT) as house:
        id = await _paid(house)
        refund = await house.refund(id, amount=50_000)
        assert (await house.refund_ended(refund["id"]))["status"] == "SUCCESS"
        (transaction,) = [each for each in house.world.sponsor.record if each.kind == "REFUND"]
        assert transaction.amount_minor == 50_000
        assert len(house.world.npci.record) == 0
        await house.quiet()
        await house.prove()


async def test_the_bank_makes_its_own_links_so_ours_are_refused(place: Place, keys: Keys) -> None:
    async with house_at(place, keys, merchant=MERCHANT) as house:
        for order in (orders.intent(), orders.qr()):
            reply = await house.client.post("/v1/payments", order)
            assert (reply.status, reply.json["error"]["code"]) == (422, "method_unavailable")
        assert await house.archive.count("payments") == 0


async def _paid(house: House) -> str:
    payment = await house.pay(orders.collect("asha@simbank"))
    await house.ended(payment["id"])
    id: str = payment["id"]
    return id
