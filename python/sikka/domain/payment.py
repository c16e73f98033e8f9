"""A payment, its state, and the one table of legal transitions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sikka.domain.errors import IllegalTransition


class PaymentMethod(StrEnum):
    """How the customer pays."""

    UPI = "UPI"
    CARD = "CARD"
    WALLET = "WALLET"


class Status(StrEnum):
    """What a merchant acts on."""

    PENDING = "PENDING"
    SUCCESS = "SUCCESS"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"


class Stage(StrEnum):
    """Where in its flow a payment stands."""

    CREATED = "created"
    IN_REVIEW = "in_review"
    SUBMITTED = "submitted"
    ACTION_REQUIRED = "action_required"
    AUTHORIZED = "authorized"
    CAPTURED = "captured"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    DEEMED = "deemed"
    NEEDS_ATTENTION = "needs_attention"


class Flow(StrEnum):
    """How a UPI payment reaches the customer."""

    COLLECT = "collect"
    INTENT = "intent"
    QR = "qr"


State = tuple[Status, Stage]

_CREATED = (Status.PENDING, Stage.CREATED)
_IN_REVIEW = (Status.PENDING, Stage.IN_REVIEW)
_SUBMITTED = (Status.PENDING, Stage.SUBMITTED)
_ACTION = (Status.PENDING, Stage.ACTION_REQUIRED)
_DEEMED = (Status.PENDING, Stage.DEEMED)
_ATTENTION = (Status.PENDING, Stage.NEEDS_ATTENTION)
_CAPTURED = (Status.SUCCESS, Stage.CAPTURED)
_DECLINED = (Status.FAILED, Stage.DECLINED)
_CANCELLED = (Status.FAILED, Stage.CANCELLED)
_EXPIRED = (Status.EXPIRED, Stage.EXPIRED)

_ENDS = frozenset({_CAPTURED, _DECLINED, _EXPIRED})

# A payment is born in one of these. Declined at birth is the fraud engine's no.
BIRTHS: frozenset[State] = frozenset({_CREATED, _IN_REVIEW, _DECLINED, _ACTION})

# The states that may follow. A callback may overtake our own bookkeeping, so `created` reaches
# every end directly. Staying where it is (a refund, a late success) is legal for every state but
# is no transition: see `Payment.noted`.
TRANSITIONS: Mapping[State, frozenset[State]] = {
    _CREATED: _ENDS | {_SUBMITTED, _DEEMED, _ATTENTION},
    _IN_REVIEW: frozenset({_CREATED, _ACTION, _CANCELLED, _EXPIRED}),
    _ACTION: _ENDS | {_SUBMITTED, _DEEMED, _ATTENTION, _CANCELLED},
    _SUBMITTED: _ENDS | {_DEEMED, _ATTENTION},
    _DEEMED: frozenset({_CAPTURED, _DECLINED, _ATTENTION}),
    _ATTENTION: _ENDS | {_DEEMED},
    _CAPTURED: frozenset(),
    _DECLINED: frozenset(),
    _CANCELLED: frozenset(),
    _EXPIRED: frozenset(),
}


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment. Columns of the table `payments`; amounts are integer minor units.

    `version` starts at 1 and grows by one with every change of the payment or of what belongs
    to it (a refund, a late success); each version has exactly one event and one audit record.
    """

    id: str
    bucket: int
    user_id: str
    merchant_id: str
    amount_minor: int
    currency: str
    payment_method: PaymentMethod
    status: Status
    stage: Stage
    version: int
    flow: Flow | None
    external_txn_id: str | None
    description: str | None
    metadata: Mapping[str, str]
    captured_minor: int
    refunded_minor: int
    failure_code: str | None
    livemode: bool
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None

    @property
    def state(self) -> State:
        """Status and stage together."""
        return (self.status, self.stage)

    @property
    def is_open(self) -> bool:
        """Whether the outcome is still to come."""
        return self.status is Status.PENDING

    @property
    def refundable_minor(self) -> int:
        """What is left to refund, minor units."""
        return self.captured_minor - self.refunded_minor

    def moved(self, status: Status, stage: Stage, at: datetime, **values: Any) -> Payment:
        """Return the payment after a legal transition, one version on.

        Raises:
            IllegalTransition: when the table does not know the step.
        """
        if (status, stage) not in TRANSITIONS[self.state]:
            raise IllegalTransition(
                message=f"{self.status}/{self.stage} cannot become {status}/{stage}",
                payment_id=self.id,
            )
        return replace(
            self, status=status, stage=stage, version=self.version + 1, updated_at=at, **values
        )

    def noted(self, at: datetime, **values: Any) -> Payment:
        """Return the payment one version on in the same state (refunded amounts, notes)."""
        return replace(self, version=self.version + 1, updated_at=at, **values)


@dataclass(frozen=True, slots=True)
class UpiTransaction:
    """The UPI side of a payment. Columns of the table `upi_transactions`.

    `payer_vpa` is empty until the customer of an intent or QR payment is known; `link` is the
    `upi://pay` link of such a payment. `outcome` is the last word of the rail. `created_at` is when
    the attempt began: with the payment, or when a review let it go on.
    """

    id: str
    bucket: int
    payment_id: str
    rail: str
    flow: Flow
    payer_vpa: str
    payee_vpa: str
    npci_txn_id: str
    link: str | None
    msg_id: str | None
    rrn: str | None
    bank_ref_id: str | None
    approval_code: str | None
    response_code: str | None
    status_message: str | None
    outcome: str | None
    checks_made: int
    next_check_at: datetime | None
    created_at: datetime
    updated_at: datetime


def born(payment: Payment) -> Payment:
    """Return the payment if it may begin life in its state.

    Raises:
        IllegalTransition: when no payment is born in that state or at that version.
    """
    if payment.state not in BIRTHS or payment.version != 1:
        raise IllegalTransition(
            message=f"a payment cannot begin as {payment.status}/{payment.stage}",
            payment_id=payment.id,
        )
    return payment
