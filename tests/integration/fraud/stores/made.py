"""Facts made for the stores, and stores on a Redis that nobody hurries."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from sikka.fraud.stores.facts import Facts, LabelFacts, PaymentFacts
from sikka.fraud.stores.keys import KINDS, Keys
from sikka.fraud.stores.redis import RedisFeatureStore
from tests.core.features.streams import HOUR_MS, START_MS, stream

KEY = b"a key of the keyed hash of names"
# A machine that runs many tests at once may be slow; what is late is tested by itself.
UNHURRIED_S = 30.0


@asynccontextmanager
async def redis_store(url: str, **options: Any) -> AsyncIterator[RedisFeatureStore]:
    store = RedisFeatureStore(url, KEY, **{"timeout_s": UNHURRIED_S, **options})
    await store.open()
    try:
        yield store
    finally:
        await store.close()


def payment(number: int = 1, **fields: Any) -> PaymentFacts:
    """A payment of one user, a second after the one of the number before."""
    plain = PaymentFacts(
        payment_id=f"pay_{number}",
        time_ms=START_MS + number * 1_000,
        amount_minor=10_000 + number,
        currency="INR",
        livemode=True,
        user="user_1",
        instrument="asha@simbank",
        device="phone-1",
        ip="203.0.113.9",
        merchant="mer_1",
        latitude=19.07,
        longitude=72.87,
    )
    return replace(plain, **fields)


def payments(seed: int, count: int, **options: Any) -> list[PaymentFacts]:
    """A generated stream. See `tests.core.features.streams.stream`."""
    return [
        PaymentFacts(**fields, currency="INR", livemode=True)
        for fields in stream(seed, count, **options)
    ]


def label_of(facts: PaymentFacts, known_ms: int, *, fraud: bool) -> LabelFacts:
    """What became known of a payment."""
    return LabelFacts(
        payment_id=facts.payment_id,
        known_ms=known_ms,
        fraud=fraud,
        currency=facts.currency,
        livemode=facts.livemode,
        user=facts.user,
        instrument=facts.instrument,
        device=facts.device,
        ip=facts.ip,
        merchant=facts.merchant,
    )


def with_labels(stream: Iterable[PaymentFacts]) -> list[Facts]:
    """Payments, sorted by time, and a label of each half a day after it, every seventh a fraud."""
    facts: list[tuple[int, Facts]] = []
    for number, each in enumerate(stream):
        known_ms = each.time_ms + 12 * HOUR_MS
        facts.append((each.time_ms, each))
        facts.append((known_ms, label_of(each, known_ms, fraud=number % 7 == 0)))
    return [each for _, each in sorted(facts, key=lambda pair: pair[0])]


def entities(stream: Iterable[Facts]) -> dict[tuple[str, str], Facts]:
    """Everybody who takes part, with the last facts that name them."""
    return {
        (kind, id): facts
        for facts in stream
        for kind in KINDS
        if (id := getattr(facts, kind)) is not None
    }


def key_of(kind: str, facts: Facts, namespace: str = "sikka") -> str:
    """The name under which Redis has the record of one who takes part."""
    return next(key for key in Keys(namespace, KEY).records(facts) if f":{kind}:" in key)


async def read(facts: Iterable[Facts]) -> AsyncIterator[Facts]:
    """A history as the store reads it."""
    for each in facts:
        yield each
