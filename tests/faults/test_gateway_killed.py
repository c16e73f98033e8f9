"""kill -9 of the gateway at every point of a payment: nothing is lost, nothing happens twice."""

from __future__ import annotations

import asyncio

import pytest

from tests.e2e.estate import Estate
from tests.e2e.house import until
from tests.faults.conftest import doomed
from tests.faults.load import Load

pytestmark = [pytest.mark.faults, pytest.mark.slow]

# Where it dies, and at which of the times that it comes there.
POINTS = {
    "before the first commit": ("before_commit", 3),
    "after the first commit": ("payment.created", 3),
    "on its way to the rail": ("rail.sent:ReqPay", 3),
    "after the send": ("rail.acknowledged:ReqPay", 3),
    "before the answer": ("payment.submitted", 3),
    "during a callback": ("rail.verified:RespPay", 2),
    "before a callback's commit": ("rail.verified:RespPay>before_commit", 2),
    "before a callback's Ack": ("payment.succeeded", 2),
}
PLACES = [
    *(("mariadb", point) for point in POINTS),
    ("sqlite", "before the first commit"),
    ("sqlite", "before a callback's Ack"),
]


@pytest.mark.parametrize(
    ("place", "point"), PLACES, indirect=["place"], ids=[" ".join(each) for each in PLACES]
)
async def test_a_gateway_that_is_killed_loses_nothing_and_does_nothing_twice(
    estate: Estate, point: str
) -> None:
    label, occurrence = POINTS[point]
    gateway = doomed(estate, "gateway")
    await gateway.start("--at", label, "--occurrence", str(occurrence))
    await estate.worker().start()
    load = Load(estate, clients=4, each=3)
    running = asyncio.create_task(load.run())

    async def dead() -> bool:
        return not gateway.process.is_running

    await until(dead, f"the gateway has died at {label}")
    await gateway.start()
    await running
    assert load.refused > 0
    await load.prove()


@pytest.mark.parametrize("point", ["refund.created", "rail.acknowledged:ReqPay", "before_commit"])
async def test_a_gateway_that_is_killed_while_it_refunds_returns_the_money_once(
    estate: Estate, point: str
) -> None:
    gateway = doomed(estate, "gateway")
    await gateway.start()
    await estate.worker().start()
    load = Load(estate, clients=2, each=3, customers=("asha",))
    await load.run()
    await estate.quiet()
    await gateway.stop()
    await gateway.start("--at", point, "--occurrence", "2")
    paid = [reply.payment_id for reply in load.answers.values()]
    running = asyncio.gather(*(load.refund(id, 40_000) for id in paid))

    async def dead() -> bool:
        return not gateway.process.is_running

    await until(dead, f"the gateway has died at {point}")
    await gateway.start()
    await running
    await load.prove()
    record = estate.world.npci.record
    assert [each.refunded_minor for each in record if each.kind == "COLLECT"] == [40_000] * 6
    refunds = await estate.archive.refunds()
    assert sorted(each.payment_id for each in refunds) == sorted(paid)
    assert {each.status for each in refunds} == {"SUCCESS"}
