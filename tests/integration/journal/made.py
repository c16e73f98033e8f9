"""Made-up payments and their changes, complete as the flows make them."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sikka.domain.change import Amend, Change, amend
from sikka.domain.fraud.assessment import Decision, FraudAssessment, RiskLevel
from sikka.domain.ledger import Books
from sikka.domain.merchant import Merchant
from sikka.domain.payment import Flow, Payment, PaymentMethod, Stage, Status, UpiTransaction
from sikka.domain.records import (
    AuditRecord,
    Event,
    EventType,
    IdempotencyRecord,
    IdempotencyStatus,
)
from sikka_core import bucket_of, new_id, upi_transaction_id

AT = datetime(2026, 1, 5, 12, 30, 15, 123456, tzinfo=UTC)
MERCHANT_ID = "mer_01KE7ZT9S30000000000000001"

_numbers = itertools.count(1)


def milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def made_id(prefix: str, bucket: int, at: datetime = AT) -> str:
    return new_id(prefix, bucket, milliseconds(at))


def made_merchant(merchant_id: str = MERCHANT_ID) -> Merchant:
    return Merchant(
        id=merchant_id,
        name="Chai & Co",
        legal_name="Chai and Company Private Limited",
        category_code="5814",
        payee_vpa="chai@sikka",
        account_number="000123456789",
        account_ifsc="SIKK0000001",
        account_type="CURRENT",
        rail="npci",
        fee_basis_points=200,
        fee_fixed_minor=0,
        gst_basis_points=1800,
        api_version="2026-01-01",
        active=True,
        created_at=AT,
        updated_at=AT,
    )


def made_payment(
    key: str | None = None, merchant_id: str = MERCHANT_ID, at: datetime = AT, **values: Any
) -> Payment:
    key = key or f"order-{next(_numbers)}"
    bucket = bucket_of(merchant_id, key)
    payment = Payment(
        id=made_id("pay", bucket, at),
        bucket=bucket,
        user_id="user_7",
        merchant_id=merchant_id,
        amount_minor=129_900,
        currency="INR",
        payment_method=PaymentMethod.UPI,
        status=Status.PENDING,
        stage=Stage.CREATED,
        version=1,
        flow=Flow.COLLECT,
        external_txn_id=None,
        description="Order of ☕ चाय",
        metadata={"order": key},
        captured_minor=0,
        refunded_minor=0,
        failure_code=None,
        livemode=False,
        created_at=at,
        updated_at=at,
        expires_at=at + timedelta(minutes=10),
    )
    return replace(payment, **values)


def made_upi(payment: Payment, **values: Any) -> UpiTransaction:
    upi = UpiTransaction(
        id=made_id("upi", payment.bucket, payment.created_at),
        bucket=payment.bucket,
        payment_id=payment.id,
        rail="npci",
        flow=Flow.COLLECT,
        payer_vpa="asha@simbank",
        payee_vpa="chai@sikka",
        npci_txn_id=upi_transaction_id("SKA", payment.id),
        link=None,
        msg_id=None,
        rrn="600512000001",
        bank_ref_id=None,
        approval_code=None,
        response_code=None,
        status_message=None,
        outcome=None,
        checks_made=0,
        next_check_at=payment.created_at + timedelta(seconds=90),
        created_at=payment.created_at,
        updated_at=payment.created_at,
    )
    return replace(upi, **values)


def made_assessment(payment: Payment) -> FraudAssessment:
    return FraudAssessment(
        id=made_id("frd", payment.bucket),
        bucket=payment.bucket,
        payment_id=payment.id,
        risk_score_hundredths=4,
        risk_level=RiskLevel.VERY_LOW,
        model_version="rules-1",
        features={"amount": 1299.0, "first_seen": True, "hour": 18},
        violations=(),
        reasons=("amount_usual",),
        decision=Decision.APPROVE,
        latency_us=312,
        features_stale=False,
        processed_at=payment.created_at,
    )


def made_audit(payment: Payment, action: str = EventType.PAYMENT_CREATED) -> AuditRecord:
    return AuditRecord(
        id=made_id("aud", payment.bucket),
        bucket=payment.bucket,
        payment_id=payment.id,
        merchant_id=payment.merchant_id,
        user_id="key_1",
        action=action,
        status=f"{payment.status}/{payment.stage}",
        ip_address="203.0.113.9",
        user_agent="curl/8",
        metadata={"request_id": "req_1", "amount": 129_900},
        timestamp=payment.updated_at,
    )


def made_event(payment: Payment, type: EventType = EventType.PAYMENT_CREATED) -> Event:
    return Event(
        id=made_id("evt", payment.bucket, payment.updated_at),
        bucket=payment.bucket,
        merchant_id=payment.merchant_id,
        payment_id=payment.id,
        sequence=payment.version,
        type=type,
        body=f'{{"type":"{type}","emoji":"☕"}}',
        livemode=payment.livemode,
        relayed=False,
        created_at=payment.updated_at,
    )


def made_key(payment: Payment) -> IdempotencyRecord:
    return IdempotencyRecord(
        id=made_id("idk", payment.bucket),
        bucket=payment.bucket,
        merchant_id=payment.merchant_id,
        livemode=payment.livemode,
        idempotency_key=payment.metadata["order"],
        route="POST /v1/payments",
        request_hash="a" * 64,
        status=IdempotencyStatus.RUNNING,
        response_status=None,
        response_body=None,
        object_id=payment.id,
        running_until=payment.created_at + timedelta(seconds=60),
        created_at=payment.created_at,
    )


def creation(payment: Payment | None = None, **values: Any) -> Change:
    """Everything of a new payment, in the order in which the flows write it."""
    payment = payment or made_payment(**values)
    return Change(
        payment.bucket,
        (
            made_audit(payment),
            payment,
            made_upi(payment),
            made_assessment(payment),
            made_key(payment),
            made_event(payment),
        ),
    )


def payment_of(change: Change) -> Payment:
    return next(record for record in change.inserts if isinstance(record, Payment))


def step(before: Payment, after: Payment, *more: Amend, **values: Any) -> Change:
    """A payment one version on, with its event and its line in the audit trail."""
    type = values.pop("type", EventType.PAYMENT_SUBMITTED)
    rows = values.pop("rows", ())
    return Change(
        before.bucket,
        (made_audit(after, type), *rows, made_event(after, type)),
        (amend(before, after, expect=("version",)), *more),
        **values,
    )


def success(before: Payment, merchant: Merchant | None = None) -> Change:
    """The payment captured, with its booking."""
    after = before.moved(Status.SUCCESS, Stage.CAPTURED, AT, captured_minor=before.amount_minor)
    booking = Books(after, "npci", AT).captured(
        made_id("ltx", before.bucket), merchant or made_merchant(before.merchant_id)
    )
    return step(before, after, type=EventType.PAYMENT_SUCCEEDED, postings=(booking,))
