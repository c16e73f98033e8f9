"""Every query about the fraud policy is served by an index, on either database."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from sikka.domain.change import Change
from sikka.domain.fraud.assessment import Decision
from sikka.domain.fraud.policy import (
    FraudListEntry,
    FraudRule,
    FraudThresholds,
    ListField,
    ListKind,
    RuleState,
)
from sikka.domain.fraud.rule_report import ReportRange
from sikka.journal.database import Database
from sikka.journal.fraud.policy import SqlFraudPolicy
from sikka.journal.fraud.rule_history import SqlRuleHistory
from sikka.journal.journal import SqlJournal
from sikka.ports import Page
from tests.integration.journal.fraud.test_rule_history import label
from tests.integration.journal.made import AT, MERCHANT_ID, creation, made_id, payment_of
from tests.integration.journal.test_explain import plans

PAGE = Page(limit=10)
RULE = "rul_01KE7ZT9S30000000000000001"
# Whose every twentieth row is.
OWNERS = {0: MERCHANT_ID, 1: None}
OVER = ReportRange(MERCHANT_ID, False, AT, AT + timedelta(seconds=60), 100)
OVER_ALL = ReportRange(None, False, AT, AT + timedelta(seconds=60), 100)


async def history(database: Database, over: ReportRange) -> None:
    async for chunk in SqlRuleHistory(database).chunks(over, 50):
        assert chunk


def policy(ask: Callable[[SqlFraudPolicy], Awaitable[Any]]) -> Callable[[Database], Awaitable[Any]]:
    return lambda database: ask(SqlFraudPolicy(database))


QUERIES: dict[str, Callable[[Database], Awaitable[Any]]] = {
    "revision": policy(lambda p: p.revision()),
    "rule": policy(lambda p: p.rule(RULE)),
    "rule_versions": policy(lambda p: p.rule_versions(MERCHANT_ID, "rule_7")),
    "rule_versions_of_all": policy(lambda p: p.rule_versions(None, "rule_7")),
    "rules_in": policy(lambda p: p.rules_in(MERCHANT_ID, RuleState.LIVE)),
    "rules_in_of_all": policy(lambda p: p.rules_in(None, RuleState.LIVE)),
    "rules": policy(lambda p: p.rules(MERCHANT_ID, PAGE)),
    "rules_of_all": policy(lambda p: p.rules(None, PAGE)),
    "rules_by_state": policy(lambda p: p.rules(MERCHANT_ID, PAGE, state=RuleState.LIVE)),
    "rules_by_name": policy(lambda p: p.rules(MERCHANT_ID, PAGE, name="rule_7")),
    "list_entry": policy(lambda p: p.list_entry("lst_1")),
    "entries_of": policy(lambda p: p.entries_of(MERCHANT_ID, ListField.USER, ["u1", "u2"])),
    "entries_of_all": policy(lambda p: p.entries_of(None, ListField.USER, ["u1", "u2"])),
    "list_entries": policy(lambda p: p.list_entries(MERCHANT_ID, PAGE)),
    "list_entries_of_all": policy(lambda p: p.list_entries(None, PAGE)),
    "list_entries_removed": policy(lambda p: p.list_entries(MERCHANT_ID, PAGE, removed=True)),
    "list_entries_by_value": policy(
        lambda p: p.list_entries(None, PAGE, kind=ListKind.BLOCK, field=ListField.USER, value="u7")
    ),
    "thresholds": policy(lambda p: p.thresholds(MERCHANT_ID)),
    "history": lambda database: history(database, OVER),
    "history_of_all": lambda database: history(database, OVER_ALL),
}


def rule(number: int) -> FraudRule:
    return FraudRule(
        id=made_id("rul", 7),
        bucket=7,
        merchant_id=OWNERS.get(number % 20, f"mer_{number:026}"),
        name=f"rule_{number % 40}",
        version=number,
        state=list(RuleState)[number % 4],
        expression="amount > 5",
        decision=Decision.REVIEW,
        reason="It is large.",
        backtest=None,
        created_by="key_1",
        created_at=AT + timedelta(seconds=number),
        updated_at=AT,
        revision=number + 2,
    )


def entry(number: int) -> FraudListEntry:
    return FraudListEntry(
        id=made_id("lst", 7),
        bucket=7,
        merchant_id=OWNERS.get(number % 20, f"mer_{number:026}"),
        kind=list(ListKind)[number % 2],
        field=list(ListField)[number % 5],
        value=f"u{number}",
        reason=None,
        created_by="key_1",
        created_at=AT + timedelta(seconds=number),
        removed_at=AT if number % 7 == 0 else None,
        revision=number + 2,
    )


@pytest.fixture
async def filled(journal: SqlJournal, database: Database) -> Database:
    """Enough rows that an optimiser has something to choose from."""
    made = [
        creation(
            at=AT + timedelta(seconds=number),
            merchant_id=MERCHANT_ID if number % 10 else f"mer_{number:026}",
        )
        for number in range(400)
    ]
    await asyncio.gather(*map(journal.commit, made))
    changes = [label(payment_of(each), True, AT) for each in made]
    changes += [Change(7, (rule(number), entry(number))) for number in range(400)]
    changes += [
        Change(7, (FraudThresholds(f"mer_{number}", 60, 95, None, None, "key_1", AT, 2),))
        for number in range(100)
    ]
    await asyncio.gather(*map(journal.commit, changes))
    for table in ("payments", "fraud_assessments", "fraud_rules", "fraud_lists", "fraud_labels"):
        async with database.engine.connect() as connection:
            verb = "ANALYZE TABLE" if database.dialect == "mysql" else "ANALYZE"
            (await connection.exec_driver_sql(f"{verb} {table}")).close()
    return database


async def test_every_query_about_the_policy_has_an_index(filled: Database) -> None:
    scans = {
        name: await plans(filled, lambda *_, ask=ask: ask(filled)) for name, ask in QUERIES.items()
    }
    assert {name: found for name, found in scans.items() if found} == {}
