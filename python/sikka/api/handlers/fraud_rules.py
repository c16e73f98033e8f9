"""Rules that are data."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sikka.api import fraud_schemas, schemas
from sikka.api.call import Call, Reply, reply_of
from sikka.api.decoding import decode_body
from sikka.api.handlers.paging import page
from sikka.api.handlers.policy_scope import check_owned, scope_of
from sikka.api.queries import NoQuery
from sikka.api.views import page_of
from sikka.domain.errors import InvalidRequest, NotFound
from sikka.domain.fraud.policy import FraudRule, RuleState
from sikka.domain.fraud.rule_report import ReportRange
from sikka.domain.fraud.views import RuleHitsView, rule_view
from sikka.domain.views import encode
from sikka.flows.fraud.rules import RuleOrder, backtest_rule, draft_rule, move_rule

RANGE_DAYS_MAX = 92
HITS_ROWS_MAX = 50_000


async def create(call: Call) -> Reply:
    """POST /v1/fraud/rules."""
    request: fraud_schemas.RuleRequest = decode_body(call.body, fraud_schemas.RuleRequest)
    order = RuleOrder(
        merchant_id=scope_of(call, request.merchant_id, all_merchants=request.all_merchants),
        name=request.name,
        expression=request.expression,
        decision=request.decision,
        reason=request.reason,
    )
    parts = call.parts
    return reply_of(await draft_rule(parts.flows, parts.rule_trials, order, call.caller()))


async def index(call: Call) -> Reply:
    """GET /v1/fraud/rules."""
    query = call.query(fraud_schemas.RulesQuery)
    rows = await call.parts.flows.fraud_policy.rules(
        scope_of(call, query.merchant_id, all_merchants=query.all_merchants),
        page(query),
        state=query.state,
        name=query.name,
    )
    return Reply(200, encode(page_of("/v1/fraud/rules", query, rows, rule_view)))


async def retrieve(call: Call) -> Reply:
    """GET /v1/fraud/rules/{id}."""
    call.query(NoQuery)
    return Reply(200, encode(rule_view(await _owned(call))))


async def shadow(call: Call) -> Reply:
    """POST /v1/fraud/rules/{id}/shadow."""
    decode_body(call.body, schemas.Nothing)
    return reply_of(
        await move_rule(call.parts.flows, call.id("rul"), RuleState.SHADOW, call.caller())
    )


async def live(call: Call) -> Reply:
    """POST /v1/fraud/rules/{id}/live."""
    request: fraud_schemas.LiveRequest = decode_body(call.body, fraud_schemas.LiveRequest)
    if request.force and request.reason is None:
        raise InvalidRequest("parameter_missing", "reason is required with force", param="reason")
    answer = await move_rule(
        call.parts.flows,
        call.id("rul"),
        RuleState.LIVE,
        call.caller(),
        forced_because=request.reason if request.force else None,
    )
    return reply_of(answer)


async def retire(call: Call) -> Reply:
    """POST /v1/fraud/rules/{id}/retire."""
    decode_body(call.body, schemas.Nothing)
    return reply_of(
        await move_rule(call.parts.flows, call.id("rul"), RuleState.RETIRED, call.caller())
    )


async def backtest(call: Call) -> Reply:
    """POST /v1/fraud/rules/{id}/backtest."""
    request: fraud_schemas.BacktestRequest = decode_body(call.body, fraud_schemas.BacktestRequest)
    over = _range(call, None, request.since, request.until, request.rows_max)
    parts = call.parts
    answer = await backtest_rule(
        parts.flows, parts.rule_trials, call.id("rul"), over, call.caller(), _waits(call)
    )
    return reply_of(answer)


async def hits(call: Call) -> Reply:
    """GET /v1/fraud/rules/{id}/hits."""
    query = call.query(fraud_schemas.HitsQuery)
    rule = await _owned(call)
    until = query.until or call.parts.flows.clock.now()
    since = query.since or until - timedelta(days=1)
    over = _range(call, rule.merchant_id, since, until, HITS_ROWS_MAX)
    report = await call.parts.rule_trials.hits(rule, over, _waits(call))
    return Reply(200, encode(RuleHitsView("fraud_rule_hits", rule.id, report)))


async def _owned(call: Call) -> FraudRule:
    rule = await call.parts.flows.fraud_policy.rule(call.id("rul"))
    if rule is None:
        raise NotFound
    check_owned(call, rule.merchant_id)
    return rule


def _range(
    call: Call, merchant_id: str | None, since: datetime, until: datetime, rows_max: int
) -> ReportRange:
    if not since < until:
        raise InvalidRequest(message="until must lie after since", param="until")
    if until - since > timedelta(days=RANGE_DAYS_MAX):
        raise InvalidRequest(
            message=f"since must lie at most {RANGE_DAYS_MAX} days before until", param="since"
        )
    return ReportRange(merchant_id, call.livemode, since, until, rows_max)


def _waits(call: Call) -> Callable[[], bool]:
    """Whether the client is still there."""

    def waits() -> bool:
        transport = call.request.transport
        return transport is not None and not transport.is_closing()

    return waits
