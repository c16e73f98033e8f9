"""Merchants, their keys and their webhook endpoints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Scope(StrEnum):
    """What an API key may do. `admin` implies every other, and each of them implies `read`.

    Whoever may create payments may not let held ones go on: that takes `reviews`.
    """

    PAYMENTS = "payments"
    REFUNDS = "refunds"
    REVIEWS = "reviews"
    READ = "read"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Merchant:
    """A merchant as the rails and the ledger need to know it.

    `rail` names the configured UPI rail (`npci`, or a sponsor bank's name). The fee is
    `fee_basis_points` of the amount plus `fee_fixed_minor`; GST is charged on the fee.
    """

    id: str
    name: str
    legal_name: str
    category_code: str
    payee_vpa: str
    account_number: str
    account_ifsc: str
    account_type: str
    rail: str
    fee_basis_points: int
    fee_fixed_minor: int
    gst_basis_points: int
    api_version: str
    active: bool
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key. Only a keyed hash of the secret is kept; `hint` is its last four characters."""

    id: str
    merchant_id: str
    secret_hash: str
    hint: str
    scopes: Sequence[str]
    livemode: bool
    created_at: datetime
    revoked_at: datetime | None

    def allows(self, scope: Scope) -> bool:
        """Whether the key may act under the scope."""
        if Scope.ADMIN in self.scopes or scope in self.scopes:
            return True
        implying = {Scope.PAYMENTS, Scope.REFUNDS, Scope.REVIEWS}
        return scope is Scope.READ and bool(implying & set(self.scopes))


@dataclass(frozen=True, slots=True)
class WebhookEndpoint:
    """Where events go. Secrets are sealed; the previous one signs too until it runs out."""

    id: str
    merchant_id: str
    url: str
    event_types: Sequence[str]
    description: str | None
    sealed_secret: bytes
    sealed_previous_secret: bytes | None
    previous_secret_until: datetime | None
    enabled: bool
    disabled_reason: str | None
    livemode: bool
    version: int
    created_at: datetime
    updated_at: datetime
