"""The registry of models as it is read: what is in it, and what serves each query."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from sikka.domain.change import Change
from sikka.domain.fraud.model import FraudModel, ModelState
from sikka.journal.fraud.models import SqlFraudModels
from sikka.ports import Page
from sikka_core import new_id
from tests.integration.journal.made import AT
from tests.integration.journal.test_explain import plans

if TYPE_CHECKING:
    from sikka.journal.database import Database
    from sikka.journal.journal import SqlJournal

NOW_MS = int(AT.timestamp() * 1000)
COUNT = 300


def model(number: int, state: ModelState = ModelState.REGISTERED, **values: Any) -> FraudModel:
    at = AT + timedelta(minutes=number)
    plain = FraudModel(
        id=new_id("mdl", 7, NOW_MS + 60_000 * number),
        bucket=7,
        version=f"v{number}",
        checksum="c" * 64,
        schema_version=1,
        training_data_hash="d" * 64,
        document={"metrics": {"average_precision": 0.7}},
        state=state,
        share_percent=0,
        created_by="key_1",
        created_at=at,
        updated_at=at,
        promoted_by=None,
        promoted_at=None,
        revision=number,
    )
    return replace(plain, **values)


def champion(number: int, state: ModelState = ModelState.RETIRED) -> FraudModel:
    return model(number, state, promoted_by="key_1", promoted_at=AT + timedelta(minutes=number))


async def written(journal: SqlJournal, *models: FraudModel) -> None:
    await journal.commit(Change(7, models))


async def test_an_empty_registry_has_nobody(database: Database) -> None:
    reads = SqlFraudModels(database)
    assert await reads.model("v1") is None
    assert await reads.models(Page(10)) == []
    assert await reads.in_force() == {}
    assert await reads.champion_before(None) is None


async def test_a_model_is_found_by_its_version_whatever_its_case(
    journal: SqlJournal, database: Database
) -> None:
    made = model(1)
    await written(journal, made)
    reads = SqlFraudModels(database)
    assert await reads.model("v1") == made
    assert await reads.model("V1") is None


async def test_models_are_listed_newest_first_and_page_by_page(
    journal: SqlJournal, database: Database
) -> None:
    made = [model(number) for number in range(5)]
    await written(journal, *made)
    reads = SqlFraudModels(database)
    assert await reads.models(Page(10)) == made[::-1]
    assert await reads.models(Page(1, starting_after=made[3].id)) == [made[2], made[1]]
    assert await reads.models(Page(1, ending_before=made[1].id)) == [made[3], made[2]]


async def test_those_in_force_are_told_by_their_place(
    journal: SqlJournal, database: Database
) -> None:
    made = [
        champion(1, ModelState.CHAMPION),
        model(2, ModelState.CHALLENGER, share_percent=5),
        model(3, ModelState.SHADOW),
    ]
    await written(journal, *made, model(4), champion(5))
    assert await SqlFraudModels(database).in_force() == {each.state: each for each in made}


async def test_the_champion_before_is_the_retired_one_that_was_promoted_last(
    journal: SqlJournal, database: Database
) -> None:
    one, two, three = champion(1), champion(2), champion(3)
    beside = champion(4, ModelState.SHADOW)
    never = model(5, ModelState.RETIRED)
    await written(journal, one, two, three, beside, never)
    reads = SqlFraudModels(database)
    assert await reads.champion_before(None) == three
    assert await reads.champion_before(three.promoted_at) == two
    assert await reads.champion_before(one.promoted_at) is None


@pytest.fixture
async def filled(journal: SqlJournal, database: Database) -> Database:
    """A registry of many models, and an optimiser that knows it."""
    retired = [champion(number) for number in range(COUNT)]
    waiting = [model(number) for number in range(COUNT, 2 * COUNT)]
    places = (ModelState.CHAMPION, ModelState.CHALLENGER, ModelState.SHADOW)
    in_force = [model(2 * COUNT + number, state) for number, state in enumerate(places)]
    await written(journal, *retired, *waiting, *in_force)
    async with database.engine.connect() as connection:
        verb = "ANALYZE TABLE" if database.dialect == "mysql" else "ANALYZE"
        (await connection.exec_driver_sql(f"{verb} fraud_models")).close()
    return database


async def test_every_query_of_the_registry_has_an_index(filled: Database) -> None:
    reads = SqlFraudModels(filled)
    asked = {
        "model": lambda: reads.model("v1"),
        "models": lambda: reads.models(Page(10)),
        "in_force": reads.in_force,
        "champion_before": lambda: reads.champion_before(AT + timedelta(minutes=9)),
        "latest_champion": lambda: reads.champion_before(None),
    }
    scans = {name: await plans(filled, lambda *_, ask=ask: ask()) for name, ask in asked.items()}
    assert {name: found for name, found in scans.items() if found} == {}
