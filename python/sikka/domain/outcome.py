"""What the outside world said, in the only words the flows understand."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class OutcomeKind(StrEnum):
    """Approved and declined are facts and end an attempt; nothing else does.

    `deemed` is UPI's approval that the beneficiary bank has not confirmed: money in suspense.
    `not_found` is the rail's word that it never saw the transaction (an answer to a check only).
    """

    APPROVED = "approved"
    DECLINED = "declined"
    PENDING = "pending"
    DEEMED = "deemed"
    NOT_SENT = "not_sent"
    AMBIGUOUS = "ambiguous"
    NOT_FOUND = "not_found"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One answer of a rail.

    Args:
        kind: what it means for the attempt.
        failure_code: the catalogue's code, for `declined` (and `not_sent`).
        response_code: the rail's own code, as received.
        amount_minor: the amount the rail says it settled, where it says one; minor units.
        payer_vpa, payee_vpa: the parties the rail names, where it does.
    """

    kind: OutcomeKind
    failure_code: str | None = None
    response_code: str | None = None
    message: str | None = None
    amount_minor: int | None = None
    currency: str | None = None
    payer_vpa: str | None = None
    payee_vpa: str | None = None
    rrn: str | None = None
    bank_ref_id: str | None = None
    approval_code: str | None = None
    msg_id: str | None = None
