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


async def test_what_was_held_and_decided_outlives_the_way_to_the_queue_and_back(
    database_url: str,
) -> None:
    await migrate.upgrade(database_url, "0002")
    decisions = {
        "waits": ("PENDING", "in_review", None),
        "approved": ("SUCCESS", "captured", ("APPROVE", "known customer")),
        "declined": ("FAILED", "cancelled", ("DECLINE", None)),
        "expired": ("EXPIRED", "expired", None),
        "passed": ("SUCCESS", "captured", None),
    }

    def insert(connection: Connection) -> None:
        for name, (status, stage, decision) in decisions.items():
            held = "APPROVE" if name == "passed" else "REVIEW"
            connection.execute(
                text(_PAYMENT), {"id": f"pay_{name}", "status": status, "stage": stage}
            )
            connection.execute(text(_ASSESSMENT), {"id": f"pay_{name}", "decision": held})
            if decision is not None:
                row = {"id": f"rev_{name}", "payment_id": f"pay_{name}"}
                words = {"decision": decision[0], "note": decision[1]}
                connection.execute(text(_REVIEW), {**row, **words})
        connection.commit()

    def read(query: str) -> Callable[[Connection], set[tuple[Any, ...]]]:
        return lambda connection: {tuple(row) for row in connection.execute(text(query))}

    await on(database_url, insert)
    await migrate.upgrade(database_url, "0003")
    columns = "payment_id, status, notes_made, decision_key_id, risk_level, merchant_id"
    assert await on(database_url, read(f"SELECT {columns} FROM reviews")) == {
        ("pay_waits", "waiting", 0, None, "HIGH", "mer_1"),
        ("pay_approved", "approved", 1, "key_1", "HIGH", "mer_1"),
        ("pay_declined", "declined", 0, "key_1", "HIGH", "mer_1"),
        ("pay_expired", "expired", 0, None, "HIGH", "mer_1"),
    }
    undecided = "SELECT payment_id FROM reviews WHERE decided_at IS NULL"
    assert await on(database_url, read(undecided)) == {("pay_waits",)}
    notes = "SELECT id, payment_id, key_id, text FROM review_notes"
    assert await on(database_url, read(notes)) == {
        ("rvn_approved", "pay_approved", "key_1", "known customer")
    }
    await migrate.downgrade(database_url, "0002")
    before = "SELECT id, payment_id, decision, reviewer, note FROM reviews"
    assert await on(database_url, read(before)) == {
        ("rev_approved", "pay_approved", "APPROVE", "key_1", "known customer"),
        ("rev_declined", "pay_declined", "DECLINE", "key_1", None),
    }


_AT = "'2026-01-01 00:00:00.000000'"
_PAYMENT = f"""
    INSERT INTO payments (id, user_id, merchant_id, amount, currency, payment_method, status,
        metadata, created_at, updated_at, bucket, stage, version, captured_amount,
        refunded_amount, expires_at, livemode)
    VALUES (:id, 'user_7', 'mer_1', '1.00', 'INR', 'UPI', :status,
        '{{}}', {_AT}, {_AT}, 7, :stage, 1, '0.00', '0.00', {_AT}, 0)
"""
_ASSESSMENT = f"""
    INSERT INTO fraud_assessments (id, bucket, payment_id, risk_score, risk_level, model_version,
        features, violations, reasons, decision, latency_us, features_stale, processed_at)
    VALUES (:id, 7, :id, '0.60', 'HIGH', 'rules-1',
        '{{}}', '[]', '[]', :decision, 9, 0, {_AT})
"""
_REVIEW = f"""
    INSERT INTO reviews (id, bucket, payment_id, decision, reviewer, note, at)
    VALUES (:id, 7, :payment_id, :decision, 'key_1', :note, {_AT})
"""
