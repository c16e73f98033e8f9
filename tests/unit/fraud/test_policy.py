"""What decides changes as a whole, soon, and outlives a database that is away."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from sikka.domain.fraud.assessment import Decision
from sikka.domain.fraud.model import ModelState
from sikka.domain.fraud.policy import (
    FraudListEntry,
    FraudRule,
    FraudThresholds,
    ListField,
    ListKind,
    PolicyRows,
    RuleState,
)
from sikka.fraud.config import FraudConfig
from sikka.fraud.policy import PolicyCache
from sikka_core import FeatureStore
from tests.unit.fraud.models.made import row
from tests.unit.fraud.observed import facts
from tests.unit.fraud.requests import AT, request

ENTRY = FraudListEntry(
    "fle_1", 7, None, ListKind.BLOCK, ListField.DEVICE, "device-1", None, "key_1", AT, revision=2
)
RULE = FraudRule(
    "rul_1", 7, None, "large", 1, RuleState.LIVE, "amount > 1000", Decision.REVIEW, "Large.",
    None, "key_1", AT, AT, 2,
)  # fmt: skip
MODEL, FILE = row("upi-1", ModelState.CHAMPION)
VECTOR = FeatureStore().observe("pay_1", 0, 129_900, user="user_7")


class Tables:
    """The tables, as a reader of them."""

    def __init__(self) -> None:
        self.rows = PolicyRows(1)
        self.asked: list[int] = []
        self.error: Exception | None = None
        self.files = {MODEL.id: FILE}

    async def policy_since(self, revision: int) -> PolicyRows:
        self.asked.append(revision)
        if self.error is not None:
            raise self.error
        return self.rows if self.rows.revision != revision else PolicyRows(revision)

    async def model_file(self, id: str) -> bytes:
        return self.files[id]


class Heard:
    def __init__(self) -> None:
        self.facts: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, what: str, /, **facts: Any) -> None:
        self.facts.append((what, facts))


def cache(tables: Tables, heard: Heard | None = None, **options: Any) -> PolicyCache:
    return PolicyCache(FraudConfig(), tables, heard or Heard(), **options)


async def test_what_the_tables_hold_is_in_force_after_one_reading() -> None:
    tables = Tables()
    tables.rows = PolicyRows(
        2, [RULE], [ENTRY], [FraudThresholds("mer_1", 10, 20, None, None, "key_1", AT, 2)], [MODEL]
    )
    policies = cache(tables)
    assert policies.stale
    await policies.refresh()
    policy = policies.current
    assert (policies.stale, policy.revision) == (False, 2)
    listing = policy.lists.find(request(), AT)
    assert listing is not None
    assert listing.name == "block_list_device"
    names = [each.name for each in policy.ruleset.evaluate(facts(request())).violations]
    assert names == ["large"]
    assert policy.thresholds_of("mer_1").decline_score_hundredths == 20
    assert policy.thresholds_of("mer_2").decline_score_hundredths == 95
    judged = policy.models.judge("pay_1", VECTOR)
    assert judged is not None
    assert judged.version == "upi-1"


async def test_only_what_was_changed_is_read_and_the_rest_stays_in_force() -> None:
    tables = Tables()
    tables.rows = PolicyRows(2, [RULE], [ENTRY])
    policies = cache(tables)
    await policies.refresh()
    await policies.refresh()
    tables.rows = PolicyRows(3, [replace(RULE, state=RuleState.RETIRED, revision=3)])
    await policies.refresh()
    assert tables.asked == [0, 2, 2]
    assert policies.current.ruleset.evaluate(facts(request())).violations == []
    assert policies.current.lists.find(request(), AT) is not None


async def test_a_payment_under_way_keeps_the_policy_that_it_began_with() -> None:
    tables = Tables()
    policies = cache(tables)
    await policies.refresh()
    begun = policies.current
    tables.rows = PolicyRows(2, [], [ENTRY])
    await policies.refresh()
    assert begun.lists.find(request(), AT) is None
    assert policies.current.lists.find(request(), AT) is not None


async def test_a_database_that_is_away_leaves_the_last_policy_in_force_and_says_so() -> None:
    tables, heard = Tables(), Heard()
    tables.rows = PolicyRows(2, [], [ENTRY])
    policies = cache(tables, heard)
    await policies.refresh()
    tables.error = RuntimeError("away")
    await policies.refresh()
    assert policies.stale
    assert policies.current.lists.find(request(), AT) is not None
    assert heard.facts[-1] == ("fraud.policy_failed", {"error": "RuntimeError"})
    tables.error = None
    await policies.refresh()
    assert not policies.stale


async def test_a_database_that_is_away_at_the_start_is_no_failure() -> None:
    tables = Tables()
    tables.error = RuntimeError("away")
    policies = PolicyCache(FraudConfig(blocked_devices=("device-1",)), tables, Heard())
    await policies.open()
    assert policies.stale
    assert policies.current.lists.find(request(), AT) is not None
    await policies.close()


async def test_changes_come_into_force_without_being_asked_for() -> None:
    tables = Tables()
    policies = cache(tables, refresh_s=0.001)
    await policies.open()
    tables.rows = PolicyRows(2, [], [ENTRY])
    async with asyncio.timeout(10):
        while policies.current.revision != 2:  # noqa: ASYNC110 - nothing tells of it but this
            await asyncio.sleep(0.001)
    await policies.close()
    asked = len(tables.asked)
    await asyncio.sleep(0.01)
    assert len(tables.asked) == asked


async def test_closing_ends_the_reading_even_when_the_reader_misses_its_end() -> None:
    class Deaf(Tables):
        reading = asyncio.Event()
        missed = 0

        async def policy_since(self, revision: int) -> PolicyRows:
            self.reading.set()
            if self.asked and not self.missed:
                try:
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    self.missed += 1
            return await super().policy_since(revision)

    tables = Deaf()
    policies = cache(tables, refresh_s=0.001)
    await policies.open()
    tables.reading.clear()
    await tables.reading.wait()
    async with asyncio.timeout(10):
        await policies.close()
    assert tables.missed == 1


async def test_without_tables_the_configuration_decides_and_nothing_is_stale() -> None:
    policies = PolicyCache(FraudConfig(), None, Heard())
    await policies.open()
    assert not policies.stale
    assert policies.current.models.judge("pay_1", VECTOR) is None
    await policies.close()
