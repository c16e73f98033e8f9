"""Models of fraud as the registry keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


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
        promoted_at, promoted_by: when it last became champion, and who made it so.
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
