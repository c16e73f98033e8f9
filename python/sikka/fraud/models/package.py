"""From a folder to what the registry takes, and back from what it keeps."""

from __future__ import annotations

from pathlib import Path

import msgspec

from sikka.domain.fraud.model import FraudModel, ModelPackage
from sikka.fraud.models.document import ModelDocument
from sikka.fraud.models.folder import read_model


def read_package(folder: Path) -> ModelPackage:
    """The model in a folder, for the registry.

    Raises:
        OSError, InvalidRequest: as `sikka.fraud.models.folder.read_model`.
    """
    model, document = read_model(folder)
    return ModelPackage(
        version=document.version,
        checksum=document.checksum,
        schema_version=document.schema_version,
        features=document.features,
        training_data_hash=document.data.hash,
        # As it comes back from the database, so that the two can be compared.
        document=msgspec.json.decode(document.to_json()),
        content=model.to_bytes(),
    )


def document_of(model: FraudModel) -> ModelDocument:
    """The document of a model in the registry.

    Raises:
        InvalidRequest: as `ModelDocument.from_json`.
    """
    return ModelDocument.from_json(msgspec.json.encode(model.document))
