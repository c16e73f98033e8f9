"""How objects look to a merchant: in answers, in events, in stored replays. One shape each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from sikka.domain.catalogue import CATALOGUE
from sikka.domain.errors import SikkaError
from sikka.domain.fraud.assessment import FraudAssessment
from sikka.domain.fraud.explanation import explanation, score_millionths_text
from sikka.domain.payment import Flow, Payment, PaymentMethod, Stage, Status, UpiTransaction
from sikka.domain.records import Event
from sikka.domain.refund import Refund

DOCUMENTATION = "/docs#errors"


class FailureView(msgspec.Struct, frozen=True):
    """Why a payment or refund failed, in the catalogue's words."""

    code: str
    message: str
    decline_code: str | None
    source: str | None
    step: str | None
    reason: str | None


class UpiView(msgspec.Struct, frozen=True):
    """The UPI side of a payment."""

    flow: Flow
    vpa: str | None
    npci_txn_id: str
    rrn: str | None
    response_code: str | None


class FraudView(msgspec.Struct, frozen=True):
    """The decision of the fraud engine; the score is a decimal from 0.00 to 1.00."""

    decision: str
    risk_level: str
    risk_score: str


class NextActionView(msgspec.Struct, frozen=True):
    """What the customer must do. `link` is for `open_upi_link` and `scan_qr`."""

    type: str
    expires_at: datetime | None
    link: str | None = None
    qr_url: str | None = None


class RefundView(msgspec.Struct, frozen=True):
    """A refund."""

    object: str
    id: str
    payment_id: str
    amount: int
    currency: str
    status: str
    origin: str
    reason: str | None
    rrn: str | None
    failure: FailureView | None
    metadata: Mapping[str, str]
    livemode: bool
    created_at: datetime
    updated_at: datetime


class AttemptView(msgspec.Struct, frozen=True):
    """One attempt at a rail, as `expand=attempts` shows it."""

    rail: str
    transaction_id: str
    outcome: str | None
    response_code: str | None
    checks_made: int
    created_at: datetime


class ModelScoreView(msgspec.Struct, frozen=True):
    """What a model says: its calibrated chance of fraud, a decimal from 0.000000 to 1.000000."""

    version: str
    score: str


class AssessmentView(msgspec.Struct, frozen=True):
    """The whole assessment, as `expand=assessment` shows it.

    `model_score` is the deciding model's chance of fraud, null where rules decided alone;
    `challenger` the model that was asked beside it; `shadow` what rules and models in shadow would
    have said; `explanation` all of it in sentences.
    """

    id: str
    payment_id: str
    decision: str
    risk_level: str
    risk_score: str
    model_version: str
    features: Mapping[str, Any]
    violations: Sequence[str]
    reasons: Sequence[str]
    latency_us: int
    features_stale: bool
    processed_at: datetime
    model_score: str | None
    challenger: ModelScoreView | None
    shadow: Sequence[Mapping[str, Any]]
    explanation: Sequence[str]


class PaymentView(msgspec.Struct, frozen=True, omit_defaults=False):
    """A payment."""

    object: str
    id: str
    merchant_id: str
    amount: int
    currency: str
    payment_method: PaymentMethod
    status: Status
    stage: Stage
    upi: UpiView | None
    fraud: FraudView | None
    next_action: NextActionView | None
    failure: FailureView | None
    captured_amount: int
    refunded_amount: int
    user_id: str
    external_txn_id: str | None
    description: str | None
    metadata: Mapping[str, str]
    livemode: bool
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None
    refunds: list[RefundView] | msgspec.UnsetType = msgspec.UNSET
    attempts: list[AttemptView] | msgspec.UnsetType = msgspec.UNSET
    assessment: AssessmentView | msgspec.UnsetType | None = msgspec.UNSET


class EventData(msgspec.Struct, frozen=True):
    """What the event is about: a payment or a refund, as it was at that moment."""

    object: Any


class EventView(msgspec.Struct, frozen=True):
    """An event, and the very body that is delivered."""

    object: str
    id: str
    type: str
    api_version: str
    created_at: datetime
    livemode: bool
    payment_id: str
    sequence: int
    data: EventData


class ErrorDetail(msgspec.Struct, frozen=True):
    """The error object."""

    type: str
    code: str
    message: str
    param: str | None
    decline_code: str | None
    payment_id: str | None
    source: str | None
    step: str | None
    reason: str | None
    doc_url: str
    request_id: str | None


class ErrorView(msgspec.Struct, frozen=True):
    """The body of every answer that is not 2xx."""

    error: ErrorDetail


API_VERSION = "2026-11-01"

_ENCODER = msgspec.json.Encoder(decimal_format="string")


def encode(view: object) -> bytes:
    """The JSON bytes of a view; times RFC 3339 UTC."""
    return _ENCODER.encode(view)


def score_text(hundredths: int) -> str:
    """A score in hundredths as the API writes it: 4 is `0.04`."""
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def failure_view(code: str | None) -> FailureView | None:
    """The catalogue's words for a failure code."""
    if code is None:
        return None
    entry = CATALOGUE[code]
    return FailureView(
        code, entry.message, entry.decline_code, entry.source, entry.step, entry.reason
    )


def _next_action(payment: Payment, upi: UpiTransaction) -> NextActionView | None:
    if not payment.is_open or payment.stage is Stage.IN_REVIEW or payment.stage is Stage.DEEMED:
        return None
    if upi.flow is Flow.COLLECT:
        return NextActionView("approve_in_upi_app", payment.expires_at)
    if upi.flow is Flow.INTENT:
        return NextActionView("open_upi_link", payment.expires_at, upi.link)
    return NextActionView("scan_qr", payment.expires_at, upi.link, f"/v1/payments/{payment.id}/qr")


def payment_view(
    payment: Payment, upi: UpiTransaction | None, assessment: FraudAssessment | None
) -> PaymentView:
    """A payment as the merchant sees it. Expansions are added with `msgspec.structs.replace`."""
    return PaymentView(
        object="payment",
        id=payment.id,
        merchant_id=payment.merchant_id,
        amount=payment.amount_minor,
        currency=payment.currency,
        payment_method=payment.payment_method,
        status=payment.status,
        stage=payment.stage,
        upi=UpiView(upi.flow, upi.payer_vpa or None, upi.npci_txn_id, upi.rrn, upi.response_code)
        if upi
        else None,
        fraud=FraudView(
            assessment.decision,
            assessment.risk_level,
            score_text(assessment.risk_score_hundredths),
        )
        if assessment
        else None,
        next_action=_next_action(payment, upi) if upi else None,
        failure=failure_view(payment.failure_code),
        captured_amount=payment.captured_minor,
        refunded_amount=payment.refunded_minor,
        user_id=payment.user_id,
        external_txn_id=payment.external_txn_id,
        description=payment.description,
        metadata=payment.metadata,
        livemode=payment.livemode,
        created_at=payment.created_at,
        updated_at=payment.updated_at,
        expires_at=payment.expires_at,
    )


def refund_view(refund: Refund) -> RefundView:
    """A refund as the merchant sees it."""
    return RefundView(
        object="refund",
        id=refund.id,
        payment_id=refund.payment_id,
        amount=refund.amount_minor,
        currency=refund.currency,
        status=refund.status,
        origin=refund.origin,
        reason=refund.reason,
        rrn=refund.rrn,
        failure=failure_view(refund.failure_code),
        metadata=refund.metadata,
        livemode=refund.livemode,
        created_at=refund.created_at,
        updated_at=refund.updated_at,
    )


def attempt_view(upi: UpiTransaction) -> AttemptView:
    """One attempt at a rail."""
    return AttemptView(
        upi.rail,
        upi.npci_txn_id,
        upi.outcome,
        upi.response_code,
        upi.checks_made,
        upi.created_at,
    )


def assessment_view(assessment: FraudAssessment) -> AssessmentView:
    """The whole assessment."""
    return AssessmentView(
        id=assessment.id,
        payment_id=assessment.payment_id,
        decision=assessment.decision,
        risk_level=assessment.risk_level,
        risk_score=score_text(assessment.risk_score_hundredths),
        model_version=assessment.model_version,
        features=assessment.features,
        violations=assessment.violations,
        reasons=assessment.reasons,
        latency_us=assessment.latency_us,
        features_stale=assessment.features_stale,
        processed_at=assessment.processed_at,
        model_score=score_millionths_text(assessment.model_score_millionths),
        challenger=_challenger_view(assessment),
        shadow=assessment.shadow or (),
        explanation=explanation(assessment),
    )


def _challenger_view(assessment: FraudAssessment) -> ModelScoreView | None:
    score = score_millionths_text(assessment.challenger_score_millionths)
    if score is None or assessment.challenger_version is None:
        return None
    return ModelScoreView(assessment.challenger_version, score)


def event_view(event: Event) -> EventView:
    """The stored event, read back from its body."""
    return msgspec.json.decode(event.body, type=EventView)


def status_of(error: SikkaError) -> int:
    """The HTTP status of an error, by the catalogue."""
    return CATALOGUE[error.code].http_status


def error_view(error: SikkaError, request_id: str | None) -> ErrorView:
    """An error in the catalogue's words; its own message where it says more."""
    entry = CATALOGUE[error.code]
    return ErrorView(
        ErrorDetail(
            type=entry.type,
            code=error.code,
            message=error.message or entry.message,
            param=error.param,
            decline_code=entry.decline_code,
            payment_id=error.payment_id,
            source=entry.source,
            step=entry.step,
            reason=entry.reason,
            doc_url=f"{DOCUMENTATION}-{error.code}",
            request_id=request_id,
        )
    )


def error_body(error: SikkaError, request_id: str | None) -> bytes:
    """The JSON body of an error."""
    return encode(error_view(error, request_id))
