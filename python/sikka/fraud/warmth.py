"""The past of the memory of features, out of stored payments and what became known of them."""

from __future__ import annotations

import heapq
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from sikka.domain.fraud_history import AssessedPayment
from sikka.fraud.entities import facts_of_assessed
from sikka.fraud.label_feed import label_facts
from sikka.fraud.stores.facts import Facts, LabelFacts


class RecentPayments(Protocol):
    """Reads assessed payments. Raises Unavailable when the database is away."""

    async def latest(self, since: datetime, limit: int) -> Sequence[AssessedPayment]:
        """The latest payments made since then, at most `limit`, the earliest first."""
        ...


async def history_of(
    payments: RecentPayments, since: datetime, until: datetime, limit: int, delay: timedelta
) -> AsyncIterator[Facts]:
    """Payments as they were counted, and verdicts when they were reached, by time.

    Verdicts on payments that are not among them are left out.

    Args:
        payments: where to read.
        since: how far back.
        until: what was reached later is left to whoever feeds labels.
        limit: the most payments; the latest count.
        delay: after which silence means that a payment was genuine.

    Raises:
        Unavailable: the database cannot be read.
    """
    reached: list[tuple[int, int, LabelFacts]] = []
    end_ms, number = int(until.timestamp() * 1_000), 0
    for payment in await payments.latest(since, limit):
        facts = facts_of_assessed(payment)
        # Of one millisecond payments come first: no payment knows what is learnt as it is made.
        while reached and reached[0][0] < facts.time_ms:
            yield heapq.heappop(reached)[2]
        yield facts
        for verdict in payment.verdicts(delay):
            label = label_facts(payment, verdict)
            if label.known_ms <= end_ms:
                heapq.heappush(reached, (label.known_ms, number, label))
                number += 1
    while reached:
        yield heapq.heappop(reached)[2]
