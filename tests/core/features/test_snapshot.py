from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sikka_core import FeatureStore, MalformedError, load_snapshot, save_snapshot
from tests.core.features.streams import stream


@pytest.fixture
def store() -> FeatureStore:
    store = FeatureStore()
    for payment in stream(10, 100):
        store.observe(**payment)
    return store


def test_a_file_brings_the_memory_back(store: FeatureStore, tmp_path: Path) -> None:
    path = tmp_path / "features"
    save_snapshot(store, path)
    other = FeatureStore()
    load_snapshot(other, str(path))
    assert other.snapshot() == store.snapshot()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_is_replaced_and_nothing_is_left_beside_it(
    store: FeatureStore, tmp_path: Path
) -> None:
    path = tmp_path / "features"
    save_snapshot(FeatureStore(), path)
    save_snapshot(store, path)
    assert path.read_bytes() == store.snapshot()
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_leaves_the_old_file(
    store: FeatureStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "features"
    save_snapshot(FeatureStore(), path)
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError("no space")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="no space"):
        save_snapshot(store, path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_torn_file_is_refused_and_nothing_forgotten(store: FeatureStore, tmp_path: Path) -> None:
    path = tmp_path / "features"
    path.write_bytes(store.snapshot()[:-1])
    before = store.snapshot()
    with pytest.raises(MalformedError, match="checksum"):
        load_snapshot(store, path)
    assert store.snapshot() == before
    with pytest.raises(FileNotFoundError):
        load_snapshot(store, tmp_path / "nothing")


@given(st.binary(max_size=300), st.booleans())
def test_any_bytes_are_refused(data: bytes, marked: bool) -> None:
    with pytest.raises(MalformedError, match="snapshot"):
        FeatureStore().restore(b"sikka features\n\1" * marked + data)


def test_the_bytes_do_not_depend_on_the_order_of_entities() -> None:
    one, other = FeatureStore(), FeatureStore()
    for number in range(100):
        one.observe(f"p{number}", 1_000, 1, user=f"u{number}")
        other.observe(f"p{99 - number}", 1_000, 1, user=f"u{99 - number}")
    assert one.snapshot() == other.snapshot()
