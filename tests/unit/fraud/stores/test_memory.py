from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sikka.fraud.stores.memory import MemoryFeatureStore
from sikka_core import FEATURE_NAMES
from tests.integration.fraud.stores.made import payment, read

COUNT = FEATURE_NAMES.index("user_count_10m")


async def opened(folder: Path) -> MemoryFeatureStore:
    store = MemoryFeatureStore(folder=folder)
    await store.open()
    return store


async def test_a_memory_that_was_closed_goes_on_where_it_was(tmp_path: Path) -> None:
    places = [{}, {"livemode": False}, {"currency": "USD"}]
    store = await opened(tmp_path / "features")
    await store.warm(read([]))
    for number in range(1, 4):
        for place in places[: number + 1]:
            await store.observe(payment(number, **place))
    await store.close()
    store = await opened(tmp_path / "features")
    assert await store.is_warm()
    counts = [(await store.observe(payment(5, **place))).vector[COUNT] for place in places]
    assert counts == [4, 4, 3]


async def test_a_memory_without_its_history_is_not_kept(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    await store.observe(payment(1))
    await store.close()
    assert not await (await opened(tmp_path)).is_warm()


async def test_a_process_that_died_begins_without_its_memory(tmp_path: Path) -> None:
    """What was kept is read once: it would lack what the dead process has seen."""
    store = await opened(tmp_path)
    await store.warm(read([payment(1)]))
    await store.close()
    dead = await opened(tmp_path)
    await dead.observe(payment(2))
    store = await opened(tmp_path)
    assert not await store.is_warm()
    assert (await store.observe(payment(3))).vector[COUNT] == 1


async def test_a_torn_file_is_reported_and_nothing_of_it_remembered(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = await opened(tmp_path)
    await store.warm(read([payment(1), replace(payment(1), livemode=False)]))
    await store.close()
    (tmp_path / "test-INR.features").write_bytes(b"torn")
    store = await opened(tmp_path)
    assert "test-INR.features" in caplog.text
    assert not await store.is_warm()
    assert (await store.observe(payment(2))).vector[COUNT] == 1


async def test_no_more_entities_are_kept_than_allowed() -> None:
    store = MemoryFeatureStore(entities_max=10)
    for number in range(100):
        await store.observe(payment(number, user=f"user {number}"))
    vector = (await store.observe(payment(101, user="user 1"))).vector
    assert vector[COUNT] == 1
