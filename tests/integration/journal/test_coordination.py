"""Leases, replies and reference numbers among processes that know nothing of each other."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import insert

from sikka.domain.errors import Unavailable
from sikka.journal.database import Database
from sikka.journal.leases import SqlLeases
from sikka.journal.numbers import SqlReferenceNumbers
from sikka.journal.replies import SqlReplies
from sikka.journal.tables import sequences
from tests.integration.journal.made import AT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

NAMES = [f"relay/{number}" for number in range(16)]
LATER = AT + timedelta(seconds=31)


@pytest.fixture
async def other_database(database: Database, database_url: str) -> AsyncIterator[Database]:
    other = Database.open(database_url)
    yield other
    await other.close()


async def test_a_lease_has_one_holder_until_it_runs_out(database: Database) -> None:
    leases = SqlLeases(database)
    (mine,) = await leases.acquire(["relay/1"], "one", AT, 30, 1)
    assert mine.token == 1
    assert mine.expires_at == AT + timedelta(seconds=30)
    assert await leases.acquire(["relay/1"], "two", AT, 30, 1) == []
    (theirs,) = await leases.acquire(["relay/1"], "two", LATER, 30, 1)
    assert theirs.token == 2
    assert await leases.renew(mine, LATER, 30) is None
    renewed = await leases.renew(theirs, LATER, 60)
    assert renewed is not None
    assert renewed.token == 2
    assert renewed.expires_at == LATER + timedelta(seconds=60)


async def test_a_lease_that_is_given_back_is_free_and_its_token_grows_on(
    database: Database,
) -> None:
    leases = SqlLeases(database)
    (mine,) = await leases.acquire(["relay/1"], "one", AT, 30, 1)
    await leases.release(mine)
    (theirs,) = await leases.acquire(["relay/1"], "two", AT, 30, 1)
    assert theirs.token == 2
    await leases.release(mine)
    assert await leases.acquire(["relay/1"], "one", AT, 30, 1) == []


async def test_no_more_leases_are_taken_than_asked_for(database: Database) -> None:
    leases = SqlLeases(database)
    assert len(await leases.acquire(NAMES, "one", AT, 30, 5)) == 5
    assert await leases.acquire(NAMES, "one", AT, 30, 0) == []
    assert await leases.acquire([], "one", AT, 30, 5) == []
    assert len(await leases.acquire(NAMES, "two", AT, 30, 100)) == 11


async def test_contenders_share_the_leases_and_none_is_held_twice(
    database: Database, other_database: Database
) -> None:
    holders = [SqlLeases(each) for each in (database, other_database) for _ in range(4)]
    for at, token in ((AT, 1), (LATER, 2)):
        taken = await asyncio.gather(
            *(
                leases.acquire(NAMES, f"holder-{number}", at, 30, 16)
                for number, leases in enumerate(holders)
            )
        )
        won = [lease for leases in taken for lease in leases]
        assert sorted(lease.name for lease in won) == sorted(NAMES)
        assert {lease.token for lease in won} == {token}


async def test_the_first_reply_stays(database: Database, other_database: Database) -> None:
    until = AT + timedelta(minutes=5)
    assert await SqlReplies(database).take("SKA1") is None
    await SqlReplies(database).leave("SKA1", {"result": "SUCCESS", "name": "चाय"}, until)
    await SqlReplies(database).leave("SKA1", {"result": "FAILURE"}, until)
    found = await SqlReplies(other_database).take("SKA1")
    assert found == {"result": "SUCCESS", "name": "चाय"}
    assert await SqlReplies(database).take("SKA2") is None


async def test_reference_numbers_differ_among_tasks_and_processes(
    database: Database, other_database: Database
) -> None:
    sources = [
        SqlReferenceNumbers(each, block_size=7)
        for each in (database, other_database)
        for _ in range(3)
    ]
    numbers = await asyncio.gather(*(source.next_rrn(AT) for source in sources for _ in range(40)))
    assert len(set(numbers)) == 240
    assert {number[:4] for number in numbers} == {"6005"}


async def test_the_day_of_a_reference_number_is_indias(database: Database) -> None:
    numbers = SqlReferenceNumbers(database)
    eve = datetime(2026, 1, 5, 18, 29, 59, tzinfo=UTC)
    assert await numbers.next_rrn(eve) == "600500000000"
    assert await numbers.next_rrn(eve + timedelta(seconds=1)) == "600600000000"


async def test_numbers_are_not_handed_out_twice_when_the_day_is_used_up(
    database: Database,
) -> None:
    values = {"name": "rrn/2026-01-05", "next_value": 10**8 - 1}
    await database.execute(insert(sequences).values(values))
    numbers = SqlReferenceNumbers(database, block_size=1)
    assert await numbers.next_rrn(AT) == "600599999999"
    with pytest.raises(Unavailable, match="used up"):
        await numbers.next_rrn(AT)


def test_a_block_holds_at_least_one_number() -> None:
    with pytest.raises(ValueError, match="block_size"):
        SqlReferenceNumbers(Database.open("sqlite+aiosqlite:///x.db"), block_size=0)
