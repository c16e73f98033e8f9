from __future__ import annotations

from sikka.domain.change import Change
from sikka.journal.database import Database
from sikka.journal.journal import SqlJournal
from sikka.journal.payees import SqlPayees
from tests.integration.journal.made import made_id, made_merchant


async def test_every_merchant_is_known_by_where_it_is_paid(
    journal: SqlJournal, database: Database
) -> None:
    assert await SqlPayees(database).payees() == []
    ids = sorted(made_id("mer", 7) for _ in range(3))
    for each in ids:
        await journal.commit(Change(7, (made_merchant(each),)))
    assert sorted(await SqlPayees(database).payees()) == [("chai@sikka", each) for each in ids]
