"""Records for the domain's tests, complete and plain."""

from __future__ import annotations

from datetime import UTC, datetime

from sikka.domain.fraud.assessment import Decision, FraudAssessment, RiskLevel
from sikka.domain.merchant import Merchant
from sikka.domain.payment import Flow, Payment, PaymentMethod, Stage, Status
from sikka.domain.refund import Refund, RefundOrigin, RefundStatus

AT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
PAYMENT_ID = "pay_01KAR3Q9R0000000000000000A"


def payment(**values: object) -> Payment:
    """A new collect payment of ₹1,299."""
    fields: dict[str, object] = {
        "id": PAYMENT_ID,
        "bucket": 7,
        "user_id": "user_7",
        "merchant_id": "mer_1",
        "amount_minor": 129_900,
        "currency": "INR",
        "payment_method": PaymentMethod.UPI,
        "status": Status.PENDING,
        "stage": Stage.CREATED,
        "version": 1,
        "flow": Flow.COLLECT,
        "external_txn_id": None,
        "description": None,
        "metadata": {},
        "captured_minor": 0,
        "refunded_minor": 0,
        "failure_code": None,
        "livemode": False,
        "created_at": AT,
        "updated_at": AT,
        "expires_at": None,
    }
    return Payment(**{**fields, **values})  # type: ignore[arg-type]


def assessment(**values: object) -> FraudAssessment:
    """An assessment that wants a person."""
    fields: dict[str, object] = {
        "id": "frd_1",
        "bucket": 7,
        "payment_id": PAYMENT_ID,
        "risk_score_hundredths": 60,
        "risk_level": RiskLevel.MEDIUM,
        "model_version": "rules-1",
        "features": {},
        "violations": ("amount_review",),
        "reasons": ("The amount is large.",),
        "decision": Decision.REVIEW,
        "latency_us": 9,
        "features_stale": False,
        "processed_at": AT,
    }
    return FraudAssessment(**{**fields, **values})  # type: ignore[arg-type]


def merchant(**values: object) -> Merchant:
    """A merchant with a fee of 1 % and GST of 18 %."""
    fields: dict[str, object] = {
        "id": "mer_1",
        "name": "Tea House",
        "legal_name": "Tea House Private Limited",
        "category_code": "5812",
        "payee_vpa": "teahouse@sikka",
        "account_number": "001122334455",
        "account_ifsc": "SIKK0000001",
        "account_type": "CURRENT",
        "rail": "npci",
        "fee_basis_points": 100,
        "fee_fixed_minor": 0,
        "gst_basis_points": 1_800,
        "api_version": "2026-11-01",
        "active": True,
        "created_at": AT,
        "updated_at": AT,
    }
    return Merchant(**{**fields, **values})  # type: ignore[arg-type]


def refund(**values: object) -> Refund:
    """A pending refund of ₹100."""
    fields: dict[str, object] = {
        "id": "rfd_1",
        "bucket": 7,
        "payment_id": PAYMENT_ID,
        "merchant_id": "mer_1",
        "amount_minor": 10_000,
        "currency": "INR",
        "status": RefundStatus.PENDING,
        "origin": RefundOrigin.MERCHANT,
        "reason": None,
        "metadata": {},
        "npci_txn_id": "SKA0",
        "msg_id": None,
        "rrn": None,
        "response_code": None,
        "failure_code": None,
        "outcome": None,
        "needs_attention": False,
        "checks_made": 0,
        "next_check_at": AT,
        "livemode": False,
        "created_at": AT,
        "updated_at": AT,
    }
    return Refund(**{**fields, **values})  # type: ignore[arg-type]
