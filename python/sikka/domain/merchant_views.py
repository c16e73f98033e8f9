"""How merchants, their keys and addresses look in answers."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from sikka.domain.merchant import ApiKey, Merchant

VISIBLE_DIGITS = 4


class MerchantView(msgspec.Struct, frozen=True):
    """A merchant. Of the account number only the last four characters are shown."""

    object: Literal["merchant"]
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
    fee_fixed: int
    gst_basis_points: int
    api_version: str
    active: bool
    created_at: datetime
    updated_at: datetime


class ApiKeyView(msgspec.Struct, frozen=True):
    """An API key. `secret` is there in the first answer to its creation and null ever after."""

    object: Literal["api_key"]
    id: str
    merchant_id: str
    secret: str | None
    hint: str
    scopes: list[str]
    livemode: bool
    created_at: datetime
    revoked_at: datetime | None


class VpaView(msgspec.Struct, frozen=True):
    """What is known of an address; `exists` and `name` are null when nobody was asked."""

    object: Literal["vpa"]
    vpa: str
    blocked: bool
    exists: bool | None
    name: str | None


def merchant_view(merchant: Merchant) -> MerchantView:
    """A merchant as an administrator sees it."""
    number = merchant.account_number
    hidden = max(len(number) - VISIBLE_DIGITS, 0)
    return MerchantView(
        object="merchant",
        id=merchant.id,
        name=merchant.name,
        legal_name=merchant.legal_name,
        category_code=merchant.category_code,
        payee_vpa=merchant.payee_vpa,
        account_number="X" * hidden + number[hidden:],
        account_ifsc=merchant.account_ifsc,
        account_type=merchant.account_type,
        rail=merchant.rail,
        fee_basis_points=merchant.fee_basis_points,
        fee_fixed=merchant.fee_fixed_minor,
        gst_basis_points=merchant.gst_basis_points,
        api_version=merchant.api_version,
        active=merchant.active,
        created_at=merchant.created_at,
        updated_at=merchant.updated_at,
    )


def api_key_view(key: ApiKey, secret: str | None = None) -> ApiKeyView:
    """A key as an administrator sees it."""
    return ApiKeyView(
        object="api_key",
        id=key.id,
        merchant_id=key.merchant_id,
        secret=secret,
        hint=key.hint,
        scopes=list(key.scopes),
        livemode=key.livemode,
        created_at=key.created_at,
        revoked_at=key.revoked_at,
    )
