"""A model in a folder: `model.bin`, the core's own form, and `model.json`, its document."""

from __future__ import annotations

import os
from pathlib import Path

from sikka.domain.errors import InvalidRequest
from sikka.fraud.models.document import ModelDocument
from sikka_core import Model, ModelError

BINARY = "model.bin"
DOCUMENT = "model.json"


def write_model(folder: Path, model: Model, document: ModelDocument) -> None:
    """Put a model into a folder, which is made if it is not there.

    The document comes last, and each file at once or not at all: a folder with a document has the
    whole model.

    Raises:
        InvalidRequest: the folder has a model, or the document is of another model.
        OSError: the folder cannot be written.
    """
    document.check(model)
    check_vacant(folder)
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / BINARY, model.to_bytes())
    _write(folder / DOCUMENT, document.to_json())


def check_vacant(folder: Path) -> None:
    """Check that a folder holds no model.

    Raises:
        InvalidRequest: it does.
    """
    if (folder / DOCUMENT).exists():
        raise InvalidRequest(
            message=f"{folder}: holds a model; models are never overwritten, name another folder",
            param="output",
        )


def read_model(folder: Path) -> tuple[Model, ModelDocument]:
    """Read what `write_model` wrote.

    Raises:
        OSError: a file is not there or cannot be read.
        InvalidRequest: a file is damaged, or the two are not of one model.
    """
    document = ModelDocument.from_json((folder / DOCUMENT).read_bytes())
    try:
        model = Model.from_bytes((folder / BINARY).read_bytes())
    except ModelError as error:
        raise InvalidRequest(message=f"{folder / BINARY}: {error}", param="model") from None
    document.check(model)
    return model, document


def _write(path: Path, data: bytes) -> None:
    written = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
    try:
        with written.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        written.replace(path)
    finally:
        written.unlink(missing_ok=True)
