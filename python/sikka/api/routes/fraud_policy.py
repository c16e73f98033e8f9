"""What decides about payments: rules, lists and thresholds."""

from __future__ import annotations

from sikka.api import fraud_schemas, queries, schemas, views
from sikka.api.handlers import fraud_lists, fraud_rules, fraud_thresholds
from sikka.api.route import KeyedRoute, Route, Success
from sikka.domain.fraud.views import (
    FraudListBulkView,
    FraudListEntryView,
    FraudRuleView,
    FraudThresholdsView,
    RuleHitsView,
)
from sikka.domain.merchant import Scope

_LANGUAGE = """\
An expression compares what is known of a payment: `amount` (minor units), `score` (the model's
chance of fraud, 0 to 1), every feature that assessments show, and the texts `currency`, `device`,
`instrument` (the payer's VPA or a card's fingerprint), `ip`, `merchant`, `method` and `user`.
It has numbers, texts in quotes, `true`, `false`, `null`, `+ - * / %`, `< <= > >= == !=`,
`in` (a list of constants, or a text in a text), `and`, `or`, `not`, and `x ?? y` for y where x is
missing. What is not known is missing: a comparison with it is neither true nor false, and a rule
is broken only by what is true. `x == null` asks whether x is missing.

Allow rules (`APPROVE`) come before blocks (`DECLINE`), blocks before reviews (`REVIEW`). The
version is a draft until it is put into shadow or into force."""

RULES: tuple[Route, ...] = (
    KeyedRoute(
        method="POST",
        path="/v1/fraud/rules",
        operation="create_rule",
        tag="Fraud",
        summary="Draft a rule, or the next version of it",
        description=_LANGUAGE,
        scope=Scope.ADMIN,
        handler=fraud_rules.create,
        query=queries.NoQuery,
        body=fraud_schemas.RuleRequest,
        idempotent=True,
        example={
            "name": "new_device_large_amount",
            "expression": "amount >= 5000000 and device_age_s < 3600",
            "decision": "REVIEW",
            "reason": "A large amount from a device that was first seen within the hour.",
        },
        success=(Success(201, FraudRuleView),),
        errors=(404, 409),
    ),
    KeyedRoute(
        method="GET",
        path="/v1/fraud/rules",
        operation="list_rules",
        tag="Fraud",
        summary="List rules, every version of them",
        scope=Scope.READ,
        handler=fraud_rules.index,
        query=fraud_schemas.RulesQuery,
        success=(Success(200, views.ListView[FraudRuleView]),),
    ),
    KeyedRoute(
        method="GET",
        path="/v1/fraud/rules/{id}",
        operation="get_rule",
        tag="Fraud",
        summary="Read one version of a rule",
        scope=Scope.READ,
        handler=fraud_rules.retrieve,
        query=queries.NoQuery,
        success=(Success(200, FraudRuleView),),
        errors=(404,),
    ),
    KeyedRoute(
        method="POST",
        path="/v1/fraud/rules/{id}/backtest",
        operation="backtest_rule",
        tag="Fraud",
        summary="Try a version on past payments",
        description="Looks at the payments of the key's mode, the latest first, within 30 seconds, "
        "and keeps the report with the version. Labels are what became known of a payment last.",
        scope=Scope.ADMIN,
        handler=fraud_rules.backtest,
        query=queries.NoQuery,
        body=fraud_schemas.BacktestRequest,
        idempotent=True,
        example={"since": "2026-11-01T00:00:00Z", "until": "2026-11-23T00:00:00Z"},
        success=(Success(200, FraudRuleView),),
        errors=(404, 409, 422),
    ),
    KeyedRoute(
        method="POST",
        path="/v1/fraud/rules/{id}/shadow",
        operation="shadow_rule",
        tag="Fraud",
        summary="Ask a version with every payment, and let it decide nothing",
        scope=Scope.ADMIN,
        handler=fraud_rules.shadow,
        query=queries.NoQuery,
        body=schemas.Nothing,
        body_required=False,
        idempotent=True,
        success=(Success(200, FraudRuleView),),
        errors=(404, 409, 422),
    ),
    KeyedRoute(
        method="GET",
        path="/v1/fraud/rules/{id}/hits",
        operation="get_rule_hits",
        tag="Fraud",
        summary="Count what a version said in shadow",
        scope=Scope.READ,
        handler=fraud_rules.hits,
        query=fraud_schemas.HitsQuery,
        success=(Success(200, RuleHitsView),),
        errors=(404,),
    ),
    KeyedRoute(
        method="POST",
        path="/v1/fraud/rules/{id}/live",
        operation="promote_rule",
        tag="Fraud",
        summary="Put a version into force",
        description="It counts in every process within two seconds, and the version that was in "
        "force before is retired. 422 `backtest_missing` when this version was not tried on past "
        "payments, unless it is forced.",
        scope=Scope.ADMIN,
        handler=fraud_rules.live,
        query=queries.NoQuery,
        body=fraud_schemas.LiveRequest,
        body_required=False,
        idempotent=True,
        example={"force": True, "reason": "an attack is going on"},
        success=(Success(200, FraudRuleView),),
        errors=(404, 409, 422),
    ),
    KeyedRoute(
        method="POST",
        path="/v1/fraud/rules/{id}/retire",
        operation="retire_rule",
        tag="Fraud",
        summary="Take a version out of use, for good",
        scope=Scope.ADMIN,
        handler=fraud_rules.retire,
        query=queries.NoQuery,
        body=schemas.Nothing,
        body_required=False,
        idempotent=True,
        success=(Success(200, FraudRuleView),),
        errors=(404, 409, 422),
    ),
)

LISTS: tuple[Route, ...] = (
    KeyedRoute(
        method="POST",
        path="/v1/fraud/lists",
        operation="create_list_entry",
        tag="Fraud",
        summary="Put a value on a list",
        description="A value stands on a list once: putting it there again changes its reason and "
        "when it expires, and is answered 200. Allow lists come before block lists, block lists "
        "before review lists.",
        scope=Scope.ADMIN,
        handler=fraud_lists.create,
        query=queries.NoQuery,
        body=fraud_schemas.ListEntryRequest,
        idempotent=True,
        example={"kind": "block", "field": "ip", "value": "198.51.100.0/24", "reason": "bots"},
        success=(Success(200, FraudListEntryView), Success(201, FraudListEntryView)),
        errors=(404, 409),
    ),
    KeyedRoute(
        method="POST",
        path="/v1/fraud/lists/bulk",
        operation="create_list_entries",
        tag="Fraud",
        summary="Put up to 10,000 values on lists, all or none",
        scope=Scope.ADMIN,
        handler=fraud_lists.create_many,
        query=queries.NoQuery,
        body=fraud_schemas.BulkListRequest,
        idempotent=True,
        batch=True,
        example={"entries": [{"kind": "block", "field": "vpa", "value": "thief@simbank"}]},
        success=(Success(201, FraudListBulkView),),
        errors=(404, 409),
    ),
    KeyedRoute(
        method="GET",
        path="/v1/fraud/lists",
        operation="list_list_entries",
        tag="Fraud",
        summary="List what is on the lists",
        scope=Scope.READ,
        handler=fraud_lists.index,
        query=fraud_schemas.ListsQuery,
        success=(Success(200, views.ListView[FraudListEntryView]),),
    ),
    KeyedRoute(
        method="POST",
        path="/v1/fraud/lists/{id}/remove",
        operation="remove_list_entry",
        tag="Fraud",
        summary="Take a value off its list",
        scope=Scope.ADMIN,
        handler=fraud_lists.remove,
        query=queries.NoQuery,
        body=schemas.Nothing,
        body_required=False,
        idempotent=True,
        success=(Success(200, FraudListEntryView),),
        errors=(404, 409),
    ),
)

THRESHOLDS: tuple[Route, ...] = (
    KeyedRoute(
        method="GET",
        path="/v1/fraud/thresholds",
        operation="get_thresholds",
        tag="Fraud",
        summary="Read a merchant's own thresholds",
        scope=Scope.READ,
        handler=fraud_thresholds.retrieve,
        query=queries.TenantQuery,
        success=(Success(200, FraudThresholdsView),),
        errors=(404,),
    ),
    KeyedRoute(
        method="POST",
        path="/v1/fraud/thresholds",
        operation="set_thresholds",
        tag="Fraud",
        summary="Give a merchant thresholds of its own",
        scope=Scope.ADMIN,
        handler=fraud_thresholds.update,
        query=queries.NoQuery,
        body=fraud_schemas.ThresholdsRequest,
        idempotent=True,
        example={"review_score": "0.40", "decline_score": "0.95", "review_amount": 5_000_000},
        success=(Success(200, FraudThresholdsView),),
        errors=(404, 409),
    ),
)

FRAUD_POLICY: tuple[Route, ...] = (*RULES, *LISTS, *THRESHOLDS)
