"""Keeps the memory of a feature store in a file; the core itself touches none."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from sikka_core._native import FeatureStore


def save_snapshot(store: FeatureStore, path: str | os.PathLike[str]) -> None:
    """Write `store.snapshot()` to a file, all of it or nothing.

    The bytes are written beside the file, forced to the disk and renamed over it, so that a crash
    at any moment leaves the old file or the new one. Only the owner may read it. Raises OSError.
    """
    target = Path(path)
    snapshot = store.snapshot()
    descriptor, written = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(snapshot)
            file.flush()
            os.fsync(file.fileno())
        Path(written).replace(target)
    except BaseException:
        Path(written).unlink(missing_ok=True)
        raise
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def load_snapshot(store: FeatureStore, path: str | os.PathLike[str]) -> None:
    """Let a store remember what `save_snapshot` wrote, and nothing else.

    Raises OSError when the file cannot be read and MalformedError when it is not a whole snapshot;
    the store has not changed then.
    """
    store.restore(Path(path).read_bytes())
