"""A memory that is filled from the database knows what one that was there all the time knows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from sikka.fraud.stores.facts import Facts, LabelFacts, PaymentFacts, moment_ms
from sikka.fraud.stores.memory import MemoryFeatureStore
from sikka.fraud.warmth import history_of
from sikka.journal.fraud.labels import SqlLabelReads
from sikka.journal.fraud.payment_history import SqlPaymentHistory
from sikka_core import FEATURE_NAMES
from tests.integration.fraud.watched import DELAY, Watched, watched_on

HOUR_S = 3_600.0


@pytest.fixture
async def watched(database_url: str) -> AsyncIterator[Watched]:
    async with watched_on(database_url) as watched:
        yield watched


async def past(watched: Watched, days: float, limit: int = 10_000) -> list[Facts]:
    now = watched.clock.now()
    history = history_of(
        SqlPaymentHistory(watched.database),
        SqlLabelReads(watched.database),
        now - timedelta(days=days),
        now,
        limit,
        DELAY,
    )
    return [each async for each in history]


async def lived(watched: Watched, payments: int, hours: float) -> None:
    for number in range(payments):
        watched.clock.forward(hours * HOUR_S)
        payment = await watched.pay()
        if number % 5 == 0:
            watched.clock.forward(60)
            await watched.label(payment, fraud=number % 2 == 0)
    watched.clock.forward(60)
    await watched.feed.step()


async def test_what_was_lived_and_what_is_told_of_it_is_the_same(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sikka.fraud.warmth.PAGE", 7)
    await lived(watched, 60, 20.0)
    told = await past(watched, 365)
    assert [moment_ms(each) for each in told] == sorted(moment_ms(each) for each in told)
    assert sum(isinstance(each, PaymentFacts) for each in told) == 60
    fresh = MemoryFeatureStore()

    async def history() -> AsyncIterator[Facts]:
        for each in told:
            yield each

    assert await fresh.warm(history()) == len(told)
    (last,) = [each for each in told if isinstance(each, PaymentFacts)][-1:]
    next_ = PaymentFacts(
        payment_id="next",
        time_ms=int(watched.clock.now().timestamp() * 1000),
        amount_minor=77_700,
        currency="INR",
        livemode=True,
        user=last.user,
        instrument=last.instrument,
        device=last.device,
        merchant=last.merchant,
    )
    vectors = [(await store.observe(next_)).vector.tolist() for store in (watched.store, fresh)]
    lived_, told_ = (dict(zip(FEATURE_NAMES, each, strict=True)) for each in vectors)
    assert told_ == pytest.approx(lived_, rel=1e-5, nan_ok=True)
    assert lived_["merchant_labels_30d"] > 5


async def test_silence_about_older_payments_is_told_beside_the_latest_frauds(
    watched: Watched,
) -> None:
    await lived(watched, 40, 24.0)
    told = await past(watched, 5)
    labels = [each for each in told if isinstance(each, LabelFacts)]
    assert sum(each.fraud for each in labels) <= 2
    assert sum(not each.fraud for each in labels) >= 4
    earliest_ms = int((watched.clock.now() - timedelta(days=5)).timestamp() * 1000)
    assert all(moment_ms(each) >= earliest_ms for each in told)


async def test_labels_begin_where_the_payments_that_fit_begin(watched: Watched) -> None:
    await lived(watched, 40, 24.0)
    told = await past(watched, 365, limit=3)
    payments = [each for each in told if isinstance(each, PaymentFacts)]
    assert len(payments) == 3
    assert told[0] == payments[0]
    assert 1 <= len(told) - 3 <= 5
    assert await past(watched, 365, limit=0) == []


async def test_what_is_learnt_after_the_end_is_left_to_the_feed(watched: Watched) -> None:
    payment = await watched.pay()
    watched.clock.forward(HOUR_S)
    history = SqlPaymentHistory(watched.database)
    labels = SqlLabelReads(watched.database)
    until = watched.clock.now()
    watched.clock.forward(1)
    await watched.label(payment, fraud=True)
    since = until - timedelta(days=1)
    told = [each async for each in history_of(history, labels, since, until, 10, DELAY)]
    assert [type(each) for each in told] == [PaymentFacts]
