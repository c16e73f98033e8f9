"""The migrations make the schema that the program expects, and take it back, on both databases."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, select, text
from sqlalchemy.ext.asyncio import create_async_engine

from sikka.domain.errors import Unavailable
from sikka.journal import migrate
from sikka.journal.tables import audit_heads, metadata

if TYPE_CHECKING:
    from collections.abc import Callable


async def on(url: str, work: Callable[[Connection], Any]) -> Any:
    engine = create_async_engine(url)
    async with engine.connect() as connection:
        answer = await connection.run_sync(work)
    await engine.dispose()
    return answer


def definitions(connection: Connection) -> dict[str, str]:
    """How the database itself words each table and index, without the migrations' own table."""
    names = [name for name in inspect(connection).get_table_names() if name != "alembic_version"]
    if connection.dialect.name == "sqlite":
        query = text("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
        return {
            name: " ".join(sorted(re.split(r"[\s,()]+", sql)))
            for name, sql in connection.execute(query)
            if name != "alembic_version"
        }
    found = {}
    for name in names:
        sql = str(connection.execute(text(f"SHOW CREATE TABLE `{name}`")).one()[1])
        found[name] = "\n".join(sorted(line.strip(" ,") for line in sql.splitlines()))
    return found


async def test_the_migrations_make_what_the_tables_say_to_the_letter(database_url: str) -> None:
    await migrate.upgrade(database_url)
    migrated = await on(database_url, definitions)
    await migrate.downgrade(database_url, "base")

    def create(connection: Connection) -> dict[str, str]:
        metadata.create_all(connection)
        return definitions(connection)

    assert await on(database_url, create) == migrated


async def test_alembic_sees_no_difference(database_url: str) -> None:
    await migrate.upgrade(database_url)

    def compare(connection: Connection) -> Any:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return compare_metadata(context, metadata)

    assert await on(database_url, compare) == []


async def test_the_way_back_leaves_nothing_and_the_way_forth_can_be_gone_again(
    database_url: str,
) -> None:
    assert await migrate.current(database_url) is None
    await migrate.upgrade(database_url)
    assert await migrate.current(database_url) == migrate.head() == "0004"
    await migrate.downgrade(database_url, "base")
    assert await migrate.current(database_url) is None
    left = await on(database_url, lambda connection: inspect(connection).get_table_names())
    assert left == ["alembic_version"]
    await migrate.upgrade(database_url)
    await migrate.upgrade(database_url)
    assert await migrate.current(database_url) == "0004"


async def test_every_bucket_has_the_end_of_its_audit_chain(database_url: str) -> None:
    await migrate.upgrade(database_url)
    query = select(audit_heads.c.bucket, audit_heads.c.sequence, audit_heads.c.hash)
    rows = await on(database_url, lambda connection: list(connection.execute(query)))
    assert sorted(tuple(row) for row in rows) == [(each, 0, "0" * 64) for each in range(4096)]


async def test_the_four_tables_of_the_plan_have_its_columns(database_url: str) -> None:
    await migrate.upgrade(database_url)
    plan = {
        "payments": "id user_id merchant_id amount currency payment_method status external_txn_id "
        "description metadata created_at updated_at",
        "upi_transactions": "id payment_id payer_vpa payee_vpa npci_txn_id bank_ref_id rrn "
        "approval_code response_code status_message created_at",
        "card_transactions": "id payment_id card_token card_brand card_type last_four_digits "
        "auth_code gateway_txn_id gateway_response created_at",
        "fraud_assessments": "id payment_id risk_score risk_level model_version features "
        "violations decision processed_at",
    }

    def columns(connection: Connection) -> dict[str, set[str]]:
        return {
            name: {each["name"] for each in inspect(connection).get_columns(name)} for name in plan
        }

    found = await on(database_url, columns)
    missing = {name: set(words.split()) - found[name] for name, words in plan.items()}
    assert missing == {name: set() for name in plan}


async def test_a_database_that_is_away_is_said_to_be() -> None:
    # Nobody listens on the port of the TCP multiplexer.
    with pytest.raises(Unavailable):
        await migrate.upgrade("mysql+asyncmy://root@127.0.0.1:1/sikka")


def test_the_migrations_are_found() -> None:
    assert (migrate.scripts() / "env.py").is_file()
    assert list(migrate.scripts().glob("versions/0001_*.py"))


async def test_lists_outlive_the_way_to_the_wider_lists_and_back(database_url: str) -> None:
    await migrate.upgrade(database_url, "0001")
    entry = {
        "id": "fle_1", "merchant_id": None, "kind": "block", "field": "user_id",
        "value": "user_7", "note": "stolen phone", "created_at": "2026-01-01 00:00:00",
    }  # fmt: skip
    columns = ", ".join(entry)

    def insert(connection: Connection) -> None:
        names = ", ".join(f":{name}" for name in entry)
        connection.execute(text(f"INSERT INTO fraud_lists ({columns}) VALUES ({names})"), entry)
        connection.commit()

    def read(what: str) -> Callable[[Connection], list[tuple[Any, ...]]]:
        return lambda connection: [
            tuple(row) for row in connection.execute(text(f"SELECT {what} FROM fraud_lists"))
        ]

    await on(database_url, insert)
    await migrate.upgrade(database_url)
    wide = "id, field, value, reason, removed_at, revision"
    assert await on(database_url, read(wide)) == [
        ("fle_1", "user", "user_7", "stolen phone", None, 1)
    ]
    await migrate.downgrade(database_url, "0001")
    narrow = "id, field, value, note"
    assert await on(database_url, read(narrow)) == [("fle_1", "user_id", "user_7", "stolen phone")]
