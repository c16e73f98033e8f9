"""Merchants and their API keys: each step one change with its audit record and its answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sikka.domain import api_key
from sikka.domain.change import Amend, Change, amend
from sikka.domain.errors import (
    Conflict,
    Duplicate,
    NotFound,
    UnprocessableRequest,
)
from sikka.domain.merchant import ApiKey, Merchant
from sikka.domain.merchant_views import api_key_view, merchant_view
from sikka.domain.records import AuditRecord
from sikka.domain.views import API_VERSION, encode
from sikka.flows.parts import Answer, Caller, Parts
from sikka.flows.replay import completed, replayed, settled
from sikka.flows.steps import milliseconds
from sikka_core import bucket_of, new_id


@dataclass(frozen=True, slots=True)
class MerchantOrder:
    """A new merchant; the fields are those of `Merchant`. `payee_vpa` is in normal form."""

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


async def create_merchant(parts: Parts, order: MerchantOrder, caller: Caller) -> Answer:
    """Take a merchant on.

    Returns:
        201 with the merchant; the same call again returns the same bytes.

    Raises:
        UnprocessableRequest: the rail is not configured. Nothing was changed.
        IdempotencyMismatch, IdempotencyKeyInUse: as `sikka.flows.replay.replayed`.
    """
    if (answer := await replayed(parts, caller)) is not None:
        return answer
    _check_rail(parts, order.rail)
    now = parts.clock.now()
    bucket = bucket_of(caller.merchant_id, caller.claim.key)
    merchant = Merchant(
        id=new_id("mer", bucket, milliseconds(now)),
        name=order.name,
        legal_name=order.legal_name,
        category_code=order.category_code,
        payee_vpa=order.payee_vpa,
        account_number=order.account_number,
        account_ifsc=order.account_ifsc,
        account_type=order.account_type,
        rail=order.rail,
        fee_basis_points=order.fee_basis_points,
        fee_fixed_minor=order.fee_fixed_minor,
        gst_basis_points=order.gst_basis_points,
        api_version=API_VERSION,
        active=True,
        created_at=now,
        updated_at=now,
    )
    answer = Answer(201, encode(merchant_view(merchant)))
    audit = _audit(caller, bucket, now, merchant.id, "merchant.created", "active")
    return await _commit(parts, caller, audit, answer, answer, inserts=(merchant,))


async def update_merchant(
    parts: Parts, before: Merchant, changes: Mapping[str, Any], caller: Caller
) -> Answer:
    """Change what `changes` names of a merchant.

    Args:
        before: the merchant as stored.
        changes: attributes of `Merchant` with their new values, already checked.

    Returns:
        200 with the merchant.

    Raises:
        UnprocessableRequest: the rail is not configured.
        Conflict: somebody else changed it at the same moment. In all cases nothing was changed.
    """
    if (answer := await replayed(parts, caller)) is not None:
        return answer
    if "rail" in changes:
        _check_rail(parts, changes["rail"])
    now = parts.clock.now()
    after = replace(before, **changes, updated_at=now)
    answer = Answer(200, encode(merchant_view(after)))
    audit = _audit(
        caller,
        bucket_of(caller.merchant_id, caller.claim.key),
        now,
        before.id,
        "merchant.updated",
        "active" if after.active else "inactive",
        fields=sorted(changes),
    )
    step = amend(before, after, expect=("updated_at",))
    return await _commit(parts, caller, audit, answer, answer, amends=(step,))


async def create_api_key(
    parts: Parts,
    pepper: bytes,
    merchant_id: str,
    scopes: Sequence[str],
    caller: Caller,
    *,
    livemode: bool,
) -> Answer:
    """Make a key. Only a keyed hash of its secret is kept.

    Args:
        pepper: the key of the keyed hash.

    Returns:
        201 with the key and its secret. The same call again returns the key with `secret` null:
        the secret is nowhere to be read again.

    Raises:
        NotFound: there is no such merchant.
    """
    if (answer := await replayed(parts, caller)) is not None:
        return answer
    if await parts.store.merchant(merchant_id) is None:
        raise NotFound(param="merchant_id")
    now = parts.clock.now()
    bucket = bucket_of(caller.merchant_id, caller.claim.key)
    secret = api_key.new_secret(livemode=livemode)
    key = ApiKey(
        id=new_id("key", bucket, milliseconds(now)),
        merchant_id=merchant_id,
        secret_hash=api_key.secret_hash(pepper, secret),
        hint=api_key.hint_of(secret),
        scopes=tuple(dict.fromkeys(scopes)),
        livemode=livemode,
        created_at=now,
        revoked_at=None,
    )
    audit = _audit(
        caller,
        bucket,
        now,
        merchant_id,
        "api_key.created",
        "active",
        key_id=key.id,
        scopes=list(key.scopes),
        livemode=livemode,
    )
    return await _commit(
        parts,
        caller,
        audit,
        Answer(201, encode(api_key_view(key, secret))),
        Answer(201, encode(api_key_view(key))),
        inserts=(key,),
    )


async def revoke_api_key(parts: Parts, key: ApiKey, caller: Caller) -> Answer:
    """End a key. It stops working within seconds, in every process.

    Args:
        key: as stored; one that is revoked already stays as it is.

    Returns:
        200 with the key.
    """
    if (answer := await replayed(parts, caller)) is not None:
        return answer
    if key.revoked_at is not None:
        return Answer(200, encode(api_key_view(key)))
    now = parts.clock.now()
    answer = Answer(200, encode(api_key_view(replace(key, revoked_at=now))))
    audit = _audit(
        caller,
        bucket_of(caller.merchant_id, caller.claim.key),
        now,
        key.merchant_id,
        "api_key.revoked",
        "revoked",
        key_id=key.id,
    )
    step = Amend(ApiKey, key.id, {"revoked_at": None}, {"revoked_at": now})
    return await _commit(parts, caller, audit, answer, answer, amends=(step,))


def _check_rail(parts: Parts, name: str) -> None:
    if name not in parts.rails:
        raise UnprocessableRequest(
            "method_unavailable", f"no UPI rail {name!r} is configured", param="rail"
        )


def _audit(
    caller: Caller,
    bucket: int,
    at: datetime,
    merchant_id: str,
    action: str,
    status: str,
    **metadata: Any,
) -> AuditRecord:
    return AuditRecord(
        id=new_id("aud", bucket, milliseconds(at)),
        bucket=bucket,
        payment_id=None,
        merchant_id=merchant_id,
        user_id=caller.actor.user_id,
        action=action,
        status=status,
        ip_address=caller.actor.ip_address,
        user_agent=caller.actor.user_agent,
        metadata=metadata,
        timestamp=at,
    )


async def _commit(
    parts: Parts,
    caller: Caller,
    audit: AuditRecord,
    answer: Answer,
    stored: Answer,
    *,
    inserts: tuple[Any, ...] = (),
    amends: tuple[Amend, ...] = (),
) -> Answer:
    """Commit the step with its audit record and what a replay of it is answered."""
    claim = completed(parts, caller, audit.bucket, audit.timestamp, stored)
    try:
        await parts.journal.commit(Change(audit.bucket, (audit, *inserts, claim), amends))
    except Duplicate:
        return await settled(parts, caller)
    except Conflict:
        # The winner may have been the same request, sent twice at the same moment.
        if (won := await replayed(parts, caller)) is not None:
            return won
        raise
    parts.observe(audit.action, merchant_id=audit.merchant_id)
    return answer
