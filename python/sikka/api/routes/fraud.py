"""Assessments and reviews."""

from __future__ import annotations

from sikka.api import queries, schemas, views
from sikka.api.handlers import (
    assessments,
    reviews,
)
from sikka.api.route import KeyedRoute, Route, Success
from sikka.domain.merchant import Scope
from sikka.domain.views import AssessmentView, PaymentView

FRAUD: tuple[Route, ...] = (
    KeyedRoute(
        method="GET",
        path="/v1/fraud/assessments/{id}",
        operation="get_assessment",
        tag="Fraud",
        summary="Read the assessment of a payment",
        scope=Scope.READ,
        handler=assessments.retrieve,
        query=queries.TenantQuery,
        success=(Success(200, AssessmentView),),
        errors=(404,),
    ),
    KeyedRoute(
        method="GET",
        path="/v1/reviews",
        operation="list_reviews",
        tag="Fraud",
        summary="List the payments that wait for a person",
        scope=Scope.READ,
        handler=reviews.index,
        query=queries.TenantPageQuery,
        success=(Success(200, views.ListView[PaymentView]),),
    ),
    KeyedRoute(
        method="POST",
        path="/v1/reviews/{id}/approve",
        operation="approve_review",
        tag="Fraud",
        summary="Let a held payment go on",
        scope=Scope.PAYMENTS,
        handler=reviews.approve,
        query=queries.NoQuery,
        body=schemas.ReviewRequest,
        body_required=False,
        idempotent=True,
        example={"note": "known customer"},
        success=(Success(200, PaymentView), Success(201, PaymentView)),
        errors=(402, 404, 409, 422, 424),
    ),
    KeyedRoute(
        method="POST",
        path="/v1/reviews/{id}/decline",
        operation="decline_review",
        tag="Fraud",
        summary="Refuse a held payment",
        scope=Scope.PAYMENTS,
        handler=reviews.decline,
        query=queries.NoQuery,
        body=schemas.ReviewRequest,
        body_required=False,
        idempotent=True,
        example={"note": "stolen phone"},
        success=(Success(200, PaymentView),),
        errors=(404, 409, 422),
    ),
)
