"""Models from files."""

from __future__ import annotations

import mmap
import os

from sikka_core._native import Model, ModelError


def load_model(path: str | os.PathLike[str]) -> Model:
    """Read a model from a file in the core's own form, as `Model.to_bytes` gives it.

    The file is mapped and not read piece by piece. It may be replaced or removed afterwards: the
    model keeps nothing of it. Raises OSError when the file cannot be read, and ModelError when it
    is no model, is cut short or does not match its checksum.

    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "empty.model"
    ...     _ = path.write_bytes(b"")
    ...     load_model(path)
    Traceback (most recent call last):
    sikka_core.ModelError: the model's file is empty
    """
    with open(path, "rb") as file:
        if os.fstat(file.fileno()).st_size == 0:
            raise ModelError("the model's file is empty")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            return Model.from_bytes(mapped)
