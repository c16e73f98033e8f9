"""Rules that are data: new versions, their trial on past payments, and their way into force.

A version goes from draft through shadow, where it is asked and decides nothing, to live; or is
retired, for good. Of all versions of a merchant's rule at most one is live and one in shadow: who
takes the place of another retires it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec

from sikka.domain.change import amend
from sikka.domain.errors import NotFound, UnprocessableRequest
from sikka.domain.fraud.assessment import Decision
from sikka.domain.fraud.policy import FraudRule, RuleState
from sikka.domain.fraud.rule_report import ReportRange
from sikka.domain.fraud.views import rule_view
from sikka.domain.views import encode
from sikka.flows.fraud.policy import PolicyStep, Revision, revise
from sikka.flows.fraud.ports import RuleTrials
from sikka.flows.parts import Answer, Caller, Parts
from sikka.flows.replay import replayed

# Each is asked with every payment of the merchant.
RULES_MAX = {RuleState.LIVE: 50, RuleState.SHADOW: 20}

_MOVES = {
    RuleState.SHADOW: (RuleState.DRAFT,),
    RuleState.LIVE: (RuleState.DRAFT, RuleState.SHADOW),
    RuleState.RETIRED: (RuleState.DRAFT, RuleState.SHADOW, RuleState.LIVE),
}


@dataclass(frozen=True, slots=True)
class RuleOrder:
    """A new version of a rule; the fields are those of `FraudRule`."""

    merchant_id: str | None
    name: str
    expression: str
    decision: Decision
    reason: str


async def draft_rule(parts: Parts, trials: RuleTrials, order: RuleOrder, caller: Caller) -> Answer:
    """Make a rule, or the next version of one that there is. It is a draft.

    Returns:
        201 with the version; the same call again returns the same bytes.

    Raises:
        InvalidRequest: name or expression breaks a rule.
        NotFound: there is no such merchant. In all cases nothing was changed.
        IdempotencyMismatch, Conflict: as `sikka.flows.fraud.policy.revise`.
    """
    trials.check(order.name, order.expression)
    if order.merchant_id is not None and await parts.store.merchant(order.merchant_id) is None:
        raise NotFound(param="merchant_id")

    async def build(revision: Revision) -> PolicyStep:
        versions = await parts.fraud_policy.rule_versions(order.merchant_id, order.name)
        rule = FraudRule(
            id=revision.id("rul"),
            bucket=revision.bucket,
            merchant_id=order.merchant_id,
            name=order.name,
            version=versions[0].version + 1 if versions else 1,
            state=RuleState.DRAFT,
            expression=order.expression,
            decision=order.decision,
            reason=order.reason,
            backtest=None,
            created_by=caller.actor.user_id,
            created_at=revision.at,
            updated_at=revision.at,
            revision=revision.number,
        )
        before = versions[0] if versions else None
        return _step(
            "fraud_rule.drafted",
            rule,
            201,
            inserts=(rule,),
            expression_sha256=_digest(rule.expression),
            decision=rule.decision,
            from_version=before and before.version,
            from_expression_sha256=before and _digest(before.expression),
            from_decision=before and before.decision,
        )

    return await revise(parts, caller, build)


async def move_rule(
    parts: Parts, rule_id: str, to: RuleState, caller: Caller, *, forced_because: str | None = None
) -> Answer:
    """Bring a version into shadow, into force, or out of use.

    A version that stands there already stays as it is.

    Args:
        forced_because: why a version may go live that was not tried on past payments.

    Returns:
        200 with the version.

    Raises:
        NotFound: there is no such version.
        UnprocessableRequest: `state_invalid` when it cannot go there from where it stands, or
            there are as many rules as there may be; `backtest_missing` when it is to go live
            untried. In all cases nothing was changed.
        IdempotencyMismatch, Conflict: as `sikka.flows.fraud.policy.revise`.
    """

    async def build(revision: Revision) -> PolicyStep | Answer:
        rule = await _found(parts, rule_id)
        if rule.state is to:
            return Answer(200, encode(rule_view(rule)))
        _check_move(rule, to, forced_because)
        versions = await parts.fraud_policy.rule_versions(rule.merchant_id, rule.name)
        replaced = [
            each
            for each in versions
            if to is not RuleState.RETIRED and each.state is to and each.id != rule.id
        ]
        if to in RULES_MAX and not replaced:
            await _check_room(parts, rule, to)
        after = _moved(rule, to, revision)
        retired = [(each, _moved(each, RuleState.RETIRED, revision)) for each in replaced]
        return _step(
            f"fraud_rule.{to}",
            after,
            200,
            amends=tuple(amend(*pair) for pair in [(rule, after), *retired]),
            from_state=rule.state,
            to_state=to,
            retired=[each.id for each in replaced],
            forced_because=forced_because,
        )

    return await revise(parts, caller, build)


async def backtest_rule(
    parts: Parts,
    trials: RuleTrials,
    rule_id: str,
    over: ReportRange,
    caller: Caller,
    is_wanted: Callable[[], bool],
) -> Answer:
    """Try a version on past payments and keep what it would have found.

    Args:
        over: which payments; those of the rule's merchant, if it has one.
        is_wanted: whether somebody still waits for the answer; nothing is kept otherwise.

    Returns:
        200 with the version and its report.

    Raises:
        NotFound: there is no such version.
        UnprocessableRequest: nobody waits any more.
        InvalidRequest: the expression is not part of the language any more.
        IdempotencyMismatch, Conflict: as `sikka.flows.fraud.policy.revise`.
    """
    # The same request again must not be computed again.
    if (answer := await replayed(parts, caller)) is not None:
        return answer
    rule = await _found(parts, rule_id)
    report = await trials.backtest(rule, replace(over, merchant_id=rule.merchant_id), is_wanted)
    if not is_wanted():
        raise UnprocessableRequest(message="the caller has gone away; nothing was kept")

    async def build(revision: Revision) -> PolicyStep:
        before = await _found(parts, rule_id)
        after = replace(
            before,
            backtest=msgspec.to_builtins(report),
            updated_at=revision.at,
            revision=revision.number,
        )
        return _step(
            "fraud_rule.backtested",
            after,
            200,
            amends=(amend(before, after),),
            payments=report.payments,
            matched=report.matched,
            from_ran_at=before.backtest and before.backtest.get("ran_at"),
        )

    return await revise(parts, caller, build)


async def _found(parts: Parts, rule_id: str) -> FraudRule:
    rule = await parts.fraud_policy.rule(rule_id)
    if rule is None:
        raise NotFound
    return rule


def _moved(rule: FraudRule, to: RuleState, revision: Revision) -> FraudRule:
    return replace(rule, state=to, updated_at=revision.at, revision=revision.number)


def _check_move(rule: FraudRule, to: RuleState, forced_because: str | None) -> None:
    if rule.state not in _MOVES[to]:
        raise UnprocessableRequest(message=f"a rule that is {rule.state} cannot become {to}")
    if to is RuleState.LIVE and forced_because is None and not _is_tried(rule):
        raise UnprocessableRequest("backtest_missing")


def _is_tried(rule: FraudRule) -> bool:
    """Whether there is a report on this very version, that looked at some payment."""
    report = rule.backtest
    if report is None or not report.get("payments"):
        return False
    return datetime.fromisoformat(report["ran_at"]) >= rule.created_at


async def _check_room(parts: Parts, rule: FraudRule, to: RuleState) -> None:
    if await parts.fraud_policy.rules_in(rule.merchant_id, to) >= RULES_MAX[to]:
        raise UnprocessableRequest(message=f"at most {RULES_MAX[to]} rules may be {to}")


def _step(
    action: str,
    rule: FraudRule,
    status: int,
    *,
    inserts: tuple[Any, ...] = (),
    amends: tuple[Any, ...] = (),
    **metadata: Any,
) -> PolicyStep:
    return PolicyStep(
        action=action,
        status=rule.state,
        merchant_id=rule.merchant_id,
        metadata={"rule_id": rule.id, "name": rule.name, "version": rule.version, **metadata},
        answer=Answer(status, encode(rule_view(rule))),
        inserts=inserts,
        amends=amends,
    )


def _digest(expression: str) -> str:
    """What stands for an expression in the audit trail: it may hold customers' addresses."""
    return hashlib.sha256(expression.encode()).hexdigest()
