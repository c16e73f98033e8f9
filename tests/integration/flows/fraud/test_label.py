"""Labels on both databases: by lines of a file, at the same time, twice, and with mistakes."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from sikka.domain.fraud.label import FraudLabel, LabelSource
from sikka.domain.fraud.verdict import matures_at, truth_of, verdicts_of
from sikka.domain.records import Actor
from sikka.flows.fraud.import_labels import import_labels
from sikka.flows.fraud.label import (
    ChargebackLine,
    LabelOrder,
    LineOutcome,
    LineStatus,
    label,
    label_chargebacks,
)
from sikka.journal.fraud.labels import SqlLabelReads
from sikka.journal.invariants import check_invariants
from sikka.journal.mapping import MAPPINGS
from sikka_core import new_id
from tests.integration.flows.world import APPROVED, PENDING, START, FlowWorld, id_of, shown

ACTOR = Actor("reconciliation")
DAY = timedelta(days=1)
NOBODY_RELAYS = timedelta(days=365)


def line(number: int, payment_id: str, at: datetime, **values: Any) -> ChargebackLine:
    fields: dict[str, Any] = {"reference": f"CB-{number}", "fraud": True, "known_at": at}
    return ChargebackLine(number, payment_id, **{**fields, **values})


async def labels_in(world: FlowWorld) -> list[FraudLabel]:
    mapping = MAPPINGS[FraudLabel]
    return mapping.records(await world.database.rows(select(*mapping.selected)))


async def paid(world: FlowWorld, count: int) -> list[str]:
    return [id_of(await world.pay(f"order-{n}", APPROVED)) for n in range(count)]


async def test_a_file_that_is_read_twice_at_once_and_again_labels_each_payment_once(
    either: FlowWorld,
) -> None:
    ids = await paid(either, 20)
    either.clock.move(90_000)
    lines = [line(n, id, either.clock.now()) for n, id in enumerate(ids)]
    both = await asyncio.gather(*(label_chargebacks(either.parts, lines, ACTOR) for _ in range(2)))
    for one, other in zip(*both, strict=True):
        assert sorted([one.status, other.status]) == [LineStatus.KNOWN, LineStatus.LABELLED]
    again = await label_chargebacks(either.parts, lines, ACTOR)
    assert {each.status for each in again} == {LineStatus.KNOWN}
    labels = await labels_in(either)
    assert sorted(each.payment_id for each in labels) == sorted(ids)
    assert {each.source for each in labels} == {LabelSource.CHARGEBACK}
    assert {each.created_by for each in labels} == {"reconciliation"}
    assert await check_invariants(either.database, either.clock.now(), NOBODY_RELAYS) == []


async def test_a_chargeback_that_is_won_back_is_a_label_of_its_own(either: FlowWorld) -> None:
    (id,) = await paid(either, 1)
    either.clock.move(3 * 86_400)
    now = either.clock.now()
    lost = line(1, id, now - DAY)
    won = line(1, id, now, fraud=False)
    for lines in ([lost], [lost, won], [won, lost]):
        await label_chargebacks(either.parts, lines, ACTOR)
    labels = await labels_in(either)
    assert sorted(each.fraud for each in labels) == [False, True]
    state = await either.state(id)
    matures = matures_at(state.payment.status, state.payment.created_at, 30 * DAY)
    assert truth_of(verdicts_of(id, matures, labels), now) is False


async def test_lines_that_cannot_be_right_are_refused_and_the_others_go_on(
    either: FlowWorld,
) -> None:
    (id,) = await paid(either, 1)
    either.clock.move(86_400)
    now = either.clock.now()
    outcomes = await label_chargebacks(
        either.parts,
        [
            line(2, new_id("pay", 7, 0), now),
            line(3, id, now + DAY),
            line(4, id, START - DAY),
            line(5, id, now),
        ],
        ACTOR,
    )
    assert [(each.number, each.status, each.message) for each in outcomes] == [
        (2, LineStatus.REFUSED, "there is no such payment"),
        (3, LineStatus.REFUSED, "known_at must not lie in the future"),
        (4, LineStatus.REFUSED, "known_at must be after the payment"),
        (5, LineStatus.LABELLED, ""),
    ]
    assert len(await labels_in(either)) == 1


async def told(world: FlowWorld, text: str) -> list[LineOutcome]:
    reads = SqlLabelReads(world.database)
    lines = text.splitlines(keepends=True)
    return [each async for each in import_labels(world.parts, reads, lines, ACTOR)]


async def test_a_file_may_call_a_payment_by_its_id_its_rrn_or_its_transaction(
    either: FlowWorld,
) -> None:
    ids = await paid(either, 3)
    either.clock.move(86_400)
    states = [await either.state(id) for id in ids]
    rrn, external = states[1].upi.rrn, states[2].payment.external_txn_id
    assert rrn
    assert external
    text = (
        "payment,kind,known_at,reason\n"
        f'{ids[0]},fraud,2026-11-24T09:00:00Z,"stolen, and\nmore"\n'
        f"{rrn},not_fraud,2026-11-24T14:30:00+05:30,\n"
        f"{external},fraud,2026-11-24T09:00:00Z,10.4\n"
        "999999999999,fraud,2026-11-24T09:00:00Z,\n"
        f"{ids[0]},theft,2026-11-24T09:00:00Z,\n"
    )
    outcomes = await told(either, text)
    assert [(each.number, each.status) for each in outcomes] == [
        (3, LineStatus.LABELLED),
        (4, LineStatus.LABELLED),
        (5, LineStatus.LABELLED),
        (6, LineStatus.REFUSED),
        (7, LineStatus.REFUSED),
    ]
    labels = {each.payment_id: each for each in await labels_in(either)}
    assert [labels[id].fraud for id in ids] == [True, False, True]
    assert [labels[id].reason for id in ids] == ["stolen, and\nmore", None, "10.4"]
    again = await told(either, text)
    assert [each.status for each in again[:3]] == [LineStatus.KNOWN] * 3
    assert len(await labels_in(either)) == 3


async def test_a_name_that_several_payments_have_is_nobodys(either: FlowWorld) -> None:
    id = id_of(await either.pay("a", PENDING))
    twin = id_of(await either.pay("b", PENDING))
    either.clock.move(86_400)
    rrn = (await either.state(id)).upi.rrn
    table = MAPPINGS[type((await either.state(id)).upi)].table
    await either.database.execute(table.update().where(table.c.payment_id == twin).values(rrn=rrn))
    text = f"payment,kind,known_at\n{rrn},fraud,2026-11-24T09:00:00Z\n"
    (outcome,) = await told(either, text)
    assert outcome.message == "2 payments are called that; give the id of one"
    assert await labels_in(either) == []


async def test_two_labels_of_one_request_are_one(either: FlowWorld) -> None:
    (id,) = await paid(either, 1)
    either.clock.move(60)
    caller = either.caller("label-1")
    answers = await asyncio.gather(
        *(label(either.parts, LabelOrder(id, fraud=True), caller) for _ in range(5))
    )
    assert len({shown(each)["id"] for each in answers}) == 1
    assert len(await labels_in(either)) == 1
    assert await check_invariants(either.database, either.clock.now(), NOBODY_RELAYS) == []
