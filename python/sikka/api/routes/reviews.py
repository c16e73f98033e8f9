"""Held payments, and the people who decide about them."""

from __future__ import annotations

from sikka.api import queries, schemas, views
from sikka.api.handlers import reviews
from sikka.api.route import KeyedRoute, Route, Success
from sikka.domain.merchant import Scope
from sikka.domain.review_views import ReviewNoteView, ReviewView
from sikka.domain.views import PaymentView

REVIEWS: tuple[Route, ...] = (
    KeyedRoute(
        method="GET",
        path="/v1/reviews",
        operation="list_reviews",
        tag="Reviews",
        summary="List the payments that wait for a person",
        description="What is due first stands first. A review's id is its payment's. When its "
        "time runs out before anybody has decided, the payment ends as the house has set it: "
        "expired, unless it says otherwise.",
        scope=Scope.READ,
        handler=reviews.index,
        query=queries.ReviewsQuery,
        success=(Success(200, views.ListView[ReviewView]),),
    ),
    KeyedRoute(
        method="GET",
        path="/v1/reviews/{id}",
        operation="get_review",
        tag="Reviews",
        summary="Read a review with the whole assessment of its payment",
        scope=Scope.READ,
        handler=reviews.retrieve,
        query=queries.TenantQuery,
        success=(Success(200, ReviewView),),
        errors=(404,),
    ),
    KeyedRoute(
        method="POST",
        path="/v1/reviews/{id}/claim",
        operation="claim_review",
        tag="Reviews",
        summary="Take a held payment in hand",
        description="For a while nobody else can claim it or decide about it: they are answered "
        "409 `review_claimed`, which says until when. Claim it again to keep it longer. A claim "
        "does not move the time at which the payment is due.",
        scope=Scope.REVIEWS,
        handler=reviews.claim,
        query=queries.NoQuery,
        body=schemas.ReviewerRequest,
        body_required=False,
        idempotent=True,
        example={"reviewer": "asha"},
        success=(Success(200, ReviewView),),
        errors=(404,),
    ),
    KeyedRoute(
        method="POST",
        path="/v1/reviews/{id}/release",
        operation="release_review",
        tag="Reviews",
        summary="Give a held payment back",
        scope=Scope.REVIEWS,
        handler=reviews.release,
        query=queries.NoQuery,
        body=schemas.ReviewerRequest,
        body_required=False,
        idempotent=True,
        example={"reviewer": "asha"},
        success=(Success(200, ReviewView),),
        errors=(404,),
    ),
    KeyedRoute(
        method="POST",
        path="/v1/reviews/{id}/note",
        operation="note_review",
        tag="Reviews",
        summary="Write something about a held payment",
        description="It stays, with who and when, and may be written after the decision too.",
        scope=Scope.REVIEWS,
        handler=reviews.note,
        query=queries.NoQuery,
        body=schemas.ReviewNoteRequest,
        idempotent=True,
        example={"text": "called the customer, who knows of it", "reviewer": "asha"},
        success=(Success(201, ReviewNoteView),),
        errors=(404, 422),
    ),
    KeyedRoute(
        method="POST",
        path="/v1/reviews/{id}/approve",
        operation="approve_review",
        tag="Reviews",
        summary="Let a held payment go on",
        description="The customer's time begins now. Of two people who decide at once one does; "
        "the other is answered 409 `review_decided`, which says how it was decided, and by whom.",
        scope=Scope.REVIEWS,
        handler=reviews.approve,
        query=queries.NoQuery,
        body=schemas.ReviewRequest,
        body_required=False,
        idempotent=True,
        example={"note": "known customer", "reviewer": "asha"},
        success=(Success(200, PaymentView), Success(201, PaymentView)),
        errors=(402, 404, 422, 424),
    ),
    KeyedRoute(
        method="POST",
        path="/v1/reviews/{id}/decline",
        operation="decline_review",
        tag="Reviews",
        summary="Refuse a held payment",
        description="It is cancelled, and was never sent.",
        scope=Scope.REVIEWS,
        handler=reviews.decline,
        query=queries.NoQuery,
        body=schemas.ReviewRequest,
        body_required=False,
        idempotent=True,
        example={"note": "stolen phone", "reviewer": "asha"},
        success=(Success(200, PaymentView),),
        errors=(404,),
    ),
)
