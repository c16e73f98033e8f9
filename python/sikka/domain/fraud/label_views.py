"""How a label looks to a merchant."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from sikka.domain.fraud.label import FraudLabel, LabelSource


class LabelView(msgspec.Struct, frozen=True):
    """What became known of a payment."""

    object: Literal["fraud_label"]
    id: str
    payment_id: str
    fraud: bool
    source: LabelSource
    reason: str | None
    reference: str | None
    known_at: datetime
    livemode: bool
    created_at: datetime


def label_view(label: FraudLabel) -> LabelView:
    """One label as the merchant sees it."""
    return LabelView(
        object="fraud_label",
        id=label.id,
        payment_id=label.payment_id,
        fraud=label.fraud,
        source=label.source,
        reason=label.reason,
        reference=label.reference,
        known_at=label.known_at,
        livemode=label.livemode,
        created_at=label.created_at,
    )
