"""The registry of fraud models."""

from __future__ import annotations

from sikka.api import fraud_model_schemas, queries, schemas, views
from sikka.api.handlers import fraud_models
from sikka.api.route import KeyedRoute, Route, Success
from sikka.domain.fraud.model_views import FraudModelView
from sikka.domain.merchant import Scope

_TAG = "Fraud models"

FRAUD_MODELS: tuple[Route, ...] = (
    KeyedRoute(
        method="GET",
        path="/v1/fraud/models",
        operation="list_fraud_models",
        tag=_TAG,
        summary="List models of fraud",
        description="Models belong to the house and judge the payments of all merchants. They are "
        "registered at the command line, `sikka fraud models register`.",
        scope=Scope.ADMIN,
        handler=fraud_models.index,
        query=queries.PageQuery,
        success=(Success(200, views.ListView[FraudModelView]),),
    ),
    KeyedRoute(
        method="GET",
        path="/v1/fraud/models/{version}",
        operation="get_fraud_model",
        tag=_TAG,
        summary="Read a model of fraud with its document",
        scope=Scope.ADMIN,
        handler=fraud_models.retrieve,
        query=queries.NoQuery,
        success=(Success(200, FraudModelView),),
        errors=(404,),
    ),
    KeyedRoute(
        method="POST",
        path="/v1/fraud/models/{version}/promote",
        operation="promote_fraud_model",
        tag=_TAG,
        summary="Let a model decide",
        description="The champion before it retires. Every process knows within two seconds.",
        scope=Scope.ADMIN,
        handler=fraud_models.promote,
        query=queries.NoQuery,
        body=schemas.Nothing,
        body_required=False,
        idempotent=True,
        success=(Success(200, FraudModelView),),
        errors=(404, 409, 422),
    ),
    KeyedRoute(
        method="POST",
        path="/v1/fraud/models/{version}/rollback",
        operation="roll_back_fraud_model",
        tag=_TAG,
        summary="Make the champion before this one champion again",
        description="This one retires. Nothing is done unless it is the champion: of two people "
        "who see the same alarm, one rolls back. The answer is the model that decides from now on.",
        scope=Scope.ADMIN,
        handler=fraud_models.rollback,
        query=queries.NoQuery,
        body=schemas.Nothing,
        body_required=False,
        idempotent=True,
        success=(Success(200, FraudModelView),),
        errors=(404, 409, 422),
    ),
    KeyedRoute(
        method="POST",
        path="/v1/fraud/models/{version}/challenge",
        operation="challenge_with_fraud_model",
        tag=_TAG,
        summary="Let a model decide a share of the payments",
        description="The share is chosen by a hash of the payment's id. Every assessment keeps "
        "what champion and challenger say. The challenger before it retires.",
        scope=Scope.ADMIN,
        handler=fraud_models.challenge,
        query=queries.NoQuery,
        body=fraud_model_schemas.ChallengeRequest,
        idempotent=True,
        example={"percent": 5},
        success=(Success(200, FraudModelView),),
        errors=(404, 409, 422),
    ),
    KeyedRoute(
        method="POST",
        path="/v1/fraud/models/{version}/shadow",
        operation="shadow_with_fraud_model",
        tag=_TAG,
        summary="Let a model judge every payment and decide none",
        description="The one in shadow before it retires.",
        scope=Scope.ADMIN,
        handler=fraud_models.shadow,
        query=queries.NoQuery,
        body=schemas.Nothing,
        body_required=False,
        idempotent=True,
        success=(Success(200, FraudModelView),),
        errors=(404, 409, 422),
    ),
    KeyedRoute(
        method="POST",
        path="/v1/fraud/models/{version}/retire",
        operation="retire_fraud_model",
        tag=_TAG,
        summary="Let a model do nothing any more",
        description="Without a champion the rules decide alone.",
        scope=Scope.ADMIN,
        handler=fraud_models.retire,
        query=queries.NoQuery,
        body=schemas.Nothing,
        body_required=False,
        idempotent=True,
        success=(Success(200, FraudModelView),),
        errors=(404, 409, 422),
    ),
)
