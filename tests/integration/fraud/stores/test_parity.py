"""Redis has the very bytes and vectors of the core, whatever comes in whatever order."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis as Client

from sikka.fraud.stores.facts import Facts, LabelFacts, PaymentFacts
from sikka.fraud.stores.redis import RedisFeatureStore
from sikka_core import FeatureStore
from tests.core.features.streams import MINUTE_MS, START_MS
from tests.integration.fraud.stores.made import (
    KEY,
    UNHURRIED_S,
    entities,
    key_of,
    label_of,
    payment,
    payments,
    redis_store,
    with_labels,
)

NUMBERS = itertools.count()
Step = tuple[int, int, int, tuple[float, float] | None, bool | None]

times = st.integers(0, 2**47 - 1) | st.integers(START_MS, START_MS + 10**8) | st.integers(0, 10**6)
amounts = st.integers(0, 2**53 - 1) | st.integers(0, 10_000)
places = st.none() | st.tuples(st.floats(-90, 90), st.floats(-180, 180))
# The number of a payment, its time, amount and place; True or False for a label of it.
steps = st.tuples(st.integers(0, 60), times, amounts, places, st.none() | st.booleans())


def told(records: FeatureStore, facts: Facts) -> bytes | bool:
    """What the core says to the same facts."""
    who: dict[str, Any] = {
        kind: getattr(facts, kind) for kind in ("user", "instrument", "device", "ip", "merchant")
    }
    if isinstance(facts, LabelFacts):
        return records.label(facts.payment_id, facts.known_ms, facts.fraud, **who)
    place = {"latitude": facts.latitude, "longitude": facts.longitude}
    vector = records.observe(facts.payment_id, facts.time_ms, facts.amount_minor, **who, **place)
    return vector.tobytes()


async def asked(store: RedisFeatureStore, facts: Facts) -> bytes | bool:
    """What the store says to them."""
    if isinstance(facts, LabelFacts):
        return await store.label(facts)
    return (await store.observe(facts)).vector.tobytes()


def facts_of(step: Step, run: int) -> Facts:
    """Who takes part follows from the number, so that a payment is always that of the same."""
    number, time_ms, amount_minor, place, fraud = step
    latitude, longitude = place or (None, None)
    facts = PaymentFacts(
        payment_id=f"{run} {number}",
        time_ms=time_ms,
        amount_minor=amount_minor,
        currency="INR",
        livemode=True,
        user=None if number % 7 == 0 else f"{run}",
        instrument=None if number % 5 == 0 else f"{run} {number % 3}",
        device=None if number % 3 == 0 else f"{run} {number}",
        ip=f"{run}",
        merchant=None if number % 4 == 0 else f"{run} {number % 25}",
        latitude=latitude,
        longitude=longitude,
    )
    return facts if fraud is None else label_of(facts, time_ms, fraud=fraud)


async def compare(store: RedisFeatureStore, client: Client, stream: list[Facts]) -> None:
    records = FeatureStore()
    for facts in stream:
        assert await asked(store, facts) == told(records, facts)
    for (kind, id), facts in entities(stream).items():
        assert await client.get(key_of(kind, facts)) == records.record(kind, id)


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def opened(redis_server: Any, runner: asyncio.Runner) -> Iterator[tuple[RedisFeatureStore, Client]]:
    url = redis_server.url(redis_server.create_database())
    client: Client = Client.from_url(url)
    store = RedisFeatureStore(url, KEY, timeout_s=UNHURRIED_S)
    runner.run(store.open())
    yield store, client
    runner.run(store.close())
    runner.run(client.aclose())


@given(st.lists(steps, max_size=50))
def test_any_stream_makes_the_very_bytes_and_vectors(
    opened: tuple[RedisFeatureStore, Client], runner: asyncio.Runner, drawn: list[Step]
) -> None:
    run = next(NUMBERS)
    runner.run(compare(*opened, [facts_of(step, run) for step in drawn]))


@given(st.lists(st.integers(0, 40), min_size=20, max_size=120), st.integers(0, 2_000))
def test_many_different_values_are_sampled_alike(
    opened: tuple[RedisFeatureStore, Client],
    runner: asyncio.Runner,
    values: list[int],
    gap_minutes: int,
) -> None:
    """Beyond sixteen a sample is taken, whose level changes as values come and are forgotten."""
    run = next(NUMBERS)
    pace_ms = gap_minutes * MINUTE_MS // 20
    stream: list[Facts] = [
        payment(
            number,
            payment_id=f"{run} {number}",
            time_ms=START_MS + number * pace_ms,
            user=f"sampled {run}",
            instrument=None,
            device=None,
            ip=None,
            merchant=f"{run} {value}",
        )
        for number, value in enumerate(values)
    ]
    runner.run(compare(*opened, stream))


@pytest.mark.parametrize(
    ("seed", "late", "gap_ms"), [(50, 0.0, 300_000), (51, 0.2, 20_000), (52, 0.1, 10**8)]
)
async def test_a_long_stream_with_labels_and_repetitions(
    redis_url: str, client: Client, seed: int, late: float, gap_ms: int
) -> None:
    stream: list[Facts] = []
    for number, facts in enumerate(payments(seed, 1_500, late=late, gap_ms=gap_ms)):
        stream.append(facts)
        if number % 3 == 0:
            stream += [stream[number // 2], facts]
        if number % 4 == 0 and isinstance(earlier := stream[number // 3], PaymentFacts):
            stream.append(label_of(earlier, facts.time_ms, fraud=number % 8 == 0))
    async with redis_store(redis_url) as store:
        await compare(store, client, stream)


async def test_history_makes_the_bytes_of_those_who_were_there(
    redis_url: str, client: Client
) -> None:
    history, records = with_labels(payments(53, 600, gap_ms=60_000)), FeatureStore()
    async with redis_store(redis_url) as store:

        async def read() -> Any:
            for facts in history:
                yield facts

        assert await store.warm(read()) == len(history)
    for facts in history:
        told(records, facts)
    for (kind, id), facts in entities(history).items():
        assert await client.get(key_of(kind, facts)) == records.record(kind, id)


async def test_a_repetition_after_the_answer_is_forgotten_is_told_the_present(
    redis_url: str, client: Client
) -> None:
    stream, records = payments(54, 60), FeatureStore()
    async with redis_store(redis_url) as store:
        for facts in stream:
            await asked(store, facts)
            told(records, facts)
        answers = [key async for key in client.scan_iter("*:payment:*")]
        await client.delete(*answers)
        # A restored memory has no answers either.
        records.restore(records.snapshot())
        latest = {facts.user: facts for facts in stream}
        for facts in latest.values():
            again = replace(facts, time_ms=stream[-1].time_ms + 1_000)
            assert await asked(store, again) == told(records, again)
    for (kind, id), each in entities(stream).items():
        assert await client.get(key_of(kind, each)) == records.record(kind, id)
