"""Health, metrics, documents, and what the rails post."""

from __future__ import annotations

from sikka.api import views
from sikka.api.handlers import (
    callbacks,
    documents,
    health,
)
from sikka.api.route import OpenRoute, Route, Success

OPERATIONS: tuple[Route, ...] = (
    OpenRoute(
        method="GET",
        path="/healthz",
        operation="get_health",
        tag="Operations",
        summary="Is the process alive",
        handler=health.alive,
        success=(Success(200, views.HealthView),),
    ),
    OpenRoute(
        method="GET",
        path="/readyz",
        operation="get_readiness",
        tag="Operations",
        summary="Does the process have what it needs",
        handler=health.ready,
        success=(Success(200, views.ReadinessView), Success(503, views.ReadinessView)),
    ),
    OpenRoute(
        method="GET",
        path="/metrics",
        operation="get_metrics",
        tag="Operations",
        summary="Prometheus metrics",
        handler=health.metrics,
        success=(Success(200, None, ("text/plain",)),),
    ),
    OpenRoute(
        method="GET",
        path="/openapi.json",
        operation="get_openapi",
        tag="Operations",
        summary="This document",
        handler=documents.openapi,
        success=(Success(200, dict),),
    ),
    OpenRoute(
        method="GET",
        path="/docs",
        operation="get_docs",
        tag="Operations",
        summary="This document as a page",
        handler=documents.page,
        success=(Success(200, None, ("text/html",)),),
    ),
    OpenRoute(
        method="POST",
        path="/upi/{api}/{version}/urn:txnid:{txn_id}",
        operation="receive_upi",
        tag="Rails",
        summary="A signed message of the UPI switch",
        handler=callbacks.upi,
        takes_body=True,
        documented=False,
        success=(Success(200, None, (callbacks.XML,)),),
    ),
    OpenRoute(
        method="POST",
        path="/callbacks/sponsor/{bank}",
        operation="receive_sponsor",
        tag="Rails",
        summary="A signed message of a sponsor bank",
        handler=callbacks.sponsor,
        takes_body=True,
        documented=False,
        success=(Success(200, dict),),
    ),
)
