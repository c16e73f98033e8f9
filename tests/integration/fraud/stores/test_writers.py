"""Several processes write at once.

Redis runs one function at a time, so nothing is lost and nothing counted twice. What follows for
the bytes: an entity whose payments come in one order has the very record of that order, whatever
happens to others meanwhile; an entity whose payments come in any order has a record whose counts,
minutes and hours are those of every order, and whose decayed numbers are so up to rounding.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import chain
from multiprocessing import get_context

import pytest
from redis.asyncio import Redis as Client

from sikka_core import FEATURE_NAMES, FeatureStore
from tests.integration.fraud.stores.made import entities, key_of
from tests.integration.fraud.stores.test_parity import told
from tests.integration.fraud.stores.writer import PAYMENTS, part, write

WRITERS = 3
OF_USER = [place for place, name in enumerate(FEATURE_NAMES) if name.startswith("user_")]


@pytest.fixture(scope="module")
def processes() -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(WRITERS, mp_context=get_context("spawn")) as pool:
        yield pool


async def written(processes: ProcessPoolExecutor, url: str, *, shared: bool) -> list[list[bytes]]:
    loop = asyncio.get_running_loop()
    return await asyncio.gather(
        *(loop.run_in_executor(processes, write, url, each, shared) for each in range(WRITERS))
    )


async def test_writers_that_share_nobody_have_the_bytes_and_vectors_of_their_own_order(
    processes: ProcessPoolExecutor, redis_url: str, client: Client
) -> None:
    vectors = await written(processes, redis_url, shared=False)
    records = FeatureStore()
    streams = [part(number, shared=False) for number in range(WRITERS)]
    for stream, theirs in zip(streams, vectors, strict=True):
        assert theirs == [told(records, facts) for facts in stream]
    for (kind, id), facts in entities(chain(*streams)).items():
        assert await client.get(key_of(kind, facts)) == records.record(kind, id)


async def test_writers_that_share_merchants_lose_nothing_and_count_nothing_twice(
    processes: ProcessPoolExecutor, redis_url: str, client: Client
) -> None:
    vectors = await written(processes, redis_url, shared=True)
    records = FeatureStore()
    streams = [part(number, shared=True) for number in range(WRITERS)]
    for stream, theirs in zip(streams, vectors, strict=True):
        for facts, vector in zip(stream, theirs, strict=True):
            assert of_user(vector) == of_user(told(records, facts))
    together = list(chain(*streams))
    counted = 0
    for (kind, id), facts in entities(together).items():
        record, one = await client.get(key_of(kind, facts)), records.record(kind, id)
        assert one is not None
        if kind in ("ip", "merchant"):
            assert_same_in_any_order(record, one)
        else:
            assert record == one
        counted += int.from_bytes(record[4:8], "little") if kind == "merchant" else 0
    assert counted == len(together) == WRITERS * PAYMENTS


def of_user(vector: bytes | bool) -> list[float]:
    assert isinstance(vector, bytes)
    numbers = struct.unpack(f"{len(FEATURE_NAMES)}f", vector)
    return [numbers[place] for place in OF_USER if numbers[place] == numbers[place]]


def assert_same_in_any_order(record: bytes, other: bytes) -> None:
    """Payments, first and last time, minutes and hours; decayed numbers up to rounding."""
    for first, end in ((0, 2), (4, 24), (360, 532)):
        assert record[first:end] == other[first:end]
    decayed = struct.unpack_from("<12d", record, 32)
    assert decayed == pytest.approx(struct.unpack_from("<12d", other, 32), rel=1e-9)
