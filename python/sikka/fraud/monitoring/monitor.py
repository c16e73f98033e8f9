"""Watches the models at work, and writes down what it finds of each."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import msgspec

from sikka.domain.change import Amend, Change
from sikka.domain.errors import Conflict, Duplicate
from sikka.domain.fraud.model import FraudModel, ModelState
from sikka.domain.fraud.monitored import Monitored
from sikka.domain.fraud.report import Agreement, Cohort, Drift, FraudReport, ModelReport
from sikka.fraud.monitoring.alarms import alarms_of
from sikka.fraud.monitoring.comparison import History, compare
from sikka.fraud.monitoring.config import MonitoringConfig
from sikka.fraud.monitoring.drift import drift_of, reference_of
from sikka.fraud.monitoring.outcomes import Judged, cohort_of, judged
from sikka.fraud.monitoring.sample import Weighed, slices_of, weighed
from sikka.ports import Clock, Journal, Observer
from sikka_core import new_id

_log = logging.getLogger(__name__)

BUCKET = 0
SLICES = 24
OUTCOMES_MAX = 12_000
RECENT_MAX = 4_800
LABELLED_MAX = 20_000
AT_WORK = frozenset({ModelState.CHAMPION, ModelState.CHALLENGER, ModelState.SHADOW})

Guard = Callable[[int], Amend]
"""The fencing check that goes into every change of a bucket."""


class Reads(Protocol):
    """What is read to judge models. All raise Unavailable when the database is away."""

    async def assessed_between(
        self, begins_at: datetime, ends_at: datetime, limit: int, *, features: bool
    ) -> Sequence[Monitored]:
        """The earliest assessments from a moment on and before another, of both modes.

        Args:
            limit: at most so many.
            features: whether features are read as well.
        """
        ...

    async def labelled_since(self, at: datetime, limit: int) -> Sequence[Monitored]:
        """Payments of both modes with a label that arrived since then, the latest labels first.

        Args:
            limit: at most so many labels are looked at.
        """
        ...

    async def assessed(self, payment_ids: Collection[str]) -> Sequence[Monitored]:
        """The assessments of payments, with their features."""
        ...

    async def models(self, versions: Collection[str]) -> Sequence[FraudModel]:
        """The models that are at work, and those of these versions."""
        ...

    async def reports(self, versions: Collection[str]) -> Mapping[str, str]:
        """The ids of the reports of versions, as far as there are any."""
        ...


@dataclass(frozen=True, slots=True)
class _Period:
    """The payments of a stretch of time that a report is made of."""

    begins_at: datetime
    ends_at: datetime
    payments: Sequence[Judged]


@dataclass(frozen=True, slots=True)
class _Findings:
    """All that was read and is the same for every version."""

    now: datetime
    mature: _Period
    young: _Period
    recent: Sequence[Weighed]
    recent_from: datetime
    agreement: Agreement | None


class Monitor:
    """Makes a report of every version that decided or was asked, bounded in what it reads.

    Of long stretches of time a sample is read, evenly spread; all payments with a label are read,
    the latest `LABELLED_MAX` if there are more.

    Args:
        reads, history: where it reads.
        journal: where reports are written.
        clock: the time.
        observe: hears `fraud.monitored` with the reports, and `fraud.report_conflict`.
        config: what is watched.
    """

    def __init__(
        self,
        reads: Reads,
        history: History,
        journal: Journal,
        clock: Clock,
        observe: Observer,
        config: MonitoringConfig,
    ) -> None:
        self._reads = reads
        self._history = history
        self._journal = journal
        self._clock = clock
        self._observe = observe
        self._config = config
        self._delay = timedelta(seconds=config.label_delay_s)
        self._due_at: datetime | None = None

    async def run(self, guard: Guard) -> int:
        """Make the reports if they are due; return how many were written.

        Raises:
            Unavailable: the database is away.
        """
        now = self._clock.now()
        if self._due_at is not None and now < self._due_at:
            return 0
        reports = await self.reports(now)
        for report in reports:
            await self._write(report, guard, now)
        self._observe("fraud.monitored", reports=reports, at=now)
        # What failed above is tried again at once; what was written is not.
        self._due_at = now + timedelta(seconds=self._config.interval_s)
        return len(reports)

    async def reports(self, now: datetime) -> Sequence[ModelReport]:
        """The report of every version, by version.

        Raises:
            Unavailable: the database is away.
        """
        findings = await self._read(now)
        versions = _versions(findings)
        models = {each.version: each for each in await self._reads.models(versions)}
        versions |= {each.version for each in models.values() if each.state in AT_WORK}
        return [
            await asyncio.to_thread(self._report, version, models.get(version), findings)
            for version in sorted(versions)
        ]

    async def _read(self, now: datetime) -> _Findings:
        config = self._config
        matured = now - self._delay
        oldest = matured - timedelta(seconds=config.window_s)
        recent_from = now - timedelta(seconds=config.recent_s)
        found = await self._reads.labelled_since(oldest, LABELLED_MAX)
        labelled = [Weighed(each, 1.0) for each in self._of_mode(found)]
        return _Findings(
            now=now,
            mature=await self._period(oldest, matured, now, labelled),
            young=await self._period(matured, now, now, labelled),
            recent=await self._sample(recent_from, now, RECENT_MAX, features=True),
            recent_from=recent_from,
            agreement=await compare(
                self._history, self._reads, now, self._delay, livemode=config.livemode
            ),
        )

    async def _period(
        self, begins_at: datetime, ends_at: datetime, now: datetime, labelled: Sequence[Weighed]
    ) -> _Period:
        sample = await self._sample(begins_at, ends_at, OUTCOMES_MAX, features=False)
        own = [each for each in labelled if begins_at <= each.payment.assessed_at < ends_at]

        def truth(each: Weighed) -> bool | None:
            return each.payment.truth(now, self._delay)

        return _Period(begins_at, ends_at, await asyncio.to_thread(judged, sample, own, truth))

    async def _sample(
        self, begins_at: datetime, ends_at: datetime, most: int, *, features: bool
    ) -> list[Weighed]:
        limit = most // SLICES
        found = []
        for each in slices_of(begins_at, ends_at, SLICES):
            rows = await self._reads.assessed_between(
                each.begins_at, each.ends_at, limit, features=features
            )
            found += weighed(each, rows, limit)
        livemode = self._config.livemode
        return [each for each in found if each.payment.livemode is livemode]

    def _of_mode(self, payments: Sequence[Monitored]) -> list[Monitored]:
        return [each for each in payments if each.livemode is self._config.livemode]

    def _report(self, version: str, model: FraudModel | None, findings: _Findings) -> ModelReport:
        config = self._config
        own = [each for each in findings.recent if each.payment.model_version == version]
        assessed = sum(each.weight for each in own)
        stale = sum(each.weight for each in own if each.payment.features_stale)
        stale_share = stale / assessed if assessed else None
        mature, young = (
            self._cohort(version, findings.mature),
            self._cohort(version, findings.young),
        )
        drift = self._drift(version, model, findings)
        agreement = findings.agreement if own else None
        at_work = bool(own) or (model is not None and model.state in AT_WORK)
        alarms = alarms_of(
            config,
            assessed=round(assessed),
            stale_share=stale_share,
            mature=mature,
            drift=drift,
            agreement=agreement,
        )
        return ModelReport(
            model_version=version,
            state=model.state if model else None,
            assessed=round(assessed),
            stale_share=stale_share,
            mature=mature,
            young=young,
            drift=drift,
            agreement=agreement,
            alarms=alarms if at_work else [],
        )

    def _cohort(self, version: str, period: _Period) -> Cohort:
        return cohort_of(
            version,
            period.payments,
            period.begins_at,
            period.ends_at,
            review_score=self._config.review_score_hundredths / 100,
            decline_score=self._config.decline_score_hundredths / 100,
        )

    def _drift(self, version: str, model: FraudModel | None, findings: _Findings) -> Drift | None:
        if model is None:
            return None
        try:
            reference = reference_of(model.document)
        except msgspec.ValidationError as error:
            _log.error("the document of model %s does not say what was usual: %s", version, error)
            return None
        if reference is None:
            return None
        return drift_of(
            version,
            reference,
            findings.recent,
            findings.recent_from,
            findings.now,
            self._config.payments_min,
        )

    async def _write(self, report: ModelReport, guard: Guard, now: datetime) -> None:
        version = report.model_version
        document: dict[str, Any] = msgspec.to_builtins(report)
        found = await self._reads.reports([version])
        if version in found:
            values = {"report": document, "made_at": now}
            amends = (guard(BUCKET), Amend(FraudReport, found[version], {}, values))
            change = Change(BUCKET, (), amends)
        else:
            id = new_id("frp", BUCKET, int(now.timestamp() * 1_000))
            record = FraudReport(id, BUCKET, version, document, now)
            change = Change(BUCKET, (record,), (guard(BUCKET),))
        try:
            await self._journal.commit(change)
        except (Conflict, Duplicate):
            # Somebody else holds the lease by now, and makes this report.
            self._observe("fraud.report_conflict", version=version)


def _versions(findings: _Findings) -> set[str]:
    periods = (findings.mature.payments, findings.young.payments)
    payments = [each.weighed.payment for period in periods for each in period]
    payments += [each.payment for each in findings.recent]
    return {version for payment in payments for version in payment.versions()}
