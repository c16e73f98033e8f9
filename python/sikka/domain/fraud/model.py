"""Models of fraud as the registry keeps them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sikka.domain.errors import InvalidRequest, UnprocessableRequest
from sikka_core import FEATURE_NAMES, SCHEMA_VERSION, Model, ModelError

# Some thousand trees of depth 8. On its way to the database a file is written as text of twice
# its size, which with its document must fit a packet of 16 MiB.
CONTENT_BYTES_MAX = 4 * 2**20


class ModelState(StrEnum):
    """What a model does. One is champion; of challenger and shadow there is at most one."""

    REGISTERED = "registered"
    SHADOW = "shadow"
    CHALLENGER = "challenger"
    CHAMPION = "champion"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class FraudModel:
    """One model of the registry. Columns of the table `fraud_models`.

    Args:
        version: the name it is known by, unique; what assessments carry as `model_version`.
        checksum: of the trees (`sikka_core.Model.checksum`).
        schema_version: of the features that it was trained on.
        training_data_hash: what identifies the data that it was trained on.
        document: calibration, metrics, reference distributions, limits
            (`sikka.fraud.models.document`).
        share_percent: of the payments that a challenger decides, chosen by a stable hash; 0 for
            all other states.
        promoted_at, promoted_by: when it last became champion, and who made it so; None for one
            that never was, or from which the house was rolled back. Whoever was champion later
            has the later time, whatever the clocks said.
        revision: at which the row was last changed.
    """

    id: str
    bucket: int
    version: str
    checksum: str
    schema_version: int
    training_data_hash: str
    document: Mapping[str, Any]
    state: ModelState
    share_percent: int
    created_by: str
    created_at: datetime
    updated_at: datetime
    promoted_by: str | None
    promoted_at: datetime | None
    revision: int


@dataclass(frozen=True, slots=True)
class FraudModelFile:
    """The trees of a model, in the core's own form. `id` is the model's. Never changed."""

    id: str
    content: bytes


@dataclass(frozen=True, slots=True)
class ModelPackage:
    """A model as it comes to the registry: what its document says of it, and its trees.

    Args:
        features: the names of its features, in the order of a vector.
        document: plain JSON values.
        content: as `sikka_core.Model.to_bytes` wrote it.
    """

    version: str
    checksum: str
    schema_version: int
    features: Sequence[str]
    training_data_hash: str
    document: Mapping[str, Any]
    content: bytes


def trees_of(
    content: bytes, *, checksum: str, schema_version: int, features: Sequence[str]
) -> Model:
    """Read the trees of a model, and make sure that they can score the vectors of this program.

    Args:
        content: as `sikka_core.Model.to_bytes` wrote it.
        checksum, schema_version, features: what the model's document says.

    Raises:
        InvalidRequest: `model_invalid`, the bytes are no model, or not the one of the document.
        UnprocessableRequest: as `check_schema`, also when the names of the features differ.
    """
    check_schema(schema_version)
    if len(content) > CONTENT_BYTES_MAX:
        raise _invalid(f"the model must not be longer than {CONTENT_BYTES_MAX} bytes", "content")
    try:
        model = Model.from_bytes(content)
    except ModelError as error:
        raise _invalid(f"the bytes are no model: {error}", "content") from None
    if model.checksum != checksum:
        raise _invalid("the checksum of the model is not that of its document", "checksum")
    check_schema(model.schema_version)
    if not tuple(features) == FEATURE_NAMES == model.feature_names:
        raise _other_schema("the model's features are not those of this program", "features")
    return model


def check_schema(schema_version: int | None) -> None:
    """Make sure that a model was trained on the features that this program computes.

    Raises:
        UnprocessableRequest: `model_schema_mismatch`, it was not.
    """
    if schema_version != SCHEMA_VERSION:
        trained = "no version" if schema_version is None else f"version {schema_version}"
        raise _other_schema(
            f"the model was trained on {trained} of the features; this program computes version"
            f" {SCHEMA_VERSION}",
            "schema_version",
        )


def _invalid(message: str, param: str) -> InvalidRequest:
    return InvalidRequest("model_invalid", message, param=param)


def _other_schema(message: str, param: str) -> UnprocessableRequest:
    return UnprocessableRequest("model_schema_mismatch", message, param=param)
