"""What decides about payments is read once, and then only what was changed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from sikka.domain.change import Change, amend
from sikka.domain.errors import NotFound
from sikka.domain.fraud.assessment import Decision
from sikka.domain.fraud.model import FraudModel, FraudModelFile, ModelState
from sikka.domain.fraud.policy import (
    REVISION_ID,
    FraudListEntry,
    FraudRevision,
    FraudRule,
    FraudThresholds,
    ListField,
    ListKind,
    PolicyRows,
    RuleState,
)
from sikka.journal.fraud.reads import SqlFraudReads
from sikka_core import new_id
from tests.integration.journal.made import AT, MERCHANT_ID

if TYPE_CHECKING:
    from sikka.journal.database import Database
    from sikka.journal.journal import SqlJournal

NOW_MS = int(AT.timestamp() * 1000)


def rule(revision: int) -> FraudRule:
    return FraudRule(
        id=new_id("rul", 7, NOW_MS),
        bucket=7,
        merchant_id=None,
        name="large_at_night",
        version=1,
        state=RuleState.LIVE,
        expression="amount > 100000 and transaction_hour < 5",
        decision=Decision.REVIEW,
        reason="A large amount at night.",
        backtest={"payments": 100, "frauds": 3},
        created_by="key_1",
        created_at=AT,
        updated_at=AT,
        revision=revision,
    )


def entry(revision: int) -> FraudListEntry:
    return FraudListEntry(
        id=new_id("fle", 7, NOW_MS),
        bucket=7,
        merchant_id=MERCHANT_ID,
        kind=ListKind.BLOCK,
        field=ListField.DEVICE,
        value="stolen",
        reason="reported",
        created_by="key_1",
        created_at=AT,
        expires_at=AT,
        revision=revision,
    )


def thresholds(revision: int) -> FraudThresholds:
    return FraudThresholds(MERCHANT_ID, 50, 101, 500_000, None, "key_1", AT, revision)


def model(revision: int) -> FraudModel:
    return FraudModel(
        id=new_id("mdl", 7, NOW_MS),
        bucket=7,
        version="upi-1",
        checksum="a" * 64,
        schema_version=1,
        training_data_hash="b" * 64,
        document={"metrics": {"average_precision": 0.7}},
        state=ModelState.CHAMPION,
        share_percent=0,
        created_by="operator",
        created_at=AT,
        updated_at=AT,
        promoted_by="operator",
        promoted_at=AT,
        revision=revision,
    )


async def revise(journal: SqlJournal, revision: int, *rows: Any) -> None:
    before = FraudRevision(REVISION_ID, revision - 1)
    step = amend(before, replace(before, revision=revision), expect=("revision",))
    await journal.commit(Change(7, rows, (step,)))


async def test_only_what_was_changed_since_a_revision_is_read(
    journal: SqlJournal, database: Database
) -> None:
    reads = SqlFraudReads(database)
    assert await reads.policy_since(0) == PolicyRows(1, [], [], [], [])
    rows = (rule(2), entry(2), thresholds(2), model(2))
    await revise(journal, 2, *rows)
    assert await reads.policy_since(1) == PolicyRows(2, *([each] for each in rows))
    later = entry(3)
    await revise(journal, 3, later)
    assert await reads.policy_since(2) == PolicyRows(3, [], [later], [], [])
    assert await reads.policy_since(3) == PolicyRows(3)


async def test_the_trees_of_a_model_come_back_byte_for_byte(
    journal: SqlJournal, database: Database
) -> None:
    reads, trees = SqlFraudReads(database), bytes(range(256)) * 1_000
    registered = model(2)
    await revise(journal, 2, registered, FraudModelFile(registered.id, trees))
    assert await reads.model_file(registered.id) == trees
    with pytest.raises(NotFound, match=r"^there are no trees of model mdl_1$"):
        await reads.model_file("mdl_1")
