"""What became known of payments after they were made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class LabelSource(StrEnum):
    """Who says so."""

    API = "api"
    CHARGEBACK = "chargeback"
    REVIEW = "review"


@dataclass(frozen=True, slots=True)
class FraudLabel:
    """One thing that became known of a payment. Columns of the table `fraud_labels`.

    A payment may be labelled again; what counts is the label that became known last.

    Args:
        fraud: whether the payment was fraud.
        known_at: when this became known.
        reason: words, or a network's code.
    """

    id: str
    bucket: int
    payment_id: str
    merchant_id: str
    fraud: bool
    source: LabelSource
    reason: str | None
    known_at: datetime
    created_by: str
    created_at: datetime
    livemode: bool
