"""Feeds what becomes known of payments into the memory of features.

There are two streams. Labels are read in the order in which they arrived, each round from a little
before where the last one ended: a label is stamped before it is committed, so that one which took
longer may appear behind others. Payments that nobody disputed are read in the order in which they
were made, once the label delay has passed; those are long committed.

How far both have come is kept beside the memory itself, and is lost, kept and put back together
with it. A process that dies between feeding and noting feeds again; the memory recognises the last
four labels of a customer, so that a repetition counts twice at most where one customer has more
than four labels within the repeated stretch.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from sikka.domain.errors import Unavailable
from sikka.domain.fraud.history import AssessedPayment
from sikka.domain.fraud.label import FraudLabel
from sikka.domain.fraud.verdict import Verdict
from sikka.fraud.stores.facts import LabelFacts
from sikka.fraud.stores.port import FeatureStore, FeaturesUnavailable
from sikka.ports import Clock, Observer
from sikka_core import MalformedError, new_id

_log = logging.getLogger(__name__)

# How long a label may take from its stamp to its commit, and how far clocks may differ.
OVERLAP = timedelta(minutes=2)
PAGE = 500
PAGES_A_STEP = 4
# Labels that are on their way to the memory at once.
CONCURRENCY = 32
INTERVAL_S = 5.0


@dataclass(frozen=True, slots=True)
class Position:
    """How far the feed has come.

    Args:
        labelled: when the last label that was fed arrived.
        matured: the last payment (or what begins the first one) whose maturity was fed.
    """

    labelled: datetime
    matured: str

    @classmethod
    def at(cls, moment: datetime, delay: timedelta) -> Position:
        """The position of a feed that is to go on from that moment."""
        made_ms = int((moment - delay).timestamp() * 1_000)
        return cls(moment, new_id("pay", 0, max(made_ms, 0))[: len("pay_") + 10])


class Cursor(Protocol):
    """Keeps a position beside the memory."""

    async def load(self) -> Position | None:
        """The position, or None when there is none. Raises FeaturesUnavailable."""
        ...

    async def save(self, position: Position) -> None:
        """Keep the position. Raises FeaturesUnavailable; it may be kept or not."""
        ...


class MemoryCursor:
    """A position that ends with the process, as its memory does."""

    def __init__(self, position: Position | None = None) -> None:
        self._position = position

    async def load(self) -> Position | None:
        return self._position

    async def save(self, position: Position) -> None:
        self._position = position


class LabelReads(Protocol):
    """Reads labels. Raises Unavailable when the database is away."""

    async def labels_after(self, at: datetime, id: str, limit: int) -> Sequence[FraudLabel]:
        """The labels that follow a time of arrival and an id, in the order of both."""
        ...


class PaymentReads(Protocol):
    """Reads payments with all their labels. Raises Unavailable when the database is away."""

    async def of(self, payment_ids: Collection[str]) -> Sequence[AssessedPayment]:
        """The payments of these ids, as far as there are any."""
        ...

    async def after(
        self, payment_id: str, until: datetime, limit: int
    ) -> Sequence[AssessedPayment]:
        """The next payments after an id that were made before then, in the order of ids."""
        ...


class LabelFeed:
    """Takes a memory of features from one position to the next.

    One feed at a time serves a memory. Two at once (a worker that was frozen past its lease) do
    what a repetition does.

    Args:
        store: the memory.
        cursor: its position.
        labels, payments: where labels and payments are read.
        clock: the time.
        observe: hears `fraud.labels_fed`, `fraud.labels_delayed`.
        delay: after which silence means that a payment was genuine.
    """

    def __init__(
        self,
        store: FeatureStore,
        cursor: Cursor,
        labels: LabelReads,
        payments: PaymentReads,
        clock: Clock,
        observe: Observer,
        delay: timedelta,
    ) -> None:
        self._store = store
        self._cursor = cursor
        self._labels = labels
        self._payments = payments
        self._clock = clock
        self._observe = observe
        self._delay = delay
        # The labels of the overlap that this feed has fed, with when they arrived.
        self._seen: dict[str, datetime] = {}

    async def step(self) -> int:
        """Feed some of what has become known; return how many labels and payments were read.

        A memory that is away is told to the observer; the position stays where it is.

        Raises:
            Unavailable: the database is away.
        """
        now = self._clock.now()
        try:
            position = await self._cursor.load()
            if position is None:
                # Whoever fills an empty memory from history has counted what came before.
                position = Position.at(now - OVERLAP, self._delay)
                self._seen.clear()
                await self._cursor.save(position)
            position, labelled = await self._feed_labels(position, now)
            matured = await self._feed_matured(position, now)
        except FeaturesUnavailable as error:
            _log.warning("labels wait for the memory of features: %s", error)
            self._observe("fraud.labels_delayed")
            return 0
        if labelled or matured:
            self._observe("fraud.labels_fed", labels=labelled, matured=matured)
        return labelled + matured

    async def _feed_labels(self, position: Position, now: datetime) -> tuple[Position, int]:
        at, id, fed = position.labelled - OVERLAP, "", 0
        self._seen = {label: came for label, came in self._seen.items() if came >= at}
        for _ in range(PAGES_A_STEP):
            page = await self._labels.labels_after(at, id, PAGE)
            fresh = [label for label in page if label.id not in self._seen]
            if fresh:
                await self._feed(await self._verdicts_of(fresh))
                self._seen.update((label.id, label.created_at) for label in fresh)
                fed += len(fresh)
                # A clock that is ahead must not take the position along.
                latest = min(fresh[-1].created_at, now)
                position = replace(position, labelled=max(position.labelled, latest))
                await self._cursor.save(position)
            if len(page) < PAGE:
                break
            at, id = page[-1].created_at, page[-1].id
        return position, fed

    async def _verdicts_of(self, labels: Sequence[FraudLabel]) -> list[LabelFacts]:
        ids = {label.id for label in labels}
        payments = await self._payments.of(sorted({label.payment_id for label in labels}))
        return [
            label_facts(payment, verdict)
            for payment in payments
            for verdict in payment.verdicts(self._delay)
            if verdict.label_id in ids
        ]

    async def _feed_matured(self, position: Position, now: datetime) -> int:
        fed = 0
        for _ in range(PAGES_A_STEP):
            page = await self._payments.after(position.matured, now - self._delay, PAGE)
            if not page:
                break
            await self._feed(
                [
                    label_facts(payment, verdict)
                    for payment in page
                    for verdict in payment.verdicts(self._delay)
                    if verdict.label_id is None
                ]
            )
            fed += len(page)
            position = replace(position, matured=page[-1].payment_id)
            await self._cursor.save(position)
        return fed

    async def _feed(self, facts: Sequence[LabelFacts]) -> None:
        for start in range(0, len(facts), CONCURRENCY):
            some = facts[start : start + CONCURRENCY]
            results = await asyncio.gather(*map(self._store.label, some), return_exceptions=True)
            for each, result in zip(some, results, strict=True):
                if isinstance(result, MalformedError):
                    _log.warning("the label of %s is left out: %s", each.payment_id, result)
                elif isinstance(result, BaseException):
                    raise result


def label_facts(payment: AssessedPayment, verdict: Verdict) -> LabelFacts:
    """A verdict on a payment as the memory of features takes it."""
    return LabelFacts(
        payment_id=verdict.key,
        known_ms=int(verdict.at.timestamp() * 1_000),
        fraud=verdict.fraud,
        currency=payment.currency,
        livemode=payment.livemode,
        user=payment.user,
        instrument=payment.instrument,
        device=payment.device_fingerprint,
        ip=payment.ip_address,
        merchant=payment.merchant_id,
    )


async def feed_for_ever(feed: LabelFeed, interval_s: float = INTERVAL_S) -> None:
    """Feed a memory that is of this process alone, until cancelled."""
    while True:
        try:
            fed = await feed.step()
        except Unavailable as error:
            _log.warning("labels wait for the database: %s", error.message)
            fed = 0
        except Exception:  # noqa: BLE001 - one failure must not end the feeding
            _log.exception("feeding labels failed")
            fed = 0
        await asyncio.sleep(0.0 if fed >= PAGE else interval_s)
