"""The model that comes with the gateway: `model.bin` and `model.json` beside this file."""

from __future__ import annotations

from pathlib import Path

from sikka.domain.fraud.model import ModelPackage
from sikka.fraud.models.folder import DOCUMENT
from sikka.fraud.models.package import read_package

FOLDER = Path(__file__).parent


def shipped_package() -> ModelPackage | None:
    """The model that comes with this program; None for a build without one.

    Raises:
        InvalidRequest: as `sikka.fraud.models.folder.read_model`.
    """
    return read_package(FOLDER) if (FOLDER / DOCUMENT).exists() else None
