"""Say of a customer's address whether it is blocked, and whether the network knows it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from sikka.domain.change import Change
from sikka.domain.errors import Duplicate
from sikka.domain.merchant import Merchant
from sikka.domain.merchant_views import VpaView
from sikka.domain.records import AuditRecord
from sikka.domain.views import encode
from sikka.flows.parts import Answer, Caller, Parts
from sikka.flows.replay import completed, replayed, settled
from sikka.flows.steps import milliseconds
from sikka_core import bucket_of, mask_vpa, new_id

IsBlocked = Callable[[str], Awaitable[bool]]


async def validate_vpa(
    parts: Parts, merchant: Merchant, vpa: str, is_blocked: IsBlocked, caller: Caller, *, live: bool
) -> Answer:
    """Look at an address; a blocked one is not shown to the network.

    Args:
        vpa: in normal form.
        is_blocked: whether the house refuses the address.
        live: whether to ask the network who holds it.

    Returns:
        200 with what is known. The same call again returns the same bytes.

    Raises:
        RailUnavailable: the network does not say; nothing was stored.
    """
    if (answer := await replayed(parts, caller)) is not None:
        return answer
    blocked = await is_blocked(vpa)
    now = parts.clock.now()
    exists, name = None, None
    if live and not blocked:
        holder = await parts.rail(merchant.rail).validate(vpa, merchant, now)
        exists, name = holder.valid, holder.name
    answer = Answer(200, encode(VpaView("vpa", vpa, blocked, exists, name)))
    bucket = bucket_of(caller.merchant_id, caller.claim.key)
    audit = AuditRecord(
        id=new_id("aud", bucket, milliseconds(now)),
        bucket=bucket,
        payment_id=None,
        merchant_id=merchant.id,
        user_id=caller.actor.user_id,
        action="vpa.validated",
        status=_status(blocked=blocked, exists=exists),
        ip_address=caller.actor.ip_address,
        user_agent=caller.actor.user_agent,
        metadata={"vpa": mask_vpa(vpa)},
        timestamp=now,
    )
    claim = completed(parts, caller, bucket, now, answer)
    try:
        await parts.journal.commit(Change(bucket, (audit, claim)))
    except Duplicate:
        return await settled(parts, caller)
    return answer


def _status(*, blocked: bool, exists: bool | None) -> str:
    if blocked:
        return "blocked"
    if exists is None:
        return "not_asked"
    return "exists" if exists else "unknown"
