from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sikka.domain.errors import InvalidRequest
from sikka.domain.fraud.assessment import Decision
from sikka.domain.fraud.rule_report import PastPayment, ReportRange
from sikka.fraud.trials import Trials
from tests.unit.fraud.requests import AT, Now, request
from tests.unit.fraud.rules.test_ruleset import rule

OVER = ReportRange("mer_1", False, AT - timedelta(days=7), AT, 1_000)


class History:
    """Past payments in chunks of two; tells whether it was closed."""

    def __init__(self, *payments: PastPayment) -> None:
        self.payments = payments
        self.closed = 0
        self.begun: asyncio.Event | None = None
        self.gate: asyncio.Event | None = None

    async def chunks(self, over: ReportRange) -> AsyncGenerator[Sequence[PastPayment]]:
        try:
            for start in range(0, min(len(self.payments), over.rows_max), 2):
                if self.begun is not None and self.gate is not None:
                    self.begun.set()
                    await self.gate.wait()
                yield self.payments[start : start + 2]
        finally:
            self.closed += 1


def past(hours: float = 0.0, amount_minor: int = 1_000, **values: Any) -> PastPayment:
    plain = PastPayment(
        request(-3_600 * hours, amount_minor=amount_minor), {}, None, (), Decision.APPROVE, None
    )
    return replace(plain, **values)


def always() -> bool:
    return True


async def test_a_backtest_counts_what_a_rule_would_have_changed_and_found() -> None:
    history = History(
        past(1, 9_000, fraud=True),
        past(2, 8_000, fraud=False, decision=Decision.REVIEW),
        past(3, 7_000),
        past(30, 100, fraud=True),
        past(31, 200, fraud=False),
        past(32, 300),
    )
    report = await Trials(history, Now()).backtest(rule("amount > 5000"), OVER, always)
    assert (report.source, report.ran_at, report.complete) == ("backtest", AT, True)
    assert (report.payments, report.matched) == (6, 3)
    assert report.matched_amount == {"INR": 24_000}
    assert report.decided == {"APPROVE": 2, "DECLINE": 0, "REVIEW": 1}
    assert (report.labelled, report.frauds, report.fraud_amount) == (4, 2, {"INR": 9_100})
    assert (report.matched_labelled, report.matched_frauds) == (2, 1)
    assert report.matched_fraud_amount == {"INR": 9_000}
    assert (report.precision, report.recall) == (0.5, 0.5)
    days = [(each.day, each.payments, each.matched, each.frauds, each.matched_frauds)
            for each in report.days]  # fmt: skip
    assert days == [("2026-11-21", 2, 0, 0, 0), ("2026-11-22", 1, 0, 1, 0),
                    ("2026-11-23", 3, 3, 1, 1)]  # fmt: skip
    assert history.closed == 1


async def test_features_are_those_that_were_stored_and_what_is_no_number_is_missing() -> None:
    history = History(
        past(features={"user_count_10m": 7.0}, score=0.9),
        past(features={"user_count_10m": 7, "new_device": True}, score=0.9),
        past(features={"user_count_10m": "7"}, score=0.9),
        past(features={"user_count_10m": None}, score=0.9),
        past(features={"user_count_10m": 7.0}, score=None),
        past(features={}, score=0.9),
    )
    trials = Trials(history, Now())
    report = await trials.backtest(rule("user_count_10m > 5 and score > 0.5"), OVER, always)
    assert (report.payments, report.matched) == (6, 2)
    report = await trials.backtest(rule("new_device == 1"), OVER, always)
    assert report.matched == 1


async def test_without_labels_there_is_nothing_to_take_a_share_of() -> None:
    report = await Trials(History(past()), Now()).backtest(rule("amount > 5"), OVER, always)
    assert (report.precision, report.recall) == (None, None)
    nothing = await Trials(History(), Now()).backtest(rule("amount > 5"), OVER, always)
    assert (nothing.payments, nothing.complete, nothing.covered_since) == (0, True, OVER.since)


async def test_a_report_ends_at_its_bound_of_rows_and_says_how_far_it_got() -> None:
    history = History(*(past(hour) for hour in range(8)))
    over = replace(OVER, rows_max=4)
    report = await Trials(history, Now()).backtest(rule("amount > 5"), over, always)
    assert (report.payments, report.complete) == (4, False)
    assert report.covered_since == AT - timedelta(hours=3)


async def test_a_report_ends_when_its_time_is_up() -> None:
    history = History(*(past(hour) for hour in range(8)))
    trials = Trials(history, Now(), seconds_max=0.0)
    report = await trials.backtest(rule("amount > 5"), OVER, always)
    assert (report.payments, report.complete, history.closed) == (2, False, 1)


async def test_a_report_ends_when_nobody_wants_it() -> None:
    history, asked = History(*(past(hour) for hour in range(8))), iter([True, False])
    report = await Trials(history, Now()).backtest(rule("amount > 5"), OVER, lambda: next(asked))
    assert (report.payments, report.complete, history.closed) == (4, False, 1)


async def test_one_report_is_made_after_the_other() -> None:
    history = History(past())
    history.begun, history.gate = asyncio.Event(), asyncio.Event()
    trials = Trials(history, Now())
    first = asyncio.create_task(trials.backtest(rule("amount > 5"), OVER, always))
    await history.begun.wait()
    second = asyncio.create_task(trials.backtest(rule("amount > 5"), OVER, always))
    await asyncio.sleep(0)
    assert history.closed == 0
    history.gate.set()
    assert [(await each).payments for each in (first, second)] == [1, 1]


async def test_a_report_that_is_cancelled_makes_room_for_the_next() -> None:
    history = History(past())
    history.begun, history.gate = asyncio.Event(), asyncio.Event()
    trials = Trials(history, Now())
    task = asyncio.create_task(trials.backtest(rule("amount > 5"), OVER, always))
    await history.begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert history.closed == 1
    history.gate.set()
    assert (await trials.backtest(rule("amount > 5"), OVER, always)).payments == 1


async def test_hits_are_what_this_version_said_in_shadow() -> None:
    said = {"rule": "large", "id": "rul_1", "decision": "DECLINE"}
    history = History(
        past(shadow=[said], fraud=True),
        past(shadow=[{**said, "id": "rul_2"}]),
        past(shadow=[{**said, "id": "rul_2"}, said], decision=Decision.REVIEW),
        past(),
    )
    report = await Trials(history, Now()).hits(rule("amount < 0"), OVER, always)
    assert (report.source, report.payments, report.matched) == ("shadow", 4, 2)
    assert report.decided == {"APPROVE": 1, "DECLINE": 0, "REVIEW": 1}
    assert (report.matched_frauds, report.precision) == (1, 1.0)


async def test_an_expression_of_an_older_language_is_refused_and_not_guessed() -> None:
    with pytest.raises(InvalidRequest):
        await Trials(History(past()), Now()).backtest(rule("gone > 5"), OVER, always)


def test_a_rule_may_not_be_called_like_a_built_in_one() -> None:
    trials = Trials(History(), Now())
    trials.check("large", "amount > 5")
    for name in ("amount_review", "velocity_ip_10m", "rule_skipped", "allow_list_user"):
        with pytest.raises(InvalidRequest) as caught:
            trials.check(name, "amount > 5")
        assert caught.value.param == "name"
