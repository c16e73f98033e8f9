"""kill -9 of whoever lets a held payment go on: it is sent at most once, and it ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any

import aiohttp
import pytest

from tests.e2e import orders
from tests.e2e.client import Client, Reply
from tests.e2e.configuration import Keys, Place, merged
from tests.e2e.estate import Estate, estate_at
from tests.e2e.house import until
from tests.faults.conftest import SETTINGS, doomed
from tests.faults.load import AGAIN, PATIENCE_S, PAUSE_S

pytestmark = [pytest.mark.faults, pytest.mark.slow]

LARGE = 5_000_000
HELD: Mapping[str, Any] = {"fraud": {"review_amount_minor": LARGE}}

# Where it dies, and how the payment ends: whatever was not sent has failed, as far as anybody
# will ever know.
POINTS = {
    "before the decision": ("payment.in_review>before_commit", "SUCCESS"),
    "after the decision": ("payment.reviewed", "FAILED"),
    "on its way to the rail": ("rail.sent:ReqPay", "FAILED"),
    "after the send": ("rail.acknowledged:ReqPay", "SUCCESS"),
    "before the answer": ("payment.submitted", "SUCCESS"),
}
PLACES = [
    *(("mariadb", point) for point in POINTS),
    ("sqlite", "after the decision"),
    ("sqlite", "before the answer"),
]


@pytest.fixture
async def estate(place: Place, keys: Keys) -> AsyncIterator[Estate]:
    """An estate in which a large amount is held."""
    async with estate_at(place, keys, merged(SETTINGS, HELD)) as estate:
        yield estate


async def insisted(client: Client, path: str, key: str) -> Reply:
    """Decide until there is a definite answer, as a back office does."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            reply = await client.post(path, {"reviewer": "asha"}, key)
            if reply.status not in AGAIN or reply.json["error"]["code"] == "review_decided":
                return reply
        except (aiohttp.ClientError, TimeoutError, OSError):
            pass
        assert time.monotonic() < deadline, f"{path} was not answered in {PATIENCE_S} s"
        await asyncio.sleep(PAUSE_S)


async def prove(estate: Estate, id: str, status: str) -> None:
    """The payment has ended so, was sent at most once, and everything agrees."""
    await estate.quiet(timeout_s=40.0)
    await estate.prove()
    (payment,) = await estate.archive.payments()
    assert (payment.id, payment.status) == (id, status)
    sent = estate.world.npci.record.messages(payment.transaction_id, "ReqPay")
    assert len(sent) == (1 if status == "SUCCESS" else 0)
    actions = await estate.archive.actions(id)
    assert actions.count("payment.reviewed") == 1


@pytest.mark.parametrize(
    ("place", "point"), PLACES, indirect=["place"], ids=[" ".join(each) for each in PLACES]
)
async def test_a_gateway_that_is_killed_while_a_person_approves(estate: Estate, point: str) -> None:
    label, status = POINTS[point]
    gateway = doomed(estate, "gateway")
    await gateway.start("--at", label)
    await estate.worker().start()
    held = await estate.client.post("/v1/payments", orders.collect("asha@simbank", LARGE))
    assert held.json["stage"] == "in_review"
    id = held.payment_id
    path = f"/v1/reviews/{id}/approve"
    async with Client(estate.client.url, estate.tenant.admin_secret) as analyst:
        running = asyncio.create_task(insisted(analyst, path, "approve-1"))

        async def dead() -> bool:
            return not gateway.process.is_running

        await until(dead, f"the gateway has died at {label}")
        await gateway.start()
        reply = await running
        assert reply.status in (201, 402), reply.body
        again = await insisted(analyst, path, "approve-1")
        assert (again.status, again.body) == (reply.status, reply.body)
        other = await insisted(analyst, f"/v1/reviews/{id}/decline", "decline-1")
        assert (other.status, other.json["error"]["code"]) == (409, "review_decided")
    await prove(estate, id, status)


@pytest.mark.parametrize(
    ("label", "status"),
    [
        ("payment.reviewed", "FAILED"),
        ("rail.sent:ReqPay", "FAILED"),
        ("rail.acknowledged:ReqPay", "SUCCESS"),
    ],
)
async def test_a_worker_that_is_killed_while_time_approves(
    place: Place, keys: Keys, label: str, status: str
) -> None:
    soon = {"fraud": {"review_timeout_s": 0.2, "review_timeout_action": "approve"}}
    async with estate_at(place, keys, merged(merged(SETTINGS, HELD), soon)) as estate:
        await estate.server().start()
        worker = doomed(estate, "worker")
        await worker.start("--at", label)
        held = await estate.client.post("/v1/payments", orders.collect("asha@simbank", LARGE))
        assert held.status == 201

        async def dead() -> bool:
            return not worker.process.is_running

        await until(dead, f"the worker has died at {label}")
        await worker.start()

        async def ended() -> bool:
            (payment,) = await estate.archive.payments()
            return payment.status != "PENDING"

        await until(ended, "the payment has ended", timeout_s=40.0)
        await prove(estate, held.payment_id, status)
