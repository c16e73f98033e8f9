"""Workers that die or freeze between a merchant's answer and the note of it."""

from __future__ import annotations

import asyncio

import pytest

from tests.e2e import orders
from tests.e2e.estate import Estate
from tests.e2e.house import until
from tests.faults.conftest import doomed
from tests.faults.load import Load

pytestmark = [pytest.mark.faults, pytest.mark.slow]

AT = "webhook.answered"


def deliveries_of(estate: Estate, sequence: int) -> int:
    """How often the merchant took the event of that sequence of the only payment."""
    taken = estate.world.merchant.accepted()
    return sum(1 for each in taken if each.payload and each.payload["sequence"] == sequence)


@pytest.mark.parametrize("place", ["mariadb", "sqlite"], indirect=True)
async def test_a_webhook_whose_mark_was_lost_is_delivered_again(estate: Estate) -> None:
    await estate.server().start()
    worker = doomed(estate, "worker")
    await worker.start("--at", AT)
    await estate.client.post("/v1/payments", orders.collect("asha@simbank"))

    async def dead() -> bool:
        return not worker.process.is_running

    await until(dead, "the worker has died")
    assert deliveries_of(estate, 1) == 1
    await worker.start()
    await estate.quiet()
    assert deliveries_of(estate, 1) == 2
    assert deliveries_of(estate, 2) == deliveries_of(estate, 3) == 1
    await estate.prove()


async def test_a_worker_that_is_killed_under_load_leaves_nothing_undone(estate: Estate) -> None:
    await estate.server().start()
    worker = doomed(estate, "worker")
    await worker.start("--at", AT, "--occurrence", "7")
    load = Load(estate, clients=4, each=3)
    running = asyncio.create_task(load.run())

    async def dead() -> bool:
        return not worker.process.is_running

    await until(dead, "the worker has died")
    await worker.start()
    await running
    await load.prove()


async def test_a_worker_frozen_past_its_lease_does_no_harm_when_it_thaws(estate: Estate) -> None:
    await estate.server().start()
    frozen = doomed(estate, "worker")
    await frozen.start("--at", AT, "--signal", "STOP")
    await estate.client.post("/v1/payments", orders.collect("asha@simbank"))
    await estate.world.merchant.until(lambda: deliveries_of(estate, 1) == 1)
    # Its partitions are taken over once its lease has run out, and its work is done again.
    await estate.worker().start()
    await estate.quiet()
    assert deliveries_of(estate, 1) == 2
    frozen.process.resume()
    load = Load(estate, clients=4, each=2)
    await load.run()
    await estate.quiet()
    await estate.prove()
    # Whoever came late has marked nothing a second time.
    marks = await estate.archive.number(
        "SELECT COUNT(*) FROM webhook_attempts a JOIN webhook_deliveries d ON d.id = a.delivery_id"
        " WHERE d.attempts <> a.attempt OR d.status <> 'delivered'"
    )
    assert marks == 0
    assert frozen.process.is_running
