"""How answers about many labels look."""

from __future__ import annotations

from typing import Literal

import msgspec

from sikka.domain.fraud.label_views import LabelView
from sikka.domain.views import ErrorDetail


class LabelResult(msgspec.Struct, frozen=True):
    """What became of one label of a batch: what a call of its own would have been answered."""

    idempotency_key: str
    status: int
    replayed: bool
    label: LabelView | None
    error: ErrorDetail | None


class LabelBatchView(msgspec.Struct, frozen=True):
    """What became of the labels of a batch, in the order of the request."""

    object: Literal["batch"]
    data: list[LabelResult]
