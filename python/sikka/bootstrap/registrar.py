"""What keeps the registry of models and sends nothing: for the time before a house can open."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass

from sikka.bootstrap.foundation import SystemClock
from sikka.bootstrap.observers import Observers
from sikka.domain.errors import ConfigurationError
from sikka.domain.fraud.assessment import FraudAssessment, RiskRequest
from sikka.flows.parts import Parts, Policy
from sikka.journal.database import Database
from sikka.journal.fraud.models import SqlFraudModels
from sikka.journal.fraud.policy import SqlFraudPolicy
from sikka.journal.journal import SqlJournal
from sikka.journal.numbers import SqlReferenceNumbers
from sikka.journal.review_reads import SqlReviews
from sikka.journal.store import SqlStore
from sikka.settings import Settings


@dataclass(frozen=True, slots=True)
class Registrar:
    """The database, and the flows' world without rails."""

    database: Database
    parts: Parts


class NoEngine:
    """Stands where no payment is made."""

    async def assess(self, request: RiskRequest) -> FraudAssessment:  # noqa: ARG002 - the port's.
        """Raise ConfigurationError."""
        raise ConfigurationError(message="payments are not assessed here")


@asynccontextmanager
async def registrar(settings: Settings) -> AsyncIterator[Registrar]:
    """Open what changes the fraud policy. It needs the database alone: no keys, no rails.

    Raises:
        Unavailable: the database cannot be reached.
    """
    observers = Observers()
    async with AsyncExitStack() as stack:
        database = Database.open(settings.database.url.reveal(), settings.database.pool_size)
        stack.push_async_callback(database.close)
        journal = SqlJournal(database, observers)
        await journal.start()
        stack.push_async_callback(journal.stop)
        parts = Parts(
            clock=SystemClock(),
            journal=journal,
            store=SqlStore(database),
            reviews=SqlReviews(database),
            fraud=NoEngine(),
            rails={},
            numbers=SqlReferenceNumbers(database),
            policy=Policy(**asdict(settings.policy)),
            observe=observers,
            fraud_policy=SqlFraudPolicy(database),
            fraud_models=SqlFraudModels(database),
        )
        yield Registrar(database, parts)
