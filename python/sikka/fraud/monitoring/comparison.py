"""Reads a sample of recent payments, and as much of the past as it takes to compute them again."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from sikka.domain.fraud.history import AssessedPayment
from sikka.domain.fraud.monitored import Monitored
from sikka.domain.fraud.report import Agreement
from sikka.fraud.monitoring.agreement import agreement_of
from sikka.fraud.monitoring.replay import Past, replayed_vectors

# Twenty-five hours of everybody's payments decide the windows that rules look at.
HISTORY = timedelta(hours=26)
HISTORY_PAYMENTS_MAX = 20_000
USER_PAYMENTS_MAX = 1_000
PAYMENTS_COMPARED = 25
# A payment is compared when those that were on their way beside it are written down as well.
SETTLED = timedelta(minutes=1)


class History(Protocol):
    """Reads payments with their labels. Raises Unavailable when the database is away."""

    async def latest(self, since: datetime, limit: int) -> Sequence[AssessedPayment]:
        """The latest payments made since then, at most `limit`, the earliest first."""
        ...

    async def of_user(
        self, merchant_id: str, user_id: str, until: datetime, limit: int
    ) -> Sequence[AssessedPayment]:
        """The latest payments of a customer made before then, at most `limit`."""
        ...

    async def begins_at(self) -> datetime | None:
        """When the first payment of all was made; None when there is none."""
        ...


class Served(Protocol):
    """Reads what was served. Raises Unavailable when the database is away."""

    async def assessed(self, payment_ids: Collection[str]) -> Sequence[Monitored]:
        """The assessments of payments, with their features."""
        ...


async def compare(
    history: History, served: Served, now: datetime, delay: timedelta, *, livemode: bool
) -> Agreement | None:
    """Compute the vectors of some recent payments again and compare them with what was served.

    Payments that were assessed without their memory are left out: that they differ is known.

    Args:
        delay: after which silence means that a payment was genuine.
        livemode: whether live payments are compared, or test ones.

    Returns:
        None when there is nothing to compare.

    Raises:
        Unavailable: the database is away.
    """
    since, until = now - HISTORY, now - SETTLED
    read = await history.latest(since, HISTORY_PAYMENTS_MAX)
    payments = [each for each in read if each.livemode is livemode and each.created_at < until]
    latest = payments[-PAYMENTS_COMPARED:]
    features = {
        each.payment_id: each.features
        for each in await served.assessed([each.payment_id for each in latest])
        if not each.features_stale
    }
    sample = [each for each in latest if each.payment_id in features]
    if not sample:
        return None
    begins_at = read[0].created_at if len(read) == HISTORY_PAYMENTS_MAX else since
    first_at = await history.begins_at()
    everything = first_at is None or first_at >= begins_at
    known = {each.payment_id: each for each in payments}
    whole_users = set()
    for user, payment in {each.user: each for each in sample}.items():
        rows = await history.of_user(payment.merchant_id, payment.user_id, until, USER_PAYMENTS_MAX)
        if len(rows) < USER_PAYMENTS_MAX:
            whole_users.add(user)
            known.update((each.payment_id, each) for each in rows if each.livemode is livemode)
    past = Past(list(known.values()), None if everything else begins_at, frozenset(whole_users))
    wanted = {each.payment_id for each in sample}
    again = await asyncio.to_thread(replayed_vectors, past, wanted, delay)
    return agreement_of(sample, features, again, past)
