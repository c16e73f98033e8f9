"""The past of the memory of features, out of stored payments and what became known of them."""

from __future__ import annotations

import heapq
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from sikka.domain.fraud.history import AssessedPayment
from sikka.fraud.entities import facts_of_assessed
from sikka.fraud.label_feed import LabelReads, PaymentReads, Position, label_facts
from sikka.fraud.stores.facts import Facts, LabelFacts, moment_ms

PAGE = 2_000


class PastPayments(PaymentReads, Protocol):
    """Reads assessed payments. Raises Unavailable when the database is away."""

    async def latest(self, since: datetime, limit: int) -> Sequence[AssessedPayment]:
        """The latest payments made since then, at most `limit`, the earliest first."""
        ...


async def history_of(
    payments: PastPayments,
    labels: LabelReads,
    since: datetime,
    until: datetime,
    limit: int,
    delay: timedelta,
) -> AsyncIterator[Facts]:
    """What a memory would have learnt in its last time: payments, and verdicts on them, by time.

    Verdicts on older payments are among them, since what is learnt today is mostly of payments of
    some weeks ago: with the latest frauds alone, and without those of which silence says that they
    were genuine, every merchant would look like a thief. Both begin where the payments do.

    Args:
        payments, labels: where to read.
        since: how far back.
        until: what was learnt later is left to whoever feeds labels.
        limit: the most payments; the latest count.
        delay: after which silence means that a payment was genuine.

    Raises:
        Unavailable: the database cannot be read.
    """
    made = await payments.latest(since, limit) if limit else []
    begins_at = since
    if len(made) == limit:
        begins_at = made[0].created_at if made else until
    async for facts in _by_time(
        _made(made),
        _labelled(payments, labels, begins_at, until, delay),
        _matured(payments, begins_at, until, delay),
    ):
        yield facts


async def _made(payments: Sequence[AssessedPayment]) -> AsyncIterator[Facts]:
    for payment in payments:
        yield facts_of_assessed(payment)


async def _labelled(
    payments: PaymentReads,
    labels: LabelReads,
    begins_at: datetime,
    until: datetime,
    delay: timedelta,
) -> AsyncIterator[LabelFacts]:
    """The verdicts that labels have brought, in the order in which these arrived."""
    at, id = begins_at, ""
    while page := await labels.labels_after(at, id, PAGE):
        at, id = page[-1].created_at, page[-1].id
        ids = {label.id for label in page}
        found = [
            label_facts(payment, verdict)
            for payment in await payments.of(sorted({label.payment_id for label in page}))
            for verdict in payment.verdicts(delay)
            if verdict.label_id in ids and verdict.at < until
        ]
        for facts in sorted(found, key=lambda each: (each.known_ms, each.payment_id)):
            yield facts
        if at >= until:
            return


async def _matured(
    payments: PaymentReads, begins_at: datetime, until: datetime, delay: timedelta
) -> AsyncIterator[LabelFacts]:
    """The verdicts that silence has brought, in the order in which the payments were made."""
    after = Position.at(begins_at, delay).matured
    while page := await payments.after(after, until - delay, PAGE):
        after = page[-1].payment_id
        for payment in page:
            for verdict in payment.verdicts(delay):
                if verdict.label_id is None:
                    yield label_facts(payment, verdict)


async def _by_time(*streams: AsyncIterator[Facts]) -> AsyncIterator[Facts]:
    """Several sorted streams as one; of one millisecond the stream that stands first comes first.

    No payment knows what is learnt as it is made, so the stream of payments stands first.
    """
    heads: list[tuple[int, int, Facts]] = []

    async def pull(place: int) -> None:
        facts = await anext(streams[place], None)
        if facts is not None:
            # No two heads are of one place, so that facts are never compared.
            heapq.heappush(heads, (moment_ms(facts), place, facts))

    for place in range(len(streams)):
        await pull(place)
    while heads:
        _, place, facts = heapq.heappop(heads)
        yield facts
        await pull(place)
