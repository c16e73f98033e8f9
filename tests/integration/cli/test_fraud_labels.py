"""`sikka fraud labels`, as an operator uses it."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sikka.domain.change import Change
from sikka.journal.database import Database
from sikka.journal.journal import SqlJournal
from tests.integration.cli.commands import Commands
from tests.integration.journal.made import made_assessment, made_payment, made_upi

AT = datetime.now(UTC) - timedelta(days=3)
KNOWN_AT = (AT + timedelta(days=1)).isoformat()


def paid(commands: Commands, number: int) -> str:
    """A payment in the database of the commands; its RRN is its number."""
    payment = made_payment(at=AT, key=f"order-{number}")
    upi = made_upi(payment, rrn=f"{number:012}")
    assessment = replace(made_assessment(payment), processed_at=AT)

    async def write() -> None:
        database = Database.open(f"sqlite+aiosqlite:///{commands.directory / 'sikka.db'}")
        journal = SqlJournal(database, lambda what, /, **facts: None)
        await journal.start()
        await journal.commit(Change(payment.bucket, (payment, upi, assessment)))
        await journal.stop()
        await database.close()

    asyncio.run(write())
    return payment.id


def labels_in(commands: Commands) -> list[tuple[str, int, str]]:
    with closing(sqlite3.connect(commands.directory / "sikka.db")) as connection:
        query = "SELECT payment_id, fraud, created_by FROM fraud_labels ORDER BY reference"
        return connection.execute(query).fetchall()


def test_a_file_is_imported_its_mistakes_are_told_and_it_may_be_given_again(
    commands: Commands,
) -> None:
    ids = [paid(commands, number) for number in (1, 2)]
    file = commands.directory / "chargebacks.csv"
    file.write_bytes(
        "\ufeffpayment,kind,known_at,reason,reference\r\n"
        f"{ids[0]},fraud,{KNOWN_AT},10.4,CB-1\r\n"
        f"000000000002,not_fraud,{KNOWN_AT},won back,CB-2\r\n"
        f"000000000003,fraud,{KNOWN_AT},,CB-3\r\n"
        f"{ids[0]},stolen,{KNOWN_AT},,CB-4\r\n".encode()
    )
    ended = commands.run("fraud", "labels", "import", str(file))
    assert ended.code == 1
    assert ended.out == "2 labelled, 0 known, 2 refused\n"
    assert ended.err.splitlines() == [
        "line 4: there is no such payment",
        "line 5: kind must be one of fraud, not_fraud",
        "sikka: 2 lines were refused; correct them and give the file again",
    ]
    again = commands.run("fraud", "labels", "import", str(file))
    assert again.out == "0 labelled, 2 known, 2 refused\n"
    labels = labels_in(commands)
    assert [each[:2] for each in labels] == [(ids[0], 1), (ids[1], 0)]
    assert all(who.startswith("cli:") for _, _, who in labels)
    tail = commands.run("audit", "tail", "--payment", ids[0], "--json").objects
    assert [line["action"] for line in tail] == ["fraud.labelled"]
    assert commands.run("audit", "verify").code == 0


def test_a_file_that_is_none_changes_nothing(commands: Commands) -> None:
    file = commands.directory / "chargebacks.csv"
    file.write_text("id,fraud\npay_1,1\n", encoding="utf-8")
    ended = commands.run("fraud", "labels", "import", str(file))
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == "sikka: line 1: must name the column payment\n"
    assert commands.run("fraud", "labels", "import", "nowhere.csv").code == 2
    file.write_text("payment,kind,known_at\n", encoding="utf-8")
    ended = commands.run("fraud", "labels", "import", str(file))
    assert (ended.code, ended.out) == (0, "0 labelled, 0 known, 0 refused\n")
