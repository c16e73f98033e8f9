"""What a whole assessment costs: memory, model, rules, lists, decision, words.

Run as `python -m benches assessments`. The engine is the gateway's own, with a model of 300 trees
of depth 6 in the champion's place; its memory is in the process, and in Redis on the same machine.
Cases take turns on one event loop, and every call is timed: what counts is the slowest hundredth.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvloop

from benches.bench_feature_stores import KEY, UNHURRIED_S, Case, alternate, p99_us, timing
from benches.bench_models import registered, trained, vectors
from benches.measure import as_report, print_table, print_targets
from sikka.bootstrap.foundation import SystemClock
from sikka.domain.fraud.assessment import Device, RiskRequest
from sikka.domain.fraud.model import FraudModel, ModelState
from sikka.domain.fraud.policy import PolicyRows
from sikka.fraud.config import FraudConfig
from sikka.fraud.engine import Engine
from sikka.fraud.policy import PolicyCache
from sikka.fraud.stores.facts import Facts
from sikka.fraud.stores.memory import MemoryFeatureStore
from sikka.fraud.stores.port import FeatureStore
from sikka.fraud.stores.redis import RedisFeatureStore
from sikka.ops.metrics import Metrics
from sikka_core import Model, new_id
from tests.harness.redis import Redis

USERS, MERCHANTS = 5_000, 50
WARMING = 10_000
START_S = 1_800_000_000

MEMORY = "memory and model"
SHARED = "Redis and model"


class Tables:
    """A registry with one model, or none."""

    def __init__(self, models: Sequence[tuple[FraudModel, Model]]) -> None:
        self._rows = PolicyRows(2, models=[row for row, _ in models])
        self._files = {row.id: trees.to_bytes() for row, trees in models}

    async def policy_since(self, revision: int) -> PolicyRows:
        """See `sikka.fraud.policy.PolicyReader`."""
        return self._rows if revision == 0 else PolicyRows(2)

    async def model_file(self, id: str) -> bytes:
        """See `sikka.fraud.policy.PolicyReader`."""
        return self._files[id]


def requests() -> Iterator[RiskRequest]:
    """Ever new payments with all that a payment can say of itself."""
    for number in itertools.count():
        user = number * 7_919 % USERS
        device = Device(f"device-{user}", f"10.0.{user // 250}.{user % 250}", 19.07, 72.87)
        yield RiskRequest(
            payment_id=new_id("pay", number % 4_096, START_S * 1_000 + number),
            attempt=f"attempt_{number}",
            merchant_id=f"mer_{number % MERCHANTS}",
            user_id=f"user_{user}",
            instrument=f"user{user}@simbank",
            amount_minor=10_000 + number % 1_000,
            currency="INR",
            device=device,
            at=datetime.fromtimestamp(START_S + number, UTC),
        )


async def nothing() -> AsyncIterator[Facts]:
    """No history: the memory begins empty."""
    for fact in ():
        yield fact


async def assessing(store: FeatureStore, models: Sequence[tuple[FraudModel, Model]]) -> Case:
    """One more assessment by an engine on this memory."""
    # All payments of the bench lie within hours; what a rule finds is of no matter, but that
    # each is asked.
    policy = PolicyCache(FraudConfig(), Tables(models), Metrics())
    await policy.refresh()
    await store.open()
    await store.warm(nothing())
    engine = Engine(FraudConfig(), SystemClock(), store, policy, Metrics())
    stream = requests()
    return lambda: engine.assess(next(stream))


async def measure(url: str) -> dict[str, list[float]]:
    """The seconds of every call of every case."""
    trees = trained(vectors(), seed=0)
    champion = [(registered(trees, ModelState.CHAMPION), trees)]
    shared = RedisFeatureStore(url, KEY, timeout_s=UNHURRIED_S)
    cases = {
        "memory, rules alone": await assessing(MemoryFeatureStore(), ()),
        MEMORY: await assessing(MemoryFeatureStore(), champion),
        SHARED: await assessing(shared, champion),
    }
    for case in cases.values():
        for _ in range(WARMING):
            await case()
    seconds = await alternate(cases)
    await shared.close()
    return seconds


def run(report: dict[str, Any]) -> None:
    """Time every case, print the table and put the figures into `report["assessments"]`."""
    with tempfile.TemporaryDirectory(prefix="sikka-bench-") as folder:
        server = Redis.start(Path(folder) / "redis")
        try:
            seconds = uvloop.run(measure(server.url()))
        finally:
            server.stop()
    timings = {name: timing(samples) for name, samples in seconds.items()}
    title = "a payment assessed"
    print_table(title, timings, MEMORY)
    targets = {
        "memory_p99_ms_at_most_1": p99_us(seconds[MEMORY]) / 1e3,
        "redis_p99_ms_at_most_3": p99_us(seconds[SHARED]) / 1e3,
    }
    print_targets(targets)
    report["assessments"] = {title: as_report(timings), "ratios": targets}


if __name__ == "__main__":
    run({})
