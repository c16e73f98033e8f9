"""Whose fraud policy a call is about."""

from __future__ import annotations

from sikka.api.call import Call
from sikka.domain.errors import InvalidRequest, NotFound, PermissionDenied
from sikka.domain.merchant import Scope


def scope_of(call: Call, merchant_id: str | None, *, all_merchants: bool) -> str | None:
    """The merchant that is meant; None for all merchants.

    Raises:
        InvalidRequest: both are given.
        PermissionDenied: another merchant, or all, are named without the scope `admin`.
    """
    if not all_merchants:
        return call.merchant_id(merchant_id)
    if merchant_id is not None:
        raise InvalidRequest(
            message="give merchant_id or all_merchants, not both", param="all_merchants"
        )
    if not call.principal.key.allows(Scope.ADMIN):
        raise PermissionDenied(
            message="only a key with the scope admin may name all merchants",
            param="all_merchants",
        )
    return None


def check_owned(call: Call, merchant_id: str | None) -> None:
    """Make sure that the caller may see what belongs to a merchant, or to all.

    Raises:
        NotFound: it may not, and learns nothing.
    """
    key = call.principal.key
    if merchant_id != key.merchant_id and not key.allows(Scope.ADMIN):
        raise NotFound
