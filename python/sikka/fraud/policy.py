"""What decides about payments, as it was at most a second ago: rules, lists, thresholds, models.

Nobody waits for a reading: a `Policy` is replaced as a whole when another one has been read, and
while the database is away the last one counts.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from sikka.background import end
from sikka.domain.fraud.policy import FraudRule, PolicyRows
from sikka.fraud.config import FraudConfig
from sikka.fraud.lists import Lists, configured
from sikka.fraud.models.active import ActiveModels
from sikka.fraud.round_trips import RoundTrips
from sikka.fraud.rules import Ruleset, language
from sikka.fraud.thresholds import Thresholds
from sikka.ports import Observer

log = logging.getLogger(__name__)

REFRESH_S = 1.0


class PolicyReader(Protocol):
    """Reads what decides."""

    async def policy_since(self, revision: int) -> PolicyRows:
        """All rows that were changed after a revision; from 0 on, all there are.

        What is retired or taken off is among them, so that it is dropped where it is known.
        """
        ...

    async def model_file(self, id: str) -> bytes:
        """The trees of a model.

        Raises:
            NotFound: there is no such model.
        """
        ...


@dataclass(frozen=True, slots=True)
class Policy:
    """What decides. It does not change.

    Args:
        revision: of the tables; 0 for the configuration alone.
        default: the thresholds of merchants that have none of their own.
    """

    revision: int
    ruleset: Ruleset
    lists: Lists
    models: ActiveModels
    default: Thresholds
    thresholds: Mapping[str, Thresholds] = field(default_factory=dict)

    def thresholds_of(self, merchant_id: str) -> Thresholds:
        """The thresholds that count for a merchant."""
        return self.thresholds.get(merchant_id, self.default)


class PolicyCache:
    """Keeps a `Policy` that is at most a second old.

    Args:
        config: what is so whatever the tables say.
        reader: of the tables; None for the configuration alone.
        observe: hears `fraud.policy_failed`, `fraud.policy_changed`, and what rules and models
            tell.
        round_trips: knows which payers are merchants; None looks for no round trips.
        refresh_s: how often the revision is looked at.
    """

    def __init__(
        self,
        config: FraudConfig,
        reader: PolicyReader | None,
        observe: Observer,
        *,
        round_trips: RoundTrips | None = None,
        refresh_s: float = REFRESH_S,
    ) -> None:
        self._config = config
        self._reader = reader
        self._round_trips = round_trips
        self._observe = observe
        self._refresh_s = refresh_s
        self._rules: dict[str, FraudRule] = {}
        self._following: asyncio.Task[None] | None = None
        self.current = Policy(
            0,
            self._ruleset(),
            Lists(configured(config)),
            ActiveModels(),
            Thresholds.configured(config),
        )
        self.stale = reader is not None

    async def open(self) -> None:
        """Read once, and go on reading in the background. What cannot be read is no failure."""
        if self._reader is None:
            return
        # A rule that is drafted later must not hold up whoever pays in that moment.
        await asyncio.to_thread(language.load)
        await self.refresh()
        self._following = asyncio.create_task(self._follow(), name="fraud policy")

    async def close(self) -> None:
        """Stop reading."""
        if self._following is not None:
            await end(self._following)

    async def refresh(self) -> None:
        """Read what was changed and put it in force; `stale` says whether that went well."""
        if self._reader is None:
            return
        try:
            rows = await self._reader.policy_since(self.current.revision)
            if rows.revision != self.current.revision:
                self.current = await self._with(rows, self._reader)
                self._observe("fraud.policy_changed", revision=rows.revision)
        except Exception as error:
            if not self.stale:
                log.exception("the fraud policy could not be read; the last one counts")
            self.stale = True
            self._observe("fraud.policy_failed", error=type(error).__name__)
        else:
            self.stale = False

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(self._refresh_s)
            await self.refresh()

    async def _with(self, rows: PolicyRows, reader: PolicyReader) -> Policy:
        before = self.current
        ruleset, models, thresholds = before.ruleset, before.models, before.thresholds
        if rows.rules:
            self._rules.update((rule.id, rule) for rule in rows.rules)
            ruleset = self._ruleset()
        if rows.models:
            models = await models.with_models(rows.models, reader.model_file, self._observe)
        if rows.thresholds:
            changed = {each.id: Thresholds.own(each) for each in rows.thresholds}
            thresholds = {**thresholds, **changed}
        lists = before.lists.with_entries(rows.entries) if rows.entries else before.lists
        return Policy(rows.revision, ruleset, lists, models, before.default, thresholds)

    def _ruleset(self) -> Ruleset:
        return Ruleset(
            self._config,
            self._rules.values(),
            round_trips=self._round_trips,
            observe=self._observe,
        )
