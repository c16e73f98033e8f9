"""How models of fraud look to those who run the house."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec

from sikka.domain.fraud.model import FraudModel, ModelState


class FraudModelView(msgspec.Struct, frozen=True):
    """A model of the registry. `document` is its whole card, where one model is read."""

    object: Literal["fraud_model"]
    id: str
    version: str
    state: ModelState
    share_percent: int
    schema_version: int
    checksum: str
    training_data_hash: str
    metrics: Mapping[str, float]
    created_by: str
    created_at: datetime
    updated_at: datetime
    promoted_by: str | None
    promoted_at: datetime | None
    document: Mapping[str, Any] | msgspec.UnsetType = msgspec.UNSET


def fraud_model_view(model: FraudModel) -> FraudModelView:
    """A model as the lists show it."""
    return FraudModelView(
        object="fraud_model",
        id=model.id,
        version=model.version,
        state=model.state,
        share_percent=model.share_percent,
        schema_version=model.schema_version,
        checksum=model.checksum,
        training_data_hash=model.training_data_hash,
        metrics=model.document.get("metrics", {}),
        created_by=model.created_by,
        created_at=model.created_at,
        updated_at=model.updated_at,
        promoted_by=model.promoted_by,
        promoted_at=model.promoted_at,
    )


def whole_fraud_model_view(model: FraudModel) -> FraudModelView:
    """A model with its document."""
    return msgspec.structs.replace(fraud_model_view(model), document=model.document)
