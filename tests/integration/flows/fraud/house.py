"""The fraud policy on a real journal: several gateways on one database, and callers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast

from sikka.domain.change import Change
from sikka.domain.merchant import Merchant
from sikka.domain.records import Actor
from sikka.flows.parts import Caller, IdempotencyClaim, Parts, Policy
from sikka.journal.database import Database
from sikka.journal.fraud.models import SqlFraudModels
from sikka.journal.fraud.policy import SqlFraudPolicy
from sikka.journal.journal import SqlJournal
from sikka.journal.migrate import upgrade
from sikka.journal.reader import SqlReader
from sikka.journal.store import SqlStore
from sikka_core import new_id
from tests.integration.flows.world import TestClock
from tests.unit.domain.records import merchant as a_merchant


@dataclass
class PolicyHouse:
    """Gateways that share a database; each has a journal of its own."""

    database: Database
    clock: TestClock
    merchant: Merchant
    gateways: list[Parts]
    heard: list[tuple[str, dict[str, Any]]]

    @property
    def parts(self) -> Parts:
        return self.gateways[0]

    @property
    def reader(self) -> SqlReader:
        return SqlReader(self.database)

    def caller(self, key: str, body: str = "body", route: str = "POST /v1/fraud") -> Caller:
        claim = IdempotencyClaim(key, route, body)
        return Caller(self.merchant.id, False, Actor("key_1"), claim, f"req_{key}")


@asynccontextmanager
async def policy_house(url: str, gateways: int = 2) -> AsyncIterator[PolicyHouse]:
    """The house on a fresh database."""
    await upgrade(url)
    heard: list[tuple[str, dict[str, Any]]] = []
    clock = TestClock()
    async with AsyncExitStack() as stack:
        parts = []
        for _ in range(gateways):
            database = Database.open(url)
            stack.push_async_callback(database.close)
            journal = SqlJournal(database, lambda what, /, **facts: None)
            await journal.start()
            stack.push_async_callback(journal.stop)
            parts.append(
                Parts(
                    clock=clock,
                    journal=journal,
                    store=SqlStore(database, merchant_age_s=0.0),
                    reviews=cast("Any", None),
                    fraud=cast("Any", None),
                    rails={},
                    numbers=cast("Any", None),
                    policy=Policy(),
                    observe=lambda what, /, **facts: heard.append((what, facts)),
                    fraud_policy=SqlFraudPolicy(database),
                    fraud_models=SqlFraudModels(database),
                )
            )
        merchant = a_merchant(id=new_id("mer", 7, 1_763_892_000_000))
        await parts[0].journal.commit(Change(7, (merchant,)))
        yield PolicyHouse(database, clock, merchant, parts, heard)
