"""What the fraud engine said."""

from __future__ import annotations

from sikka.api import queries
from sikka.api.handlers import assessments
from sikka.api.route import KeyedRoute, Route, Success
from sikka.domain.merchant import Scope
from sikka.domain.views import AssessmentView

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
)
