"""What the fuzzer kept, through Python; rust_core/tests/corpus.rs tries the same in Rust."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pytest

from sikka_core import (
    Element,
    MalformedError,
    Model,
    ModelError,
    SignatureError,
    parse_ack,
    verify_message,
)
from tests.core.keys import NOW_S, key_pair

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

CORPUS = Path(__file__).parents[2] / "rust_core" / "fuzz" / "corpus"


def kept(target: str) -> list[bytes]:
    """The files of a target of the fuzzer."""
    return [path.read_bytes() for path in sorted((CORPUS / target).iterdir())]


def read(reader: Callable[[bytes], T], data: bytes, refusal: type[Exception]) -> T | None:
    """What a reader makes of bytes, or None when it refuses them in the one way it may."""
    try:
        return reader(data)
    except refusal:
        return None


def test_models_of_xgboost_load_or_are_refused() -> None:
    files = kept("model_xgboost")
    loaded = [model for data in files if (model := read(Model.from_xgboost, data, ModelError))]
    assert 0 < len(loaded) < len(files)
    for model in loaded:
        assert Model.from_bytes(model.to_bytes()).checksum == model.checksum


def test_files_of_the_core_load_or_are_refused() -> None:
    bodies = kept("model_file")
    files = [body + hashlib.sha256(body).digest() for body in bodies]
    loaded = {data: read(Model.from_bytes, data, ModelError) for data in files}
    written = [model.to_bytes() == data for data, model in loaded.items() if model]
    assert 0 < len(written) < len(files)
    assert all(written)


def test_files_of_the_core_without_their_checksum_are_refused() -> None:
    for body in kept("model_file"):
        with pytest.raises(ModelError):
            Model.from_bytes(body)


def test_messages_are_parsed_or_refused() -> None:
    files = kept("message")
    parsed = [read(parse_ack, data, MalformedError) for data in files]
    elements = [element for element in parsed if isinstance(element, Element)]
    assert 0 < len(elements) < len(files)
    assert all(element.name for element in elements)


def test_messages_that_another_key_signed_are_refused() -> None:
    ring = key_pair("switch").ring
    for data in kept("message"):
        with pytest.raises((MalformedError, SignatureError)):
            verify_message(data, ring, NOW_S)
