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


# What somebody says who knows. A reviewer's word is an opinion about a payment that nobody has
# made yet: who learnt from it would learn to repeat itself, and who measured by it would measure
# agreement and not fraud.
TRUTHFUL = frozenset({LabelSource.API, LabelSource.CHARGEBACK})


@dataclass(frozen=True, slots=True)
class FraudLabel:
    """One thing that became known of a payment. Columns of the table `fraud_labels`.

    A payment may be labelled again; what counts is the label that became known last.

    Args:
        fraud: whether the payment was fraud.
        known_at: when this became known to whoever says so.
        reason: words, or a network's code.
        created_at: when it became known to the gateway: nothing here knew it before.
        reference: what the source calls it (the number of a chargeback). A payment has at most
            one label of a reference and an answer, however often the source is read.
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
    reference: str | None = None
