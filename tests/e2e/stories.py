"""Every scripted customer pays once, in one house; what became of each is kept for the tests."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sikka_sim import SCRIPTS, Transaction
from tests.e2e import orders
from tests.e2e.client import Reply
from tests.e2e.configuration import SPONSOR, Keys, Place
from tests.e2e.house import House, house_at
from tests.e2e.processes import run

# Few at once, so that no request waits long for its turn on a small machine.
AT_ONCE = 4
SETTLED = ("captured", "declined", "expired", "needs_attention")


@dataclass(frozen=True, slots=True)
class Story:
    """One payment from its request to the end.

    Attributes:
        answer: what the request was answered.
        payment: as the merchant reads it in the end.
        events: the API's, oldest first.
        webhooks: verified by the merchant, in the order in which they came.
        booked: the kinds of the ledger's transactions, in order.
        actions: the audit trail, in order.
        transaction: the rail's own record; None when it took nothing.
    """

    answer: Reply
    payment: dict[str, Any]
    events: list[dict[str, Any]]
    webhooks: list[dict[str, Any]]
    booked: list[str]
    actions: list[str]
    transaction: Transaction | None

    @property
    def types(self) -> list[str]:
        """The types of the events, oldest first."""
        return [event["type"] for event in self.events]


@dataclass(frozen=True, slots=True)
class Table:
    """What became of the whole table.

    Attributes:
        stories: by the script's name.
        balances: of the house's accounts, by chart name.
        captured_minor, held_minor: what the rail's own record says was paid, and is deemed.
    """

    stories: Mapping[str, Story]
    balances: Mapping[str, int]
    captured_minor: int
    held_minor: int


async def tell_all(place: Place, keys: Keys, rail: str) -> Table:
    """Run the table on one rail, prove the house, and return what became of it.

    Raises:
        AssertionError: something did not end, or the house cannot be proved.
    """
    payee = "sim0001@simsponsor" if rail == SPONSOR else "chaipoint@sikka"
    merchant = {"rail": rail, "payee_vpa": payee}
    async with house_at(place, keys, merchant=merchant) as house:
        turns = asyncio.Semaphore(AT_ONCE)

        async def ask(name: str) -> Reply:
            async with turns:
                order = orders.collect(f"{name}@simbank")
                return await house.client.post("/v1/payments", order, f"order-{name}")

        answers = dict(
            zip(SCRIPTS, await asyncio.gather(*(ask(name) for name in SCRIPTS)), strict=True)
        )
        ids = {name: answer.payment_id for name, answer in answers.items()}
        await asyncio.gather(*(house.reached(id, *SETTLED) for id in ids.values()))
        await house.quiet()
        await house.prove()
        url = house.world.sponsor_url if rail == SPONSOR else house.world.npci_url
        compared = f"{rail}={url}/sim/transactions"
        path = place.directory / "sikka.yaml"
        code, said = await run(path, "doctor", "--invariants", "--rail-record", compared)
        assert code == 0, said
        stories = {name: await _story(house, answers[name]) for name in SCRIPTS}
        record = list(house.world.sponsor.record if rail == SPONSOR else house.world.npci.record)
        return Table(
            stories,
            await house.balances(),
            sum(each.credited_minor for each in record if each.status == "SUCCESS"),
            sum(each.amount_minor for each in record if each.status == "DEEMED"),
        )


async def _story(house: House, answer: Reply) -> Story:
    id = answer.payment_id
    payment = await house.payment(id)
    transactions = {
        each.reference: each for each in (*house.world.npci.record, *house.world.sponsor.record)
    }
    return Story(
        answer,
        payment,
        await house.events(id),
        house.webhooks(id),
        await house.bookings(id),
        await house.archive.actions(id),
        transactions.get(payment["external_txn_id"]),
    )
