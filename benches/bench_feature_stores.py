"""What a payment costs in each feature store, beside reading the same records from Redis.

Run as `python -m benches feature_stores`. A payment updates and reads four entities: a user, an
instrument, a device and a merchant, from the gateway's facts to the vector. The peers compute
nothing: they read the records of the same entities, and one writes them back as well. Cases take
turns, call by call, on one event loop; Redis has the same machine.
"""

from __future__ import annotations

import asyncio
import itertools
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import uvloop
from redis.asyncio import Redis as Client

from benches.measure import Timing, as_report, print_table, print_targets
from sikka.fraud.stores.facts import PaymentFacts
from sikka.fraud.stores.keys import Keys
from sikka.fraud.stores.memory import MemoryFeatureStore
from sikka.fraud.stores.port import FeatureStore
from sikka.fraud.stores.redis import RedisFeatureStore
from tests.harness.redis import Redis

CALLS = 4_000
# Enough of one case to have warm caches, few enough that all cases see the same machine.
TURN = 20
AT_ONCE = 64
USERS = 5_000
MERCHANTS = 50
START_MS = 1_800_000_000_000
KEY = b"the key of the names in a bench."
UNHURRIED_S = 10.0

MEMORY = "sikka, memory: observe"
SHARED = "sikka, Redis: observe"
MGET = "redis-py: MGET of the records"

Case = Callable[[], Awaitable[object]]


def payments() -> Iterator[PaymentFacts]:
    """Ever new payments; users come in no order."""
    for number in itertools.count():
        user = number * 7_919 % USERS
        yield PaymentFacts(
            payment_id=f"pay_{number}",
            time_ms=START_MS + number * 1_000,
            amount_minor=10_000 + number % 1_000,
            currency="INR",
            livemode=True,
            user=f"user_{user}",
            instrument=f"user{user}@simbank",
            device=f"device-{user}",
            merchant=f"mer_{number % MERCHANTS}",
        )


def observing(store: FeatureStore) -> Case:
    stream = payments()
    return lambda: store.observe(next(stream))


def reading(client: Client) -> Case:
    """One MGET of the records of a payment; the names are made beforehand."""
    keys = Keys("sikka", KEY)
    names = itertools.cycle([keys.records(facts) for facts in itertools.islice(payments(), USERS)])
    return lambda: client.mget(next(names))


def reading_and_writing(client: Client) -> Case:
    """The records of a payment read and written back, in one round trip, without computing."""
    keys = Keys("peer", KEY)
    names = itertools.cycle([keys.records(facts) for facts in itertools.islice(payments(), USERS)])
    record = bytes(532)

    async def next_payment() -> object:
        pipeline = client.pipeline(transaction=False)
        taking_part = next(names)
        pipeline.mget(taking_part)
        for name in taking_part:
            pipeline.set(name, record, ex=86_400)
        return await pipeline.execute()

    return next_payment


async def alternate(cases: dict[str, Case]) -> dict[str, list[float]]:
    """The seconds of every call, sorted, all cases in turn."""
    seconds: dict[str, list[float]] = {name: [] for name in cases}
    names = list(cases)
    for turn in range(CALLS // TURN):
        shift = turn % len(names)
        for name in names[shift:] + names[:shift]:
            case, samples = cases[name], seconds[name]
            for _ in range(TURN):
                start = time.perf_counter()
                await case()
                samples.append(time.perf_counter() - start)
    return {name: sorted(samples) for name, samples in seconds.items()}


async def many(case: Case) -> int:
    """Call it again and again, so many at once; return how often."""
    for _ in range(CALLS // AT_ONCE):
        await asyncio.gather(*(case() for _ in range(AT_ONCE)))
    return CALLS // AT_ONCE * AT_ONCE


async def under_load(client: Client, case: Case) -> tuple[float, float]:
    """Calls a second when many are under way, and what Redis spends on one, microseconds."""

    async def used_s() -> float:
        info = await client.info("cpu")
        return float(info["used_cpu_user_main_thread"] + info["used_cpu_sys_main_thread"])

    before_s, start = await used_s(), time.perf_counter()
    calls = await many(case)
    rate = calls / (time.perf_counter() - start)
    return rate, (await used_s() - before_s) / calls * 1e6


async def round_trips(client: Client, case: Case) -> float:
    """Commands that Redis gets for one call; those that a function calls do not count."""

    async def calls() -> int:
        stats = await client.info("commandstats")
        return sum(
            stats.get(f"cmdstat_{name}", {}).get("calls", 0)
            for name in ("fcall", "eval", "evalsha", "ping", "function|load")
        )

    before = await calls()
    for _ in range(TURN):
        await case()
    return (await calls() - before) / TURN


def timing(samples: list[float]) -> Timing:
    deciles = statistics.quantiles(samples, n=10, method="inclusive")
    return Timing(statistics.median(samples), deciles[0], deciles[-1], len(samples))


def p99_us(samples: list[float]) -> float:
    return samples[len(samples) * 99 // 100] * 1e6


async def measure(url: str) -> tuple[dict[str, list[float]], dict[str, float]]:
    memory = MemoryFeatureStore()
    shared = RedisFeatureStore(url, KEY, timeout_s=UNHURRIED_S)
    client: Client = Client.from_url(url)
    await shared.open()
    observe = observing(shared)
    cases = {
        MEMORY: observing(memory),
        SHARED: observe,
        MGET: reading(client),
        "redis-py: MGET and SETs of the records, in a pipeline": reading_and_writing(client),
    }
    for case in cases.values():
        for _ in range(2 * USERS):
            await case()
    seconds = await alternate(cases)
    figures = {"round_trips_at_most_1": await round_trips(client, observe)}
    for name, case in (("observes", observe), ("mgets", cases[MGET])):
        rate, server_us = await under_load(client, case)
        figures |= {f"redis_{name}_a_second_64_at_once": rate, f"redis_server_us_{name}": server_us}
    await shared.close()
    await client.aclose()
    return seconds, figures


def run(report: dict[str, Any]) -> None:
    """Time every case, print the table and put the figures into the report."""
    with tempfile.TemporaryDirectory(prefix="sikka-bench-") as folder:
        server = Redis.start(Path(folder) / "redis")
        try:
            seconds, figures = uvloop.run(measure(server.url()))
        finally:
            server.stop()
    timings = {name: timing(samples) for name, samples in seconds.items()}
    title = "a payment of four entities, from its facts to its vector"
    print_table(title, timings, MGET)
    targets = {
        "redis_observe_times_of_mget_at_most_2.5": timings[SHARED].median_s
        / timings[MGET].median_s,
        **figures,
        "memory_observe_p99_us": p99_us(seconds[MEMORY]),
        "redis_observe_p99_us": p99_us(seconds[SHARED]),
        "redis_mget_p99_us": p99_us(seconds[MGET]),
    }
    print_targets(targets)
    report["feature_stores"] = {title: as_report(timings), "ratios": targets}


if __name__ == "__main__":
    run({})
