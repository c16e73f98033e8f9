"""A refund: money on its way back to the customer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sikka.domain.errors import IllegalTransition


class RefundStatus(StrEnum):
    """What a merchant acts on. `NEEDS_ATTENTION` is open: the rail could not be made to say."""

    PENDING = "PENDING"
    SUCCESS = "SUCCESS"
    FAILED = "FAILED"


class RefundOrigin(StrEnum):
    """Who asked: the merchant, or the gateway itself after a late success."""

    MERCHANT = "merchant"
    LATE_SUCCESS = "late_success"


@dataclass(frozen=True, slots=True)
class Refund:
    """One refund. Columns of the table `refunds`; it changes only together with its payment."""

    id: str
    bucket: int
    payment_id: str
    merchant_id: str
    amount_minor: int
    currency: str
    status: RefundStatus
    origin: RefundOrigin
    reason: str | None
    metadata: Mapping[str, str]
    npci_txn_id: str
    msg_id: str | None
    rrn: str | None
    response_code: str | None
    failure_code: str | None
    outcome: str | None
    needs_attention: bool
    checks_made: int
    next_check_at: datetime | None
    livemode: bool
    created_at: datetime
    updated_at: datetime

    def ended(self, status: RefundStatus, at: datetime, **values: Any) -> Refund:
        """Return the refund at its end.

        Raises:
            IllegalTransition: when it has ended already.
        """
        if self.status is not RefundStatus.PENDING or status is RefundStatus.PENDING:
            raise IllegalTransition(
                message=f"refund {self.id} cannot go from {self.status} to {status}",
                payment_id=self.payment_id,
            )
        return replace(self, status=status, updated_at=at, next_check_at=None, **values)
