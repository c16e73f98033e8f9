"""Labels, and what monitoring makes of them."""

from __future__ import annotations

from sikka.api import queries, views
from sikka.api.handlers import labels
from sikka.api.label_schemas import LabelBatchRequest, LabelRequest, LabelsQuery
from sikka.api.label_views import LabelBatchView
from sikka.api.route import KeyedRoute, Route, Success
from sikka.domain.fraud.label_views import LabelView
from sikka.domain.fraud.report import FraudReportView
from sikka.domain.merchant import Scope

_LABEL_EXAMPLE = {
    "payment_id": "pay_01JD0000000000000000000000",
    "fraud": True,
    "reason": "the customer reported a stolen phone",
    "known_at": "2026-11-23T09:30:00Z",
}

LABELS: tuple[Route, ...] = (
    KeyedRoute(
        method="POST",
        path="/v1/fraud/labels",
        operation="create_label",
        tag="Fraud",
        summary="Say whether a payment was fraud",
        description="A payment may be labelled again when more becomes known of it: what counts is "
        "the label with the latest `known_at`. A payment that succeeded and that nobody labels "
        "counts as genuine after some weeks.",
        scope=Scope.PAYMENTS,
        handler=labels.create,
        query=queries.NoQuery,
        body=LabelRequest,
        idempotent=True,
        example=_LABEL_EXAMPLE,
        success=(Success(201, LabelView),),
        errors=(404, 409),
    ),
    KeyedRoute(
        method="POST",
        path="/v1/fraud/labels/batch",
        operation="create_labels",
        tag="Fraud",
        summary="Say of up to 1,000 payments whether they were fraud",
        description="Each label carries its own idempotency key and has its own result. The "
        "Idempotency-Key header is required as on every POST; to send a batch again is safe, "
        "because every label in it is answered as it was the first time.",
        scope=Scope.PAYMENTS,
        handler=labels.create_many,
        query=queries.NoQuery,
        body=LabelBatchRequest,
        idempotent=True,
        batch=True,
        example={"labels": [{"idempotency_key": "dispute-77", "label": _LABEL_EXAMPLE}]},
        success=(Success(200, LabelBatchView),),
    ),
    KeyedRoute(
        method="GET",
        path="/v1/fraud/labels",
        operation="list_labels",
        tag="Fraud",
        summary="List what became known of payments",
        scope=Scope.READ,
        handler=labels.index,
        query=LabelsQuery,
        success=(Success(200, views.ListView[LabelView]),),
    ),
    KeyedRoute(
        method="GET",
        path="/v1/fraud/monitoring",
        operation="list_fraud_reports",
        tag="Fraud",
        summary="Read how the models do",
        description="The last report of each version, the latest first: precision, recall and "
        "false positive rate as far as the truth is known, how far payments have moved from those "
        "of the training, and whether the features that were served can be computed again. They "
        "are about the payments of all merchants.",
        scope=Scope.ADMIN,
        handler=labels.monitoring,
        query=queries.PageQuery,
        success=(Success(200, views.ListView[FraudReportView]),),
    ),
)
