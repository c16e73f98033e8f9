from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sikka.domain.errors import InvalidRequest
from sikka.domain.fraud.model import ModelState, trees_of
from sikka.fraud.models import shipped
from sikka.fraud.models.folder import BINARY, write_model
from sikka.fraud.models.package import document_of, read_package
from tests.unit.fraud.models.made import document, row, stump


def test_a_folder_becomes_what_the_registry_takes(tmp_path: Path) -> None:
    model, told = stump(), document("v1", stump())
    write_model(tmp_path / "v1", model, told)
    package = read_package(tmp_path / "v1")
    assert (package.version, package.checksum) == ("v1", model.checksum)
    assert (package.content, package.training_data_hash) == (model.to_bytes(), told.data.hash)
    trees = trees_of(
        package.content,
        checksum=package.checksum,
        schema_version=package.schema_version,
        features=package.features,
    )
    assert trees.checksum == model.checksum


def test_a_document_comes_back_from_the_registry_as_it_was(tmp_path: Path) -> None:
    told = document("v1", stump())
    write_model(tmp_path / "v1", stump(), told)
    made, _ = row("v1", ModelState.REGISTERED)
    kept = replace(made, document=read_package(tmp_path / "v1").document)
    assert document_of(kept) == told
    with pytest.raises(InvalidRequest) as refused:
        document_of(replace(made, document={**kept.document, "limits": 7}))
    assert refused.value.param == "limits"


def test_a_damaged_folder_is_refused(tmp_path: Path) -> None:
    write_model(tmp_path / "v1", stump(), document("v1", stump()))
    (tmp_path / "v1" / BINARY).write_bytes(b"a poem")
    with pytest.raises(InvalidRequest, match=BINARY):
        read_package(tmp_path / "v1")


def test_what_is_shipped_is_read_from_beside_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipped, "FOLDER", tmp_path / "shipped-1")
    assert shipped.shipped_package() is None
    write_model(tmp_path / "shipped-1", stump(), document("shipped-1", stump()))
    package = shipped.shipped_package()
    assert package is not None
    assert package.version == "shipped-1"
