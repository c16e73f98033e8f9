"""Keeps the memory of a feature store in a file; the core itself touches none."""

from __future__ import annotations

import os

from sikka_core._native import FeatureStore


def save_snapshot(store: FeatureStore, path: str | os.PathLike[str]) -> None:
    """Write `store.snapshot()` to a file, all of it or nothing.

    The bytes are written beside the file, forced to the disk and renamed over it, so that a crash
    at any moment leaves the old file or the new one. Only the owner may read it. Raises OSError.
    """
    folder_name, name = os.path.split(os.path.abspath(path))
    written = os.path.join(folder_name, f".{name}.{os.urandom(8).hex()}")
    snapshot = store.snapshot()
    descriptor = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(snapshot)
            file.flush()
            os.fsync(file.fileno())
        os.replace(written, path)
    except BaseException:
        os.unlink(written)
        raise
    folder = os.open(folder_name, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def load_snapshot(store: FeatureStore, path: str | os.PathLike[str]) -> None:
    """Let a store remember what `save_snapshot` wrote, and nothing else.

    Raises OSError when the file cannot be read and MalformedError when it is not a whole snapshot;
    the store has not changed then.
    """
    with open(path, "rb") as file:
        store.restore(file.read())
