"""The one way to change what decides about fraud: rules, lists, thresholds, models.

Each change is one step of `FraudRevision`, so that changes follow each other whoever makes them:
what a change was decided from is still so when it is committed, or it is decided again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sikka.domain.change import Amend, Change
from sikka.domain.errors import Conflict, Duplicate, JournalError, SikkaError
from sikka.domain.fraud.policy import REVISION_ID, FraudRevision
from sikka.domain.records import AuditRecord
from sikka.flows.parts import Answer, Caller, Parts
from sikka.flows.replay import completed, replayed, settled
from sikka.flows.steps import milliseconds
from sikka_core import bucket_of, new_id

# Of those who change the policy at the same moment one wins, so many wait for as many.
ATTEMPTS_MAX = 64


@dataclass(frozen=True, slots=True)
class Revision:
    """The revision that a change makes.

    Args:
        number: what its rows carry as `revision`.
        bucket: of its rows that have none of their own.
        at: when it is made.
    """

    number: int
    bucket: int
    at: datetime

    def id(self, prefix: str) -> str:
        """A new id for a row of the change."""
        return new_id(prefix, self.bucket, milliseconds(self.at))


@dataclass(frozen=True, slots=True)
class PolicyStep:
    """What one change of the policy writes, and what is said about it.

    Args:
        action: its name in the audit trail, dotted (`fraud_rule.live`).
        status: how things stand after it.
        merchant_id: whose policy it is; None for that of all merchants.
        metadata: what changed, from what and to what.
        answer: what the caller is told, now and at every replay.
        inserts, amends: the rows. Each carries the revision's number.
    """

    action: str
    status: str
    merchant_id: str | None
    metadata: Mapping[str, Any]
    answer: Answer
    inserts: tuple[Any, ...] = ()
    amends: tuple[Amend, ...] = field(default=())


Build = Callable[[Revision], Awaitable[PolicyStep | Answer]]


async def revise(parts: Parts, caller: Caller, build: Build) -> Answer:
    """Change the policy, once per idempotency key, with an audit record.

    Args:
        build: reads what it needs and decides. It is asked again when somebody else changed the
            policy in between; whatever of the policy it reads is therefore as it reads it when
            the change is committed, and `amends` need no guards of their own. An `Answer` says
            that there is nothing to change; it is kept under the key all the same, so that the
            request cannot come a second time and change something then.

    Returns:
        The step's answer; for a key that was used before, what was answered then.

    Raises:
        IdempotencyMismatch, IdempotencyKeyInUse: as `sikka.flows.replay.replayed`.
        Conflict: too many others change the policy at this moment.
        SikkaError: what `build` raises. In all cases nothing was changed.
    """
    if (answer := await replayed(parts, caller)) is not None:
        return answer
    for attempt in range(1, ATTEMPTS_MAX + 1):
        before = await parts.fraud_policy.revision()
        revision = Revision(
            number=before + 1,
            bucket=bucket_of(caller.merchant_id, caller.claim.key),
            at=parts.clock.now(),
        )
        try:
            step = await build(revision)
            await parts.journal.commit(_change(parts, caller, revision, step))
        except Duplicate:
            return await settled(parts, caller)
        except SikkaError as error:
            # The winner may have been the same request, sent twice at the same moment.
            if (won := await _won(parts, caller, error)) is not None:
                return won
            if not isinstance(error, Conflict) or attempt == ATTEMPTS_MAX:
                raise
        else:
            if isinstance(step, Answer):
                return step
            parts.observe(step.action, merchant_id=step.merchant_id, revision=revision.number)
            return step.answer
    raise AssertionError("unreachable")


async def _won(parts: Parts, caller: Caller, error: SikkaError) -> Answer | None:
    """What the same request was answered elsewhere; not asked of a database that is away."""
    if isinstance(error, JournalError) and not isinstance(error, Conflict):
        return None
    return await replayed(parts, caller)


def _change(parts: Parts, caller: Caller, revision: Revision, step: PolicyStep | Answer) -> Change:
    before = {"revision": revision.number - 1}
    if isinstance(step, Answer):
        claim = completed(parts, caller, revision.bucket, revision.at, step)
        return Change(revision.bucket, (claim,), (Amend(FraudRevision, REVISION_ID, before, {}),))
    audit = AuditRecord(
        id=revision.id("aud"),
        bucket=revision.bucket,
        payment_id=None,
        merchant_id=step.merchant_id,
        user_id=caller.actor.user_id,
        action=step.action,
        status=step.status,
        ip_address=caller.actor.ip_address,
        user_agent=caller.actor.user_agent,
        metadata={**step.metadata, "revision": revision.number},
        timestamp=revision.at,
    )
    claim = completed(parts, caller, revision.bucket, revision.at, step.answer)
    move = Amend(FraudRevision, REVISION_ID, before, {"revision": revision.number})
    return Change(revision.bucket, (audit, *step.inserts, claim), (move, *step.amends))
