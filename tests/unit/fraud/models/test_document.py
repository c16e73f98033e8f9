from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from sikka.domain.errors import InvalidRequest
from sikka.fraud.models.document import JSON_BYTES_MAX, ModelDocument
from sikka_core import FEATURE_NAMES
from tests.unit.fraud.models.documents import made_document, made_model


def test_a_document_comes_back_as_it_was_and_equal_ones_have_equal_bytes() -> None:
    document = made_document()
    written = document.to_json()
    assert ModelDocument.from_json(written) == document
    turned = msgspec.structs.replace(
        document,
        metrics=dict(reversed(document.metrics.items())),
        settings=dict(reversed(document.settings.items())),
    )
    assert turned.to_json() == written
    assert written.endswith(b"}\n")
    assert json.loads(written)["metrics"] == document.metrics


def changed(change: Callable[[dict[str, Any]], object]) -> bytes:
    document = json.loads(made_document().to_json())
    change(document)
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("change", "path", "rule"),
    [
        (lambda d: d.pop("checksum"), "document", "missing required field `checksum`"),
        (lambda d: d.update(colour="red"), "document", "unknown field `colour`"),
        (lambda d: d.update(format=2), "format", "Invalid enum value 2"),
        (lambda d: d.update(version="Big One"), "document", "version must be 1 to 64 of a-z"),
        (lambda d: d.update(version="x" * 65), "document", "version must be 1 to 64 of a-z"),
        (lambda d: d.update(checksum="AB" * 32), "document", "checksum must be 64 lower-case hex"),
        (lambda d: d.update(schema_version="1"), "schema_version", "Expected `int`, got `str`"),
        (lambda d: d.update(features=[]), "document", "features must be names, each once"),
        (lambda d: d["features"].append("amount"), "document", "features must be names, each once"),
        (lambda d: d["features"].append("x"), "document", "reference.features must be of each of"),
        (lambda d: d["data"].update(hash="?"), "data", "hash must be 64 lower-case hex digits"),
        (lambda d: d["data"]["train"].pop("frauds"), "data.train", "missing required field `frau"),
        (lambda d: d["data"]["train"].update(frauds=-1), "data.train", "frauds must be within 0.."),
        (
            lambda d: d["data"]["train"].update(from_ms=600),
            "data.train",
            "until_ms must be after f",
        ),
        (
            lambda d: d["data"]["train"].update(until_ms=520),
            "data",
            "validation must be after train",
        ),
        (lambda d: d["data"]["test"].update(from_ms=600), "data", "test must be after validation"),
        (lambda d: d["calibration"].update(method="x"), "calibration.method", "Invalid enum value"),
        (lambda d: d["calibration"]["margins"].pop(), "calibration", "margins must be 2 to 64 num"),
        (lambda d: d["metrics"].update(auc=None), "metrics[...]", "Expected `float`, got `null`"),
        (lambda d: d["gain"].update(colour=1), "document", "gain must be of features"),
        (lambda d: d["settings"].update(a=[1]), "settings[...][0]", "Expected `str`, got `int`"),
        (
            lambda d: d["reference"]["score"]["shares"].pop(),
            "reference.score",
            "shares must be two more than edges",
        ),
        (lambda d: d["limits"].append(5), "limits[1]", "Expected `str`, got `int`"),
    ],
)
def test_a_field_that_breaks_a_rule_is_named(
    change: Callable[[dict[str, Any]], object], path: str, rule: str
) -> None:
    with pytest.raises(InvalidRequest, match=f"^{re.escape(path)}: .*{re.escape(rule)}") as raised:
        ModelDocument.from_json(changed(change))
    assert raised.value.param == path


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b"\xff", b'{"format": NaN}'])
def test_what_is_no_document_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidRequest, match="^document: "):
        ModelDocument.from_json(data)


def test_a_document_without_end_is_refused_unread() -> None:
    with pytest.raises(InvalidRequest, match="must not be longer than 4194304 bytes$"):
        ModelDocument.from_json(b" " * (JSON_BYTES_MAX + 1))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"metrics": {"auc": float("nan")}}, "metrics.auc must be a finite number"),
        ({"gain": {"amount": float("inf")}}, "gain.amount must be a finite number"),
        ({"settings": {"gamma": float("nan")}}, "settings.gamma must be a finite number"),
    ],
)
def test_what_json_could_not_say_is_not_made(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        msgspec.structs.replace(made_document(), **fields)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("checksum", "cd" * 32),
        ("schema_version", 99),
        ("features", (*FEATURE_NAMES[:2][::-1], *FEATURE_NAMES[2:])),
    ],
)
def test_a_document_of_another_model_is_refused(field: str, value: Any) -> None:
    made_document().check(made_model())
    other = msgspec.structs.replace(made_document(), **{field: value})
    with pytest.raises(InvalidRequest, match=f"^{field}: the document's is not that of the model"):
        other.check(made_model())
