"""Payments, refunds and addresses."""

from __future__ import annotations

from sikka.api import queries, schemas, views
from sikka.api.handlers import (
    batches,
    payments,
    pictures,
    refunds,
    vpas,
)
from sikka.api.route import KeyedRoute, Route, Success
from sikka.domain.merchant import Scope
from sikka.domain.merchant_views import VpaView
from sikka.domain.views import PaymentView, RefundView

_PAYMENT_EXAMPLE = {
    "amount": 129900,
    "currency": "INR",
    "payment_method": "UPI",
    "user_id": "user_7",
    "description": "Order 1042",
    "metadata": {"order": "1042"},
    "upi": {"flow": "collect", "vpa": "asha@simbank"},
    "device": {"fingerprint": "d-81c2", "ip": "203.0.113.9"},
}

PAYMENTS: tuple[Route, ...] = (
    KeyedRoute(
        method="POST",
        path="/v1/payments",
        operation="create_payment",
        tag="Payments",
        summary="Create a payment",
        description="402 when the fraud rules or the network refuse it, 424 when the network "
        "provably did not get it. An answer that is lost is not a payment that is lost: send the "
        "request again with the same Idempotency-Key.",
        scope=Scope.PAYMENTS,
        handler=payments.create,
        query=queries.NoQuery,
        body=schemas.PaymentRequest,
        idempotent=True,
        example=_PAYMENT_EXAMPLE,
        success=(Success(201, PaymentView),),
        errors=(402, 404, 409, 422, 424),
    ),
    KeyedRoute(
        method="POST",
        path="/v1/payments/batch",
        operation="create_payments",
        tag="Payments",
        summary="Create up to 1,000 payments",
        description="Each payment carries its own idempotency key and has its own result. The "
        "Idempotency-Key header is required as on every POST; to send a batch again is safe, "
        "because every payment in it is answered as it was the first time.",
        scope=Scope.PAYMENTS,
        handler=batches.create,
        query=queries.NoQuery,
        body=schemas.BatchRequest,
        idempotent=True,
        batch=True,
        example={"payments": [{"idempotency_key": "order-1042", "payment": _PAYMENT_EXAMPLE}]},
        success=(Success(200, views.BatchView),),
    ),
    KeyedRoute(
        method="GET",
        path="/v1/payments",
        operation="list_payments",
        tag="Payments",
        summary="List payments",
        scope=Scope.READ,
        handler=payments.index,
        query=queries.PaymentsQuery,
        success=(Success(200, views.ListView[PaymentView]),),
    ),
    KeyedRoute(
        method="GET",
        path="/v1/payments/{id}",
        operation="get_payment",
        tag="Payments",
        summary="Read a payment",
        scope=Scope.READ,
        handler=payments.retrieve,
        query=queries.PaymentQuery,
        success=(Success(200, PaymentView),),
        errors=(404,),
    ),
    KeyedRoute(
        method="GET",
        path="/v1/payments/{id}/qr",
        operation="get_payment_qr",
        tag="Payments",
        summary="The QR code of a payment",
        scope=Scope.READ,
        handler=pictures.retrieve,
        query=queries.QrQuery,
        errors=(404, 422),
        success=(Success(200, None, tuple(pictures.CONTENT_TYPES.values())),),
    ),
    KeyedRoute(
        method="POST",
        path="/v1/payments/{id}/refunds",
        operation="create_refund",
        tag="Refunds",
        summary="Refund a payment",
        description="All that is left, or a part. Refunds together never exceed what was captured.",
        scope=Scope.REFUNDS,
        handler=refunds.create,
        query=queries.NoQuery,
        body=schemas.RefundRequest,
        body_required=False,
        idempotent=True,
        example={"amount": 50000, "reason": "one item returned"},
        success=(Success(201, RefundView),),
        errors=(402, 404, 409, 422, 424),
    ),
    KeyedRoute(
        method="GET",
        path="/v1/refunds",
        operation="list_refunds",
        tag="Refunds",
        summary="List refunds",
        scope=Scope.READ,
        handler=refunds.index,
        query=queries.RefundsQuery,
        success=(Success(200, views.ListView[RefundView]),),
    ),
    KeyedRoute(
        method="GET",
        path="/v1/refunds/{id}",
        operation="get_refund",
        tag="Refunds",
        summary="Read a refund",
        scope=Scope.READ,
        handler=refunds.retrieve,
        query=queries.TenantQuery,
        success=(Success(200, RefundView),),
        errors=(404,),
    ),
    KeyedRoute(
        method="POST",
        path="/v1/upi/vpa/validate",
        operation="validate_vpa",
        tag="UPI",
        summary="Look at a customer's address",
        description="Its grammar, its normal form, the house's blocklist, and, unless `live` is "
        "false, the network's word on who holds it.",
        scope=Scope.PAYMENTS,
        handler=vpas.validate,
        query=queries.NoQuery,
        body=schemas.VpaValidationRequest,
        idempotent=True,
        example={"vpa": "asha@simbank"},
        success=(Success(200, VpaView),),
        errors=(409, 422, 424),
    ),
)
