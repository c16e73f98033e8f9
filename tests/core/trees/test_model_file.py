"""The core's own form of a model: whatever was changed in it is noticed."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sikka_core import Model, ModelError, load_model

SAVED = Path(__file__).parent / "saved" / "3.2.0"
ROW = [0.5, -0.5, float("nan"), 3.0]
DIGEST_BYTES = 32


def own() -> bytes:
    return Model.from_xgboost((SAVED / "sets.ubj").read_bytes(), schema_version=4).to_bytes()


def sealed(body: bytes) -> bytes:
    return body + hashlib.sha256(body).digest()


def test_the_own_form_keeps_all_there_is() -> None:
    model = Model.from_bytes(own())
    assert model.schema_version == 4
    assert model.feature_names == ("merchant", "amount", "device", "hour")
    assert (model.link, model.tree_count, model.feature_count) == ("logistic", 3, 4)
    assert model.to_bytes() == own()


def test_an_own_file_that_is_cut_short_or_longer_is_refused() -> None:
    data = own()
    for end in range(len(data)):
        with pytest.raises(ModelError):
            Model.from_bytes(data[:end])
    with pytest.raises(ModelError, match="checksum"):
        Model.from_bytes(data + b"\0")


def test_every_changed_bit_of_an_own_file_is_noticed() -> None:
    data = bytearray(own())
    for place in range(len(data)):
        data[place] ^= 1 << place % 8
        with pytest.raises(ModelError):
            Model.from_bytes(data)
        data[place] ^= 1 << place % 8


def test_a_later_version_of_the_own_form_is_refused() -> None:
    body = bytearray(own()[:-DIGEST_BYTES])
    body[8] += 1
    with pytest.raises(ModelError, match="version"):
        Model.from_bytes(sealed(bytes(body)))


@given(st.data())
def test_a_forged_own_file_is_refused_or_gives_a_model(data: st.DataObject) -> None:
    body = bytearray(own()[:-DIGEST_BYTES])
    # The head and the kinds of the nodes are where a forger would look first.
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.one_of(st.integers(8, 120), st.integers(8, len(body) - 1)))
        body[place] = data.draw(st.integers(0, 255))
    try:
        model = Model.from_bytes(sealed(bytes(body)))
    except ModelError:
        return
    row = [0.5] * model.feature_count
    assert isinstance(model.margin(row), float)


def test_a_file_is_loaded_and_may_go(tmp_path: Path) -> None:
    path = tmp_path / "fraud.model"
    path.write_bytes(own())
    model = load_model(path)
    expected = model.margin(ROW)
    path.write_bytes(b"\0" * len(own()))
    path.unlink()
    assert model.margin(ROW) == expected
    assert model.to_bytes() == own()


def test_a_path_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_model(tmp_path / "absent")
    with pytest.raises(IsADirectoryError):
        load_model(tmp_path)
    for content in (b"", b"SIKKTREE", b"x" * 1000):
        (tmp_path / "some").write_bytes(content)
        with pytest.raises(ModelError):
            load_model(tmp_path / "some")
