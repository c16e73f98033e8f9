"""Every route of the API, once: the router and the OpenAPI document are both made of this table."""

from __future__ import annotations

from sikka.api.route import Route
from sikka.api.routes.administration import ADMINISTRATION
from sikka.api.routes.books import BOOKS
from sikka.api.routes.fraud import FRAUD
from sikka.api.routes.fraud_models import FRAUD_MODELS
from sikka.api.routes.fraud_policy import FRAUD_POLICY
from sikka.api.routes.labels import LABELS
from sikka.api.routes.operations import OPERATIONS
from sikka.api.routes.payments import PAYMENTS
from sikka.api.routes.reviews import REVIEWS
from sikka.api.routes.webhooks import WEBHOOKS

ROUTES: tuple[Route, ...] = (
    *PAYMENTS,
    *WEBHOOKS,
    *FRAUD,
    *FRAUD_MODELS,
    *FRAUD_POLICY,
    *LABELS,
    *REVIEWS,
    *BOOKS,
    *ADMINISTRATION,
    *OPERATIONS,
)
