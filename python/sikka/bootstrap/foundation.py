"""The house: everything but the edges."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from sqlalchemy import literal, select

from sikka.bootstrap.fraud import FraudRoom, fraud_room
from sikka.bootstrap.observers import ObservedFraud, Observers
from sikka.bootstrap.rails import NoUpiCallbacks, npci_rail, sponsor_rail
from sikka.domain.errors import ConfigurationError, Unavailable
from sikka.domain.review import TimeoutAction
from sikka.flows.listen import Listener
from sikka.flows.parts import Parts, Policy, ReviewPolicy
from sikka.journal.database import Database
from sikka.journal.fraud.models import SqlFraudModels
from sikka.journal.fraud.policy import SqlFraudPolicy
from sikka.journal.journal import Limits, SqlJournal
from sikka.journal.numbers import SqlReferenceNumbers
from sikka.journal.reader import SqlReader
from sikka.journal.review_reads import SqlReviews
from sikka.journal.store import SqlStore
from sikka.ops.metrics import Metrics
from sikka.ports import Observer, UpiRail
from sikka.rails.sponsor.callbacks import SponsorCallbacks
from sikka.rails.upi.callbacks import UpiCallbacks
from sikka.rails.upi.client import NpciRail
from sikka.settings import Settings
from sikka.webhooks.addresses import AddressRules
from sikka.webhooks.secrets import SecretBox

log = logging.getLogger(__name__)

# What each key that is derived from the master key is for.
API_KEYS = "api-keys"
WEBHOOK_SECRETS = "webhook-secrets"


class SystemClock:
    """The machine's time. See `sikka.ports.Clock`."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class House:
    """Everything but the edges: what a gateway, a worker and the command line stand on."""

    settings: Settings
    observers: Observers
    metrics: Metrics
    database: Database
    journal: SqlJournal
    reader: SqlReader
    parts: Parts
    fraud: FraudRoom
    npci: NpciRail | None
    upi_callbacks: UpiCallbacks | NoUpiCallbacks
    sponsor_callbacks: SponsorCallbacks

    def key_pepper(self) -> bytes:
        """The key of the keyed hash of API keys. Raises ConfigurationError without master key."""
        return self.settings.secrets.derived(API_KEYS)

    def secret_box(self) -> SecretBox:
        """Seals webhook secrets. Raises ConfigurationError without master key."""
        return SecretBox(self.settings.secrets.derived(WEBHOOK_SECRETS))

    def address_rules(self) -> AddressRules:
        """Where webhooks may go."""
        private = self.settings.webhooks.allow_private_addresses
        return AddressRules(allow_private_addresses=private, allow_http=private)

    def reload_keys(self) -> None:
        """Read the keys of the switch again; what cannot be read leaves the old ones in force."""
        if self.npci is None:
            return
        try:
            changed = self.npci.keys.reload()
        except ConfigurationError as error:
            log.error("the keys were not changed: %s", error)  # noqa: TRY400 - it says it all.
        else:
            log.info("the keys were read again%s", "" if changed else "; they are the same")

    async def ping(self) -> None:
        """Ask the database for an answer. Raises Unavailable when there is none."""
        await self.database.rows(select(literal(1)))

    async def writes(self) -> None:
        """Raise Unavailable when the journal takes no changes."""
        if not self.journal.is_running:
            raise Unavailable(message="the journal does not run")


@asynccontextmanager
async def house(settings: Settings, observe: Observer | None = None) -> AsyncIterator[House]:
    """Build everything but the edges, and take it down in order.

    Args:
        settings: all of them.
        observe: hears what happens, beside the metrics.

    Raises:
        ConfigurationError: a setting or a key file cannot be used.
        Unavailable: the database cannot be reached.
    """
    clock, metrics = SystemClock(), Metrics()
    observers = Observers(metrics, *([observe] if observe else []))
    async with AsyncExitStack() as stack:
        database = Database.open(settings.database.url.reveal(), settings.database.pool_size)
        stack.push_async_callback(database.close)
        journal = SqlJournal(database, observers, _limits(settings))
        await journal.start()
        stack.push_async_callback(journal.stop)
        fraud = fraud_room(settings, database, clock, observers)
        sponsors = {
            name: sponsor_rail(name, each, observers)
            for name, each in settings.upi.sponsors.items()
        }
        rails: dict[str, UpiRail] = dict(sponsors)
        for sponsor in sponsors.values():
            await sponsor.open()
            stack.push_async_callback(sponsor.close)
        npci = None
        if settings.upi.npci is not None:
            npci = npci_rail(settings.upi.npci, database, observers)
            await npci.open()
            stack.push_async_callback(npci.close)
            rails[npci.name] = npci
        parts = Parts(
            clock=clock,
            journal=journal,
            store=SqlStore(database),
            reviews=SqlReviews(database),
            fraud=ObservedFraud(fraud.engine, observers),
            rails=rails,
            numbers=SqlReferenceNumbers(database),
            policy=Policy(**asdict(settings.policy)),
            observe=observers,
            fraud_policy=SqlFraudPolicy(database),
            fraud_models=SqlFraudModels(database),
            review_policy=_review_policy(settings),
        )
        listener = Listener(parts)
        upi_callbacks: UpiCallbacks | NoUpiCallbacks = NoUpiCallbacks()
        if npci is not None:
            upi_callbacks = UpiCallbacks(npci, listener, clock, observers)
            stack.push_async_callback(upi_callbacks.close)
        yield House(
            settings=settings,
            observers=observers,
            metrics=metrics,
            database=database,
            journal=journal,
            reader=SqlReader(database),
            parts=parts,
            fraud=fraud,
            npci=npci,
            upi_callbacks=upi_callbacks,
            sponsor_callbacks=SponsorCallbacks(sponsors, listener, clock, observers),
        )


def _review_policy(settings: Settings) -> ReviewPolicy:
    fraud = settings.fraud
    return ReviewPolicy(
        timeout_s=fraud.review_timeout_s,
        timeout_action=TimeoutAction(fraud.review_timeout_action),
        claim_s=fraud.review_claim_s,
    )


def _limits(settings: Settings) -> Limits:
    journal = settings.journal
    return Limits(
        group_changes=journal.group_changes_max,
        group_bytes=journal.group_bytes_max,
        queue_changes=journal.queue_changes_max,
    )
