"""Merchants who want to be paid, whatever happens: they ask again with the same key."""

from __future__ import annotations

import asyncio
import os
import random
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp

from tests.e2e import orders
from tests.e2e.client import Reply
from tests.e2e.estate import Estate

SEED = int(os.environ.get("SIKKA_FAULT_SEED", "20261123"))
PAUSE_S = 0.05
PATIENCE_S = 60.0

# What a merchant may be answered once and for all.
DEFINITE = (201, 402, 424)
# What says: ask again.
AGAIN = (409, 503)

_CUSTOMERS = ("asha",) * 6 + ("insufficient", "duplicate", "outoforder", "slow", "dropack")


class Load:
    """Clients that make payments one after another, and give none of them up.

    Args:
        estate: whose gateway.
        clients: how many at once.
        each: how many payments each of them makes.
        seed: the customers follow from it; it is printed, so that a failure can be had again.
        customers: the scripts of the customers.

    Attributes:
        answers: the definite answer to every key.
        refused: how often a client was told to ask again, or got no answer.
    """

    def __init__(
        self,
        estate: Estate,
        clients: int,
        each: int,
        seed: int = SEED,
        customers: Sequence[str] = _CUSTOMERS,
    ) -> None:
        self._estate = estate
        self._clients = clients
        self._each = each
        self._random = random.Random(seed)
        self._customers = customers
        self.answers: dict[str, Reply] = {}
        self.orders: dict[str, dict[str, Any]] = {}
        self.refused = 0
        sys.stdout.write(f"the load's seed is {seed}\n")

    async def run(self) -> None:
        """Make every payment."""
        for client in range(self._clients):
            for number in range(self._each):
                name = self._random.choice(self._customers)
                key = f"client-{client}-order-{number}"
                self.orders[key] = orders.collect(f"{name}.{key}@simbank")
        async with asyncio.TaskGroup() as group:
            for client in range(self._clients):
                group.create_task(self._one_client(client))

    async def _one_client(self, client: int) -> None:
        for number in range(self._each):
            key = f"client-{client}-order-{number}"
            self.answers[key] = await self.insist(key)

    async def insist(self, key: str) -> Reply:
        """Ask for a payment until there is a definite answer."""
        return await self._insist("/v1/payments", self.orders[key], key)

    async def refund(self, payment_id: str, amount_minor: int) -> Reply:
        """Ask for a refund until there is a definite answer."""
        path = f"/v1/payments/{payment_id}/refunds"
        return await self._insist(path, {"amount": amount_minor}, f"refund-{payment_id}")

    async def _insist(self, path: str, body: Mapping[str, Any], key: str) -> Reply:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            reply = await self._asked(path, body, key)
            if reply is not None and reply.status in DEFINITE:
                return reply
            self.refused += 1
            assert reply is None or reply.status in AGAIN, (key, reply.status, reply.body)
            assert time.monotonic() < deadline, f"{key} was not answered in {PATIENCE_S} s"
            await asyncio.sleep(PAUSE_S)

    async def _asked(self, path: str, body: Mapping[str, Any], key: str) -> Reply | None:
        try:
            return await self._estate.client.post(path, body, key)
        except (aiohttp.ClientError, TimeoutError, OSError):
            return None

    async def prove(self) -> None:
        """Nothing was lost and nothing happened twice; or AssertionError.

        Every key has one payment, which is what its client was told of and is told of again;
        every payment has ended, was sent at most once, and the rail agrees; the merchant has
        every event, each payment's in order.
        """
        estate = self._estate
        await estate.quiet(timeout_s=40.0)
        await estate.prove()
        assert set(self.answers) == set(self.orders)
        ids = {key: reply.payment_id for key, reply in self.answers.items()}
        payments = {each.id: each for each in await estate.archive.payments()}
        assert sorted(ids.values()) == sorted(payments)
        open_payments = [each for each in payments.values() if each.status == "PENDING"]
        assert open_payments == []
        for key, reply in self.answers.items():
            again = await self.insist(key)
            assert (again.status, again.body) == (reply.status, reply.body), key
            assert again.headers["Idempotent-Replayed"] == "true"
        for payment in payments.values():
            sent = estate.world.npci.record.messages(payment.transaction_id, "ReqPay")
            assert len(sent) <= 1, payment.id
        self._prove_webhooks({each.id: each.version for each in payments.values()})

    def _prove_webhooks(self, versions: dict[str, int]) -> None:
        told: dict[str, list[int]] = defaultdict(list)
        for each in self._estate.world.merchant.accepted():
            payload: Any = each.payload
            if payload["sequence"] not in told[payload["payment_id"]]:
                told[payload["payment_id"]].append(payload["sequence"])
        expected = {id: list(range(1, version + 1)) for id, version in versions.items()}
        assert told == expected
