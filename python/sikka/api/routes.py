"""Every route of the API, once: the router and the OpenAPI document are both made of this table."""

from __future__ import annotations

from sikka.api import queries, schemas, views
from sikka.api.handlers import (
    api_keys,
    assessments,
    audit,
    batches,
    callbacks,
    documents,
    events,
    health,
    ledger,
    merchants,
    payments,
    pictures,
    refunds,
    reviews,
    vpas,
    webhook_endpoints,
)
from sikka.api.route import KeyedRoute, OpenRoute, Route, Success
from sikka.domain.merchant import Scope
from sikka.domain.merchant_views import ApiKeyView, MerchantView, VpaView
from sikka.domain.views import AssessmentView, EventView, PaymentView, RefundView
from sikka.domain.webhook_views import (
    DeletedEndpointView,
    DeliveryView,
    EndpointView,
    ReplayView,
)

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

_PAYMENTS: tuple[Route, ...] = (
    KeyedRoute(
        method="POST", path="/v1/payments", operation="create_payment", tag="Payments",
        summary="Create a payment",
        description="402 when the fraud rules or the network refuse it, 424 when the network "
        "provably did not get it. An answer that is lost is not a payment that is lost: send the "
        "request again with the same Idempotency-Key.",
        scope=Scope.PAYMENTS, handler=payments.create, query=queries.NoQuery,
        body=schemas.PaymentRequest, idempotent=True, example=_PAYMENT_EXAMPLE,
        success=(Success(201, PaymentView),), errors=(402, 404, 409, 422, 424),
    ),
    KeyedRoute(
        method="POST", path="/v1/payments/batch", operation="create_payments", tag="Payments",
        summary="Create up to 1,000 payments",
        description="Each payment carries its own idempotency key and has its own result. The "
        "Idempotency-Key header is required as on every POST; to send a batch again is safe, "
        "because every payment in it is answered as it was the first time.",
        scope=Scope.PAYMENTS, handler=batches.create, query=queries.NoQuery,
        body=schemas.BatchRequest, idempotent=True, batch=True,
        example={"payments": [{"idempotency_key": "order-1042", "payment": _PAYMENT_EXAMPLE}]},
        success=(Success(200, views.BatchView),),
    ),
    KeyedRoute(
        method="GET", path="/v1/payments", operation="list_payments", tag="Payments",
        summary="List payments", scope=Scope.READ, handler=payments.index,
        query=queries.PaymentsQuery, success=(Success(200, views.ListView[PaymentView]),),
    ),
    KeyedRoute(
        method="GET", path="/v1/payments/{id}", operation="get_payment", tag="Payments",
        summary="Read a payment", scope=Scope.READ, handler=payments.retrieve,
        query=queries.PaymentQuery, success=(Success(200, PaymentView),), errors=(404,),
    ),
    KeyedRoute(
        method="GET", path="/v1/payments/{id}/qr", operation="get_payment_qr", tag="Payments",
        summary="The QR code of a payment", scope=Scope.READ, handler=pictures.retrieve,
        query=queries.QrQuery, errors=(404, 422),
        success=(Success(200, None, tuple(pictures.CONTENT_TYPES.values())),),
    ),
    KeyedRoute(
        method="POST", path="/v1/payments/{id}/refunds", operation="create_refund",
        tag="Refunds", summary="Refund a payment",
        description="All that is left, or a part. Refunds together never exceed what was "
        "captured.",
        scope=Scope.REFUNDS, handler=refunds.create, query=queries.NoQuery,
        body=schemas.RefundRequest, body_required=False, idempotent=True,
        example={"amount": 50000, "reason": "one item returned"},
        success=(Success(201, RefundView),), errors=(402, 404, 409, 422, 424),
    ),
    KeyedRoute(
        method="GET", path="/v1/refunds", operation="list_refunds", tag="Refunds",
        summary="List refunds", scope=Scope.READ, handler=refunds.index,
        query=queries.RefundsQuery, success=(Success(200, views.ListView[RefundView]),),
    ),
    KeyedRoute(
        method="GET", path="/v1/refunds/{id}", operation="get_refund", tag="Refunds",
        summary="Read a refund", scope=Scope.READ, handler=refunds.retrieve,
        query=queries.TenantQuery, success=(Success(200, RefundView),), errors=(404,),
    ),
    KeyedRoute(
        method="POST", path="/v1/upi/vpa/validate", operation="validate_vpa", tag="UPI",
        summary="Look at a customer's address",
        description="Its grammar, its normal form, the house's blocklist, and, unless `live` is "
        "false, the network's word on who holds it.",
        scope=Scope.PAYMENTS, handler=vpas.validate, query=queries.NoQuery,
        body=schemas.VpaValidationRequest, idempotent=True, example={"vpa": "asha@simbank"},
        success=(Success(200, VpaView),), errors=(409, 422, 424),
    ),
)

_WEBHOOKS: tuple[Route, ...] = (
    KeyedRoute(
        method="GET", path="/v1/events", operation="list_events", tag="Webhooks",
        summary="List events", scope=Scope.READ, handler=events.index,
        query=queries.EventsQuery, success=(Success(200, views.ListView[EventView]),),
    ),
    KeyedRoute(
        method="GET", path="/v1/events/{id}", operation="get_event", tag="Webhooks",
        summary="Read an event", scope=Scope.READ, handler=events.retrieve,
        query=queries.TenantQuery, success=(Success(200, EventView),), errors=(404,),
    ),
    KeyedRoute(
        method="GET", path="/v1/events/{id}/deliveries", operation="list_event_deliveries",
        tag="Webhooks", summary="List the deliveries of an event", scope=Scope.READ,
        handler=events.deliveries, query=queries.TenantPageQuery,
        success=(Success(200, views.ListView[DeliveryView]),), errors=(404,),
    ),
    KeyedRoute(
        method="POST", path="/v1/events/{id}/replay", operation="replay_event", tag="Webhooks",
        summary="Deliver an event again", scope=Scope.PAYMENTS, handler=events.replay,
        query=queries.NoQuery, body=schemas.EventReplay, body_required=False, idempotent=True,
        success=(Success(201, ReplayView),), errors=(404, 409, 422),
    ),
    KeyedRoute(
        method="POST", path="/v1/webhook_endpoints", operation="create_webhook_endpoint",
        tag="Webhooks", summary="Register an endpoint",
        description="The secret is in the first answer and null in a replay of it.",
        scope=Scope.PAYMENTS, handler=webhook_endpoints.create, query=queries.NoQuery,
        body=schemas.EndpointRequest, idempotent=True,
        example={"url": "https://shop.example/webhooks", "event_types": ["payment.*"]},
        success=(Success(201, EndpointView),), errors=(409, 422),
    ),
    KeyedRoute(
        method="GET", path="/v1/webhook_endpoints", operation="list_webhook_endpoints",
        tag="Webhooks", summary="List endpoints", scope=Scope.READ,
        handler=webhook_endpoints.index, query=queries.TenantPageQuery,
        success=(Success(200, views.ListView[EndpointView]),),
    ),
    KeyedRoute(
        method="GET", path="/v1/webhook_endpoints/{id}", operation="get_webhook_endpoint",
        tag="Webhooks", summary="Read an endpoint", scope=Scope.READ,
        handler=webhook_endpoints.retrieve, query=queries.TenantQuery,
        success=(Success(200, EndpointView),), errors=(404,),
    ),
    KeyedRoute(
        method="POST", path="/v1/webhook_endpoints/{id}", operation="update_webhook_endpoint",
        tag="Webhooks", summary="Change an endpoint", scope=Scope.PAYMENTS,
        handler=webhook_endpoints.update, query=queries.NoQuery, body=schemas.EndpointChanges,
        idempotent=True, example={"enabled": False},
        success=(Success(200, EndpointView),), errors=(404, 409, 422),
    ),
    KeyedRoute(
        method="DELETE", path="/v1/webhook_endpoints/{id}", operation="delete_webhook_endpoint",
        tag="Webhooks", summary="Delete an endpoint", scope=Scope.PAYMENTS,
        handler=webhook_endpoints.delete, query=queries.NoQuery,
        success=(Success(200, DeletedEndpointView),), errors=(404, 409),
    ),
    KeyedRoute(
        method="POST", path="/v1/webhook_endpoints/{id}/rotate_secret",
        operation="rotate_webhook_secret", tag="Webhooks", summary="Give an endpoint a new secret",
        description="The old secret signs too for a while. The new one is in the first answer and "
        "null in a replay of it.",
        scope=Scope.PAYMENTS, handler=webhook_endpoints.rotate_secret, query=queries.NoQuery,
        body=schemas.Nothing, body_required=False, idempotent=True,
        success=(Success(200, EndpointView),), errors=(404, 409, 422),
    ),
    KeyedRoute(
        method="GET", path="/v1/webhook_endpoints/{id}/deliveries",
        operation="list_endpoint_deliveries", tag="Webhooks",
        summary="List the deliveries to an endpoint", scope=Scope.READ,
        handler=webhook_endpoints.deliveries, query=queries.TenantPageQuery,
        success=(Success(200, views.ListView[DeliveryView]),), errors=(404,),
    ),
)

_FRAUD: tuple[Route, ...] = (
    KeyedRoute(
        method="GET", path="/v1/fraud/assessments/{id}", operation="get_assessment", tag="Fraud",
        summary="Read the assessment of a payment", scope=Scope.READ,
        handler=assessments.retrieve, query=queries.TenantQuery,
        success=(Success(200, AssessmentView),), errors=(404,),
    ),
    KeyedRoute(
        method="GET", path="/v1/reviews", operation="list_reviews", tag="Fraud",
        summary="List the payments that wait for a person", scope=Scope.READ,
        handler=reviews.index, query=queries.TenantPageQuery,
        success=(Success(200, views.ListView[PaymentView]),),
    ),
    KeyedRoute(
        method="POST", path="/v1/reviews/{id}/approve", operation="approve_review", tag="Fraud",
        summary="Let a held payment go on", scope=Scope.PAYMENTS, handler=reviews.approve,
        query=queries.NoQuery, body=schemas.ReviewRequest, body_required=False, idempotent=True,
        example={"note": "known customer"},
        success=(Success(200, PaymentView), Success(201, PaymentView)),
        errors=(402, 404, 409, 422, 424),
    ),
    KeyedRoute(
        method="POST", path="/v1/reviews/{id}/decline", operation="decline_review", tag="Fraud",
        summary="Refuse a held payment", scope=Scope.PAYMENTS, handler=reviews.decline,
        query=queries.NoQuery, body=schemas.ReviewRequest, body_required=False, idempotent=True,
        example={"note": "stolen phone"},
        success=(Success(200, PaymentView),), errors=(404, 409, 422),
    ),
)

_BOOKS: tuple[Route, ...] = (
    KeyedRoute(
        method="GET", path="/v1/ledger/accounts", operation="list_ledger_accounts", tag="Ledger",
        summary="List accounts and their balances", scope=Scope.READ, handler=ledger.accounts,
        query=queries.AccountsQuery,
        success=(Success(200, views.ListView[views.LedgerAccountView]),),
    ),
    KeyedRoute(
        method="GET", path="/v1/ledger/transactions", operation="list_ledger_transactions",
        tag="Ledger", summary="List transactions of the books", scope=Scope.READ,
        handler=ledger.transactions, query=queries.LedgerTransactionsQuery,
        success=(Success(200, views.ListView[views.LedgerTransactionView]),),
    ),
    KeyedRoute(
        method="GET", path="/v1/ledger/trial_balance", operation="get_trial_balance",
        tag="Ledger", summary="The trial balance of all the books", scope=Scope.ADMIN,
        handler=ledger.trial_balance, query=queries.NoQuery,
        success=(Success(200, views.TrialBalanceView),),
    ),
)

_ADMINISTRATION: tuple[Route, ...] = (
    KeyedRoute(
        method="POST", path="/v1/merchants", operation="create_merchant", tag="Administration",
        summary="Take a merchant on", scope=Scope.ADMIN, handler=merchants.create,
        query=queries.NoQuery, body=schemas.MerchantRequest, idempotent=True,
        example={
            "name": "Chai Point", "legal_name": "Chai Point Private Limited",
            "category_code": "5814", "payee_vpa": "chaipoint@simbank",
            "account_number": "000123456789", "account_ifsc": "SIMB0000001",
        },
        success=(Success(201, MerchantView),), errors=(409, 422),
    ),
    KeyedRoute(
        method="GET", path="/v1/merchants", operation="list_merchants", tag="Administration",
        summary="List merchants", scope=Scope.ADMIN, handler=merchants.index,
        query=queries.PageQuery, success=(Success(200, views.ListView[MerchantView]),),
    ),
    KeyedRoute(
        method="GET", path="/v1/merchants/{id}", operation="get_merchant", tag="Administration",
        summary="Read a merchant", scope=Scope.ADMIN, handler=merchants.retrieve,
        query=queries.NoQuery, success=(Success(200, MerchantView),), errors=(404,),
    ),
    KeyedRoute(
        method="POST", path="/v1/merchants/{id}", operation="update_merchant",
        tag="Administration", summary="Change a merchant", scope=Scope.ADMIN,
        handler=merchants.update, query=queries.NoQuery, body=schemas.MerchantChanges,
        idempotent=True, example={"fee_basis_points": 20},
        success=(Success(200, MerchantView),), errors=(404, 409, 422),
    ),
    KeyedRoute(
        method="POST", path="/v1/api_keys", operation="create_api_key", tag="Administration",
        summary="Make an API key",
        description="The secret is in the first answer. It is kept nowhere: a replay of the "
        "request is answered with `secret` null.",
        scope=Scope.ADMIN, handler=api_keys.create, query=queries.NoQuery,
        body=schemas.ApiKeyRequest, idempotent=True,
        example={
            "merchant_id": "mer_01JD0000000000000000000000", "scopes": ["payments", "refunds"],
        },
        success=(Success(201, ApiKeyView),), errors=(404, 409),
    ),
    KeyedRoute(
        method="GET", path="/v1/api_keys", operation="list_api_keys", tag="Administration",
        summary="List the API keys of a merchant", scope=Scope.ADMIN, handler=api_keys.index,
        query=queries.ApiKeysQuery, success=(Success(200, views.ListView[ApiKeyView]),),
    ),
    KeyedRoute(
        method="DELETE", path="/v1/api_keys/{id}", operation="revoke_api_key",
        tag="Administration", summary="Revoke an API key",
        description="It stops working within five seconds.", scope=Scope.ADMIN,
        handler=api_keys.revoke, query=queries.NoQuery,
        success=(Success(200, ApiKeyView),), errors=(404, 409),
    ),
    KeyedRoute(
        method="GET", path="/v1/audit", operation="list_audit", tag="Administration",
        summary="Read the audit trail", scope=Scope.ADMIN, handler=audit.index,
        query=queries.AuditQuery, success=(Success(200, views.ListView[views.AuditView]),),
    ),
)

_OPERATIONS: tuple[Route, ...] = (
    OpenRoute(
        method="GET", path="/healthz", operation="get_health", tag="Operations",
        summary="Is the process alive", handler=health.alive,
        success=(Success(200, views.HealthView),),
    ),
    OpenRoute(
        method="GET", path="/readyz", operation="get_readiness", tag="Operations",
        summary="Does the process have what it needs", handler=health.ready,
        success=(Success(200, views.ReadinessView), Success(503, views.ReadinessView)),
    ),
    OpenRoute(
        method="GET", path="/metrics", operation="get_metrics", tag="Operations",
        summary="Prometheus metrics", handler=health.metrics,
        success=(Success(200, None, ("text/plain",)),),
    ),
    OpenRoute(
        method="GET", path="/openapi.json", operation="get_openapi", tag="Operations",
        summary="This document", handler=documents.openapi, success=(Success(200, dict),),
    ),
    OpenRoute(
        method="GET", path="/docs", operation="get_docs", tag="Operations",
        summary="This document as a page", handler=documents.page,
        success=(Success(200, None, ("text/html",)),),
    ),
    OpenRoute(
        method="POST", path="/upi/{api}/{version}/urn:txnid:{txn_id}", operation="receive_upi",
        tag="Rails", summary="A signed message of the UPI switch", handler=callbacks.upi,
        takes_body=True, documented=False, success=(Success(200, None, (callbacks.XML,)),),
    ),
    OpenRoute(
        method="POST", path="/callbacks/sponsor/{bank}", operation="receive_sponsor",
        tag="Rails", summary="A signed message of a sponsor bank", handler=callbacks.sponsor,
        takes_body=True, documented=False, success=(Success(200, dict),),
    ),
)

ROUTES: tuple[Route, ...] = (
    *_PAYMENTS, *_WEBHOOKS, *_FRAUD, *_BOOKS, *_ADMINISTRATION, *_OPERATIONS,
)
