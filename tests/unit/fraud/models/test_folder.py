from __future__ import annotations

from pathlib import Path

import pytest

from sikka.domain.errors import InvalidRequest
from sikka.fraud.models.folder import BINARY, DOCUMENT, read_model, write_model
from tests.unit.fraud.models.documents import made_document, made_model


def test_a_model_comes_back_as_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "models" / "one"
    write_model(folder, made_model(), made_document())
    model, document = read_model(folder)
    assert model.to_bytes() == made_model().to_bytes()
    assert document == made_document()
    assert sorted(path.name for path in folder.iterdir()) == [BINARY, DOCUMENT]


def test_a_model_is_never_overwritten(tmp_path: Path) -> None:
    write_model(tmp_path, made_model(), made_document())
    other = made_model(200)
    with pytest.raises(InvalidRequest, match="models are never overwritten, name another folder$"):
        write_model(tmp_path, other, made_document(other))
    assert read_model(tmp_path)[0].checksum == made_model().checksum


def test_a_document_of_another_model_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="^checksum: "):
        write_model(tmp_path / "one", made_model(200), made_document())
    assert not (tmp_path / "one").exists()


def test_a_process_that_died_before_the_document_left_no_model_and_no_obstacle(
    tmp_path: Path,
) -> None:
    (tmp_path / BINARY).write_bytes(b"half")
    with pytest.raises(FileNotFoundError):
        read_model(tmp_path)
    write_model(tmp_path, made_model(), made_document())
    assert read_model(tmp_path)[1] == made_document()


@pytest.mark.parametrize("damage", [b"", b"x", made_model(200).to_bytes()])
def test_a_damaged_or_swapped_model_is_refused(tmp_path: Path, damage: bytes) -> None:
    write_model(tmp_path, made_model(), made_document())
    (tmp_path / BINARY).write_bytes(damage)
    with pytest.raises(InvalidRequest, match=r"model.bin: |^checksum: "):
        read_model(tmp_path)
