"""The API on a real database, with the rail and the fraud engine of the unit tests."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from sikka.api.app import build_app
from sikka.api.limits import TokenBuckets
from sikka.api.parts import ApiLimits, ApiParts
from sikka.domain import api_key
from sikka.domain.change import Change
from sikka.domain.merchant import ApiKey, Merchant, Scope
from sikka.domain.records import AuditRecord
from sikka.flows.parts import Parts, Policy
from sikka.fraud.trials import Trials
from sikka.journal.database import Database
from sikka.journal.fraud.models import SqlFraudModels
from sikka.journal.fraud.policy import SqlFraudPolicy
from sikka.journal.fraud.rule_history import SqlRuleHistory
from sikka.journal.journal import SqlJournal
from sikka.journal.migrate import upgrade
from sikka.journal.numbers import SqlReferenceNumbers
from sikka.journal.outbox import SqlOutbox
from sikka.journal.reader import SqlReader
from sikka.journal.review_reads import SqlReviews
from sikka.journal.store import SqlStore
from sikka.webhooks.addresses import AddressRules
from sikka.webhooks.endpoints import Endpoints
from sikka.webhooks.secrets import SecretBox
from sikka_core import bucket_of_id, new_id
from tests.unit.api.world import PEPPER, Callbacks, Fraud, Rail
from tests.unit.domain.records import merchant as a_merchant


class SystemClock:
    """The machine's time."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class Resolver(AbstractResolver):
    """Says of every name that it is here, and asks nobody."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host, host="127.0.0.1", port=port, family=family, proto=0, flags=0
            )
        ]

    async def close(self) -> None:
        return


@dataclass(frozen=True)
class ApiHouse:
    """A running journal with the API on it, and what a test needs to begin."""

    app: web.Application
    journal: SqlJournal
    reader: SqlReader
    rail: Rail
    fraud: Fraud

    async def merchant(self, **values: Any) -> Merchant:
        """A new merchant, in the database."""
        now = datetime.now(UTC)
        fresh = {
            "id": new_id("mer", 3, int(now.timestamp() * 1000)),
            "created_at": now,
            "updated_at": now,
        }
        merchant = a_merchant(**{**fresh, **values})
        await self._write(merchant, merchant.id)
        return merchant

    async def key(
        self, merchant: Merchant, *scopes: Scope, livemode: bool = False
    ) -> tuple[ApiKey, dict[str, str]]:
        """A new key of a merchant, in the database, and the headers that use it."""
        now = datetime.now(UTC)
        secret = api_key.new_secret(livemode=livemode)
        key = ApiKey(
            new_id("key", bucket_of_id(merchant.id), int(now.timestamp() * 1000)),
            merchant.id,
            api_key.secret_hash(PEPPER, secret),
            api_key.hint_of(secret),
            tuple(scopes) or (Scope.PAYMENTS, Scope.REFUNDS, Scope.REVIEWS),
            livemode,
            now,
            None,
        )
        await self._write(key, merchant.id)
        return key, {"Authorization": f"Bearer {secret}"}

    async def _write(self, record: Merchant | ApiKey, merchant_id: str) -> None:
        bucket, now = bucket_of_id(merchant_id), datetime.now(UTC)
        audit = AuditRecord(
            new_id("aud", bucket, int(now.timestamp() * 1000)),
            bucket,
            None,
            merchant_id,
            "test",
            "test.seeded",
            "active",
            None,
            None,
            {},
            now,
        )
        await self.journal.commit(Change(bucket, (audit, record)))


@asynccontextmanager
async def api_house(url: str) -> AsyncIterator[ApiHouse]:
    """The API on a fresh database."""

    def observe(what: str, /, **_facts: Any) -> None:
        assert what

    async def is_blocked(vpa: str) -> bool:
        return vpa.startswith("thief")

    await upgrade(url)
    async with AsyncExitStack() as stack:
        database = Database.open(url)
        stack.push_async_callback(database.close)
        journal = SqlJournal(database, observe)
        await journal.start()
        stack.push_async_callback(journal.stop)
        reader, rail, fraud = SqlReader(database), Rail(), Fraud()
        flows = Parts(
            clock=SystemClock(),
            journal=journal,
            store=SqlStore(database, merchant_age_s=0.0),
            reviews=SqlReviews(database),
            fraud=fraud,
            rails={"npci": rail},
            numbers=SqlReferenceNumbers(database),
            policy=Policy(),
            observe=observe,
            fraud_policy=SqlFraudPolicy(database),
            fraud_models=SqlFraudModels(database),
        )
        endpoints = Endpoints(
            flows,
            SqlOutbox(database),
            AddressRules(allow_private_addresses=True, allow_http=True),
            SecretBox(b"k" * 32),
            resolver=Resolver(),
        )
        parts = ApiParts(
            flows=flows,
            reader=reader,
            key_pepper=PEPPER,
            rate_limiter=TokenBuckets(1e6, 10**6),
            address_limiter=TokenBuckets(1e6, 10**6),
            upi_callbacks=Callbacks(),
            sponsor_callbacks=Callbacks(),
            webhook_endpoints=endpoints,
            rule_trials=Trials(SqlRuleHistory(database), SystemClock()),
            is_vpa_blocked=is_blocked,
            render_metrics=lambda: (b"up 1\n", "text/plain"),
            health_checks={},
            limits=ApiLimits(key_cache_s=0.0),
        )
        yield ApiHouse(build_app(parts), journal, reader, rail, fraud)
