"""Small models with their documents, as training would leave them."""

from __future__ import annotations

from array import array
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from sikka.domain.fraud.model import FraudModel, ModelPackage, ModelState
from sikka.fraud.models.calibration import Calibration
from sikka.fraud.models.distribution import Distribution
from sikka.fraud.models.document import ModelDocument, Period, Reference, TrainingData
from sikka.fraud.models.folder import write_model
from sikka.fraud.models.package import read_package
from sikka_core import FEATURE_NAMES, SCHEMA_VERSION, Model

AT = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
DAY_MS = 86_400_000
# Log-odds are half the margin.
HALF = Calibration("platt", (-8.0, 8.0), (-4.0, 4.0))


def stump(of: str = "amount", bound: float = 100_000.0, **values: Any) -> Model:
    """One question: a margin of -2 below the bound, and of 2 from it on and if missing."""
    place = FEATURE_NAMES.index(of)
    fields: dict[str, Any] = {
        "tree_sizes": array("i", [3]),
        "left": array("i", [1, -1, -1]),
        "right": array("i", [2, -1, -1]),
        "feature": array("i", [place, 0, 0]),
        "threshold": array("f", [bound, 0.0, 0.0]),
        "default_left": array("B", [0, 0, 0]),
        "value": array("f", [0.0, -2.0, 2.0]),
        "cover": array("f", [10.0, 9.0, 1.0]),
        "feature_count": len(FEATURE_NAMES),
        "base_margin": 0.0,
        "link": "logistic",
        "feature_names": FEATURE_NAMES,
        "schema_version": SCHEMA_VERSION,
    }
    return Model.from_nodes(**{**fields, **values})


def document(version: str, model: Model, **values: Any) -> ModelDocument:
    """The document of a model."""
    everything = Distribution((), (1.0, 0.0))
    periods = [Period(day * DAY_MS, (day + 1) * DAY_MS, 900, 30) for day in range(3)]
    names = model.feature_names or ()
    fields: dict[str, Any] = {
        "version": version,
        "checksum": model.checksum,
        "schema_version": model.schema_version or 0,
        "features": names,
        "data": TrainingData("a" * 64, "INR", 3_000, 0, 3 * DAY_MS, 0, 19_800, *periods),
        "settings": {"max_depth": 1},
        "calibration": HALF,
        "gain": {},
        "metrics": {"average_precision": 0.7, "recall_at_fpr_0.1_percent": 0.64},
        "reference": Reference(dict.fromkeys(names, everything), everything),
        "limits": ("It knows the tests alone.",),
    }
    return ModelDocument(**{**fields, **values})


def package(folder: Path, version: str, model: Model | None = None, **values: Any) -> ModelPackage:
    """A model for the registry, by way of a folder of its name."""
    model = model or stump()
    write_model(folder / version, model, document(version, model, **values))
    return read_package(folder / version)


def packed(version: str, model: Model | None = None, **values: Any) -> ModelPackage:
    """A model for the registry, whether or not its parts fit each other."""
    model = model or stump()
    told = document(version, model, **values)
    return ModelPackage(
        version=version,
        checksum=told.checksum,
        schema_version=told.schema_version,
        features=told.features,
        training_data_hash=told.data.hash,
        document=msgspec.json.decode(told.to_json()),
        content=model.to_bytes(),
    )


def row(
    version: str,
    state: ModelState,
    revision: int = 2,
    model: Model | None = None,
    **values: Any,
) -> tuple[FraudModel, bytes]:
    """A model as the registry holds it, and its file."""
    made = packed(version, model)
    plain = FraudModel(
        id=f"mdl_{version}",
        bucket=7,
        version=version,
        checksum=made.checksum,
        schema_version=made.schema_version,
        training_data_hash=made.training_data_hash,
        document=made.document,
        state=state,
        share_percent=0,
        created_by="cli:test",
        created_at=AT,
        updated_at=AT,
        promoted_by=None,
        promoted_at=None,
        revision=revision,
    )
    return replace(plain, **values), made.content
