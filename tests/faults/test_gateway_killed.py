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
