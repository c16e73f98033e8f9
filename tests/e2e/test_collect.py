"""Each scripted customer's collect payment ends as it must, on every database."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from sikka_sim import SCRIPTS
from tests.e2e.configuration import Keys
from tests.e2e.conftest import PLACES, place_of
from tests.e2e.endings import ENDINGS
from tests.e2e.orders import AMOUNT_MINOR
from tests.e2e.stories import Story, Table, tell_all

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=PLACES)
def table(
    request: pytest.FixtureRequest, keys: Keys, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Table]:
    """The whole table, run once a database; after it the house was proved."""
    directory = tmp_path_factory.mktemp(request.param)
    with place_of(request.param, directory, request) as place:
        yield asyncio.run(tell_all(place, keys, "npci"))


@pytest.fixture(params=SCRIPTS)
def name(request: pytest.FixtureRequest) -> str:
    """The name of each script in the simulator's own table."""
    script: str = request.param
    return script


@pytest.fixture
def story(table: Table, name: str) -> Story:
    """What became of that customer's payment."""
    return table.stories[name]


def test_every_script_has_an_ending_here() -> None:
    assert set(ENDINGS) == set(SCRIPTS)


def test_a_payment_ends_in_the_status_of_its_script(name: str, story: Story) -> None:
    ending = ENDINGS[name]
    payment = story.payment
    failure = payment["failure"]["code"] if payment["failure"] else None
    found = (story.answer.status, payment["status"], payment["stage"], failure)
    assert found == (ending.answer, ending.status, ending.stage, ending.failure)
    assert payment["captured_amount"] == (AMOUNT_MINOR if ending.status == "SUCCESS" else 0)


def test_a_payment_has_an_event_for_each_step(name: str, story: Story) -> None:
    path = [each for each in story.types if each != "payment.submitted"]
    assert path == ["payment.created", *ENDINGS[name].path]
    assert story.types.count("payment.submitted") <= 1
    sequences = [event["sequence"] for event in story.events]
    assert sequences == list(range(1, len(story.events) + 1))


def test_the_merchant_has_every_event_once_verified_and_in_order(story: Story) -> None:
    assert story.webhooks == story.events


def test_the_ledger_holds_what_happened_to_the_money(name: str, story: Story) -> None:
    assert tuple(story.booked) == ENDINGS[name].booked


def test_the_audit_trail_tells_every_step(name: str, story: Story) -> None:
    for action in (*story.types, *ENDINGS[name].recorded):
        assert action in story.actions
    for type_ in story.types:
        assert story.actions.count(type_) == 1


def test_the_rail_ended_as_its_script_says(name: str, story: Story) -> None:
    status = story.transaction.status if story.transaction else "ABSENT"
    assert status == SCRIPTS[name].final


def test_the_books_hold_exactly_what_the_rail_moved(table: Table) -> None:
    balances = table.balances
    fee = AMOUNT_MINOR // 100
    gst = (fee * 18 + 50) // 100
    paid = table.captured_minor // AMOUNT_MINOR
    assert balances == {
        "receivable": table.captured_minor + table.held_minor,
        "merchant_payable": table.captured_minor - paid * (fee + gst),
        "fee_income": paid * fee,
        "gst_payable": paid * gst,
        "suspense": table.held_minor,
    }
