"""The models at work, watched on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from sikka.domain.fraud.assessment import Decision
from sikka.domain.fraud.model import ModelState
from sikka.domain.fraud.report import Alarm, ModelReport, report_view
from sikka.domain.payment import Stage, Status
from sikka.fraud.models.distribution import Distribution
from sikka.fraud.models.document import Reference
from sikka.ports import Lease
from tests.integration.fraud.watched import VERSION, Watched, watched_on

DAY_S = 86_400.0
REFUSED = {"status": Status.FAILED, "stage": Stage.DECLINED, "decision": Decision.DECLINE}
REFERENCE = Reference(
    features={
        "amount": Distribution((300_000.0, 600_000.0), (0.3, 0.4, 0.3, 0.0)),
        "ip_count_10m": Distribution((2.0,), (0.9, 0.1, 0.0)),
    },
    score=Distribution((0.5,), (0.9, 0.1, 0.0)),
)


@pytest.fixture
async def watched(database_url: str) -> AsyncIterator[Watched]:
    async with watched_on(database_url) as watched:
        yield watched


async def only(watched: Watched, **values: Any) -> ModelReport:
    await watched.monitor(**values).run(watched.guard)
    (record,) = await watched.reports()
    return report_view(record).report


async def test_outcomes_are_counted_once_the_truth_is_known(watched: Watched) -> None:
    caught = [await watched.pay(**REFUSED) for _ in range(3)]
    false_alarm = await watched.pay(decision=Decision.REVIEW)
    missed = await watched.pay()
    for _ in range(6):
        await watched.pay()
    await watched.pay(livemode=False)
    watched.clock.forward(5 * DAY_S)
    await watched.label(caught[0], fraud=True)
    await watched.label(caught[1], fraud=True)
    await watched.label(missed, fraud=True)
    report = await only(watched)
    # While payments are young, frauds alone are known.
    young = report.young.decisions
    assert (young.true_positives, young.false_negatives, young.recall) == (2, 1, 2 / 3)
    assert (report.young.known, report.young.unknown) == (3, 8)
    assert report.mature.known == 0
    watched.clock.forward(26 * DAY_S)
    mature = (await only(watched)).mature
    decisions = mature.decisions
    assert (decisions.true_positives, decisions.false_positives) == (2, 1)
    assert (decisions.true_negatives, decisions.false_negatives) == (6, 1)
    assert decisions.precision == 2 / 3
    assert decisions.false_positive_rate == 1 / 7
    # The third that was refused nobody has named: it is unknown what it was.
    assert (mature.known, mature.unknown) == (10, 1)
    assert mature.review_score.recall == 0.0
    await watched.label(false_alarm, fraud=True)
    assert (await only(watched)).mature.decisions.false_positives == 0


async def test_drift_is_told_by_feature_and_score_of_every_model_at_work(
    watched: Watched,
) -> None:
    document = msgspec.json.decode(msgspec.json.encode({"reference": REFERENCE}))
    await watched.register(document)
    await watched.register(document, id="mdl_2", version="m-2", state=ModelState.SHADOW)
    await watched.register(document, id="mdl_3", version="m-3", state=ModelState.RETIRED)
    for _ in range(30):
        watched.clock.forward(60)
        await watched.pay(model_score_millionths=900_000)
    await watched.pay(features_stale=True, change={"amount": 10**9})
    watched.clock.forward(1)
    await watched.monitor().run(watched.guard)
    reports = {each.model_version: report_view(each).report for each in await watched.reports()}
    assert reports.keys() == {"m-1", "m-2"}
    drift = reports["m-1"].drift
    assert drift is not None
    assert drift.payments == 30
    assert drift.score_psi is not None
    assert drift.score_psi > 1.5
    # Nobody of these payments has an address.
    assert [each.name for each in drift.features] == ["ip_count_10m", "amount"]
    assert drift.features[0].psi > 5
    assert drift.features[1].psi < 0.5
    assert reports["m-1"].stale_share == 1 / 31
    assert Alarm.SCORE_DRIFT in reports["m-1"].alarms
    assert Alarm.FEATURE_DRIFT in reports["m-1"].alarms
    shadow = reports["m-2"]
    assert (shadow.state, shadow.assessed, shadow.stale_share) == ("shadow", 0, None)
    assert shadow.drift is not None
    assert (shadow.drift.score_psi, shadow.drift.features) == (None, drift.features)
    assert shadow.agreement is None


async def test_what_was_served_comes_out_again_with_labels_and_all(watched: Watched) -> None:
    for number in range(60):
        watched.clock.forward(18_000)
        payment = await watched.pay()
        if number % 7 == 0:
            watched.clock.forward(3_600)
            await watched.label(payment, fraud=number % 2 == 0)
    watched.clock.forward(120)
    agreement = (await only(watched)).agreement
    assert agreement is not None
    # Of merchants and devices the last day alone is read; of customers everything.
    assert agreement.differing_share == 0.0
    assert {each.name for each in agreement.features if each.differing_share} == set()
    compared = {each.name: each.compared for each in agreement.features}
    assert compared["user_frauds_30d"] == compared["user_age_s"] == agreement.payments > 0
    assert "merchant_age_s" in agreement.not_compared
    assert {"ip_count_10m", "distance_km"} & set(agreement.not_compared) == {"ip_count_10m"}


async def test_in_a_young_house_everything_is_compared(watched: Watched) -> None:
    for _ in range(40):
        watched.clock.forward(1_200)
        await watched.pay()
    watched.clock.forward(120)
    agreement = (await only(watched)).agreement
    assert agreement is not None
    assert (agreement.payments, agreement.history) == (25, 15)
    assert agreement.differing_share == 0.0
    without = {name.partition("_")[0] for name in agreement.not_compared}
    assert without == {"ip"}


async def test_a_memory_that_lost_payments_is_found_out(watched: Watched) -> None:
    for number in range(40):
        watched.clock.forward(600)
        change = {"user_count_7d": 1.0, "user_age_s": 0.0} if number % 4 == 0 else {}
        await watched.pay(change=change)
    watched.clock.forward(120)
    report = await only(watched)
    assert report.agreement is not None
    share = report.agreement.differing_share
    assert share is not None
    assert 0.2 < share < 0.3
    assert {each.name for each in report.agreement.features[:2]} == {"user_count_7d", "user_age_s"}
    assert Alarm.DIFFERENT_VECTORS in report.alarms


async def test_one_report_a_version_is_kept_and_it_is_made_when_it_is_due(
    watched: Watched,
) -> None:
    monitor = watched.monitor(interval_s=300.0)
    await watched.pay()
    watched.clock.forward(1)
    assert [await monitor.run(watched.guard) for _ in range(2)] == [1, 0]
    (first,) = await watched.reports()
    watched.clock.forward(300)
    assert await monitor.run(watched.guard) == 1
    (second,) = await watched.reports()
    assert (second.id, second.model_version) == (first.id, VERSION)
    assert second.made_at > first.made_at
    told = watched.heard("fraud.monitored")
    assert [len(each["reports"]) for each in told] == [1, 1]


async def test_a_worker_that_lost_its_lease_writes_nothing(watched: Watched) -> None:
    await watched.pay()
    watched.clock.forward(1)
    await watched.monitor().run(watched.guard)
    before = await watched.reports()
    stale = watched.lease
    watched.lease = Lease(stale.name, "gone", stale.token + 1, stale.expires_at)
    watched.clock.forward(60)
    await watched.monitor().run(watched.guard)
    assert await watched.reports() == before
    assert watched.heard("fraud.report_conflict") == [{"version": VERSION}]


async def test_two_that_report_at_once_leave_one_report(watched: Watched) -> None:
    await watched.pay()
    watched.clock.forward(1)
    await asyncio.gather(*(watched.monitor().run(watched.guard) for _ in range(4)))
    assert len(await watched.reports()) == 1


async def test_a_document_that_cannot_be_read_hides_nothing_else(watched: Watched) -> None:
    await watched.register({"reference": {"features": 1}})
    await watched.pay()
    watched.clock.forward(1)
    report = await only(watched)
    assert (report.drift, report.assessed) == (None, 1)


async def test_a_sample_of_many_payments_stands_for_all(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sikka.fraud.monitoring.monitor.OUTCOMES_MAX", 24 * 4)
    for number in range(240):
        watched.clock.forward(30.0)
        await watched.pay(decision=Decision.REVIEW if number % 2 else Decision.APPROVE)
    watched.clock.forward(30 * DAY_S)
    report = await only(watched, window_s=7_200.0)
    decisions = report.mature.decisions
    total = decisions.false_positives + decisions.true_negatives
    assert total == pytest.approx(240, rel=0.2)
    assert decisions.false_positive_rate == pytest.approx(0.5, abs=0.1)
