"""Durable creations of payments through the journal, beside plain SQL of the same rows.

A creation is six rows: payment, UPI transaction, assessment, idempotency key, event and audit
line. The peers get their rows ready made and write nothing else; the journal encodes its rows,
chains the audit lines and moves the ends of the chains as well. Everybody commits with a flush.
"""

from __future__ import annotations

import asyncio
import cProfile
import io
import itertools
import pstats
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncmy
import uvloop

from benches.measure import Timing, as_report, print_table
from sikka.domain.audit_chain import GENESIS_HASH
from sikka.domain.change import Change
from sikka.domain.fraud.assessment import Decision, FraudAssessment, RiskLevel
from sikka.domain.payment import Flow, Payment, PaymentMethod, Stage, Status, UpiTransaction
from sikka.domain.records import (
    AuditRecord,
    Event,
    EventType,
    IdempotencyRecord,
    IdempotencyStatus,
)
from sikka.journal import migrate, mysql, sqlite
from sikka.journal.changes import AUDIT_ROWS
from sikka.journal.database import Database
from sikka.journal.journal import Limits, SqlJournal
from sikka.journal.mapping import mapping_of
from sikka_core import bucket_of, new_id, upi_transaction_id
from sikka_rows import Table
from tests.harness.mariadb import MariaDb

ROUNDS = 9
GROUP = 256
GROUPS = 4
SINGLES = 64
MERCHANT_ID = "mer_01KE7ZT9S30000000000000001"
SPEED_OVER_SINGLES_MIN = 5.0
SHARE_OF_PLAIN_MIN = 0.6

_numbers = itertools.count(1)

# Table and its rows, in the order in which they are written.
PlainRows = list[tuple[Table, list[tuple[Any, ...]]]]
Case = Callable[[Any], Awaitable[None]]


def creation() -> Change:
    """A payment of a realistic size, as its flow writes it."""
    number, at = next(_numbers), datetime.now(UTC)
    key = f"order-{number}"
    bucket = bucket_of(MERCHANT_ID, key)
    now_ms = int(at.timestamp() * 1000)
    ids = {prefix: new_id(prefix, bucket, now_ms) for prefix in ("pay", "upi", "frd", "evt", "idk")}
    payment = Payment(
        id=ids["pay"], bucket=bucket, user_id=f"user_{number % 10_000}", merchant_id=MERCHANT_ID,
        amount_minor=129_900, currency="INR", payment_method=PaymentMethod.UPI,
        status=Status.PENDING, stage=Stage.CREATED, version=1, flow=Flow.COLLECT,
        external_txn_id=None, description="Order 1042", metadata={"order": key},
        captured_minor=0, refunded_minor=0, failure_code=None, livemode=False, created_at=at,
        updated_at=at, expires_at=at + timedelta(minutes=10),
    )  # fmt: skip
    upi = UpiTransaction(
        id=ids["upi"], bucket=bucket, payment_id=payment.id, rail="npci", flow=Flow.COLLECT,
        payer_vpa="asha@simbank", payee_vpa="chai@sikka",
        npci_txn_id=upi_transaction_id("SKA", payment.id), link=None, msg_id=None, rrn=None,
        bank_ref_id=None, approval_code=None, response_code=None, status_message=None,
        outcome=None, checks_made=0, next_check_at=at + timedelta(seconds=90), created_at=at,
        updated_at=at,
    )  # fmt: skip
    assessment = FraudAssessment(
        id=ids["frd"], bucket=bucket, payment_id=payment.id, risk_score_hundredths=4,
        risk_level=RiskLevel.VERY_LOW, model_version="rules-1",
        features={f"feature_{place}": place * 1.5 for place in range(15)}, violations=(),
        reasons=("amount_usual",), decision=Decision.APPROVE, latency_us=312,
        features_stale=False, processed_at=at,
    )  # fmt: skip
    event = Event(
        id=ids["evt"], bucket=bucket, merchant_id=MERCHANT_ID, payment_id=payment.id, sequence=1,
        type=EventType.PAYMENT_CREATED, body='{"object":"event","data":"' + "x" * 900 + '"}',
        livemode=False, relayed=False, created_at=at,
    )  # fmt: skip
    idempotency = IdempotencyRecord(
        id=ids["idk"], bucket=bucket, merchant_id=MERCHANT_ID, livemode=False,
        idempotency_key=key, route="POST /v1/payments", request_hash="a" * 64,
        status=IdempotencyStatus.RUNNING, response_status=None, response_body=None,
        object_id=payment.id, running_until=at + timedelta(seconds=60), created_at=at,
    )  # fmt: skip
    audit = AuditRecord(
        id=new_id("aud", bucket, now_ms), bucket=bucket, payment_id=payment.id,
        merchant_id=MERCHANT_ID, user_id="key_1", action=EventType.PAYMENT_CREATED,
        status="PENDING/created", ip_address="203.0.113.9", user_agent="bench/1",
        metadata={"request_id": "req_1"}, timestamp=at,
    )  # fmt: skip
    return Change(bucket, (audit, payment, upi, assessment, idempotency, event))


def plain_rows(count: int) -> PlainRows:
    """The same rows, encoded for the driver beforehand, one list a table."""
    rows: dict[str, tuple[Table, list[tuple[Any, ...]]]] = {}
    for change in (creation() for _ in range(count)):
        for record in (*change.inserts[1:], change.inserts[0]):
            mapping = mapping_of(type(record))
            codec, values = mapping.rows, mapping.values_of(record)
            if isinstance(record, AuditRecord):
                # Far from the sequences of the journal.
                sequence = 1_000_000 + next(_numbers)
                codec, values = AUDIT_ROWS, (*values, sequence, GENESIS_HASH, GENESIS_HASH)
            rows.setdefault(codec.name, (codec, []))[1].extend(codec.encode([values]))
    return list(rows.values())


def one_by_one(count: int) -> list[PlainRows]:
    """The rows of payments that are written one at a time."""
    return [plain_rows(1) for _ in range(count)]


@dataclass(frozen=True, slots=True)
class Contender:
    """Who writes: `prepare` makes the rows, which is not timed, and `write` writes them."""

    payments: int
    prepare: Callable[[], Any]
    write: Case


async def race(contenders: dict[str, Contender]) -> dict[str, Timing]:
    """Let everybody write in turn, round after round; the time of one payment each."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    names = list(contenders)
    for name in names:
        await contenders[name].write(contenders[name].prepare())
    for number in range(ROUNDS):
        shift = number % len(names)
        for name in names[shift:] + names[:shift]:
            contender = contenders[name]
            rows = contender.prepare()
            started_s = time.perf_counter()
            await contender.write(rows)
            seconds[name].append((time.perf_counter() - started_s) / contender.payments)
    return {name: _timing(samples) for name, samples in seconds.items()}


def _timing(samples: list[float]) -> Timing:
    deciles = statistics.quantiles(samples, n=10, method="inclusive")
    return Timing(statistics.median(samples), deciles[0], deciles[-1], len(samples))


def _batches() -> list[PlainRows]:
    return [plain_rows(GROUP) for _ in range(GROUPS)]


def through(journal: SqlJournal, payments: int) -> Contender:
    """Everything at once through the journal."""

    async def write(changes: Sequence[Change]) -> None:
        await asyncio.gather(*map(journal.commit, changes))

    return Contender(payments, lambda: [creation() for _ in range(payments)], write)


def _texts(rows: Table, style: str) -> str:
    mark = "%s" if style == "format" else "?"
    marks = ",".join([mark] * len(rows.columns))
    names = ",".join(rows.columns)
    return f"INSERT INTO {rows.name} ({names}) VALUES ({marks})"


def on_mariadb(plain: Any, bulk: Any) -> dict[str, Contender]:
    """Peers on MariaDB: multi-row VALUES, the binary bulk protocol, and one at a time."""

    async def batches(connection: Any, written: Sequence[PlainRows]) -> None:
        cursor = connection.cursor()
        for each in written:
            for rows, values in each:
                await cursor.executemany(_texts(rows, "format"), values)
            await connection.commit()

    async def by_values(written: Sequence[PlainRows]) -> None:
        await batches(plain, written)

    async def by_bulk(written: Sequence[PlainRows]) -> None:
        await batches(bulk, written)

    return {
        "plain SQL, multi-row VALUES": Contender(GROUP * GROUPS, _batches, by_values),
        "plain SQL, binary bulk": Contender(GROUP * GROUPS, _batches, by_bulk),
        "a transaction a payment": Contender(SINGLES, lambda: one_by_one(SINGLES), by_values),
    }


def on_sqlite(connection: sqlite3.Connection) -> dict[str, Contender]:
    """Peers on SQLite: executemany in batches, and one payment at a time."""

    def batches(written: Sequence[PlainRows]) -> None:
        for each in written:
            connection.execute("BEGIN IMMEDIATE")
            for rows, values in each:
                connection.executemany(_texts(rows, "qmark"), values)
            connection.execute("COMMIT")

    async def write(written: Sequence[PlainRows]) -> None:
        batches(written)

    return {
        "plain SQL, executemany": Contender(GROUP * GROUPS, _batches, write),
        "a transaction a payment": Contender(SINGLES, lambda: one_by_one(SINGLES), write),
    }


def _ignore(_what: str, /, **_facts: Any) -> None:
    """Nobody observes a bench."""


async def _mariadb(url: str) -> tuple[dict[str, Timing], str]:
    await migrate.upgrade(url)
    database = Database.open(url)
    _, options = database.engine.dialect.create_connect_args(database.url)
    connections = []
    for cache in (0, 32):
        connection = await asyncmy.connect(**options, stmt_cache_size=cache, autocommit=False)
        for text in mysql.SESSION:
            await connection.cursor().execute(text)
        connections.append(connection)
    answer = await _race(database, on_mariadb(*connections))
    for connection in connections:
        await connection.ensure_closed()
    await database.close()
    return answer


async def _sqlite(path: Path) -> tuple[dict[str, Timing], str]:
    url = f"sqlite+aiosqlite:///{path}"
    await migrate.upgrade(url)
    database = Database.open(url)
    connection = sqlite3.connect(path, isolation_level=None)
    for text in sqlite.SESSION:
        connection.execute(text)
    answer = await _race(database, on_sqlite(connection))
    connection.close()
    await database.close()
    return answer


async def _race(database: Database, peers: dict[str, Contender]) -> tuple[dict[str, Timing], str]:
    journal = SqlJournal(database, _ignore, Limits(group_changes=GROUP))
    alone = SqlJournal(database, _ignore, Limits(group_changes=1))
    await journal.start()
    await alone.start()
    contender = through(journal, GROUP * GROUPS)
    singly = through(alone, SINGLES)
    timings = await race({"journal": contender, "journal, ungrouped": singly, **peers})
    profile = cProfile.Profile()
    changes = contender.prepare()
    profile.enable()
    await contender.write(changes)
    profile.disable()
    await journal.stop()
    await alone.stop()
    text = io.StringIO()
    pstats.Stats(profile, stream=text).strip_dirs().sort_stats("tottime").print_stats(20)
    return timings, text.getvalue()


def _tell(title: str, timings: dict[str, Timing], profile: str, report: dict[str, Any]) -> None:
    print_table(f"{title}: one creation of six rows, durable", timings, "journal")
    rates = {name: 1 / timing.median_s for name, timing in timings.items()}
    for name, rate in rates.items():
        print(f"  {name}: {rate:,.0f} payments/s")
    plain = max(rate for name, rate in rates.items() if name.startswith("plain"))
    over_singles = rates["journal"] / rates["a transaction a payment"]
    over_ungrouped = rates["journal"] / rates["journal, ungrouped"]
    share = rates["journal"] / plain
    print(
        f"  journal: {over_ungrouped:.1f}x itself and {over_singles:.1f}x plain SQL with a "
        f"transaction a payment (at least 5), {share:.0%} of plain SQL (at least 60 %)"
    )
    report.setdefault("journal", {})[title] = {
        "timings": as_report(timings),
        "payments_per_s": rates,
        "over_singles": over_singles,
        "over_ungrouped": over_ungrouped,
        "share_of_plain": share,
        "reached": over_singles >= SPEED_OVER_SINGLES_MIN and share >= SHARE_OF_PLAIN_MIN,
        "profile": profile.splitlines(),
    }


def run(report: dict[str, Any]) -> None:
    """Race on a private MariaDB and on SQLite, print tables and put the figures in `report`."""
    with tempfile.TemporaryDirectory(prefix="sikka-") as folder:
        server = MariaDb.start(
            Path(folder) / "mariadb",
            "--innodb-buffer-pool-size=512M",
            "--innodb-log-file-size=512M",
        )
        try:
            url = server.url(server.create_database())
            _tell("MariaDB", *uvloop.run(_mariadb(url)), report)
        finally:
            server.stop()
        _tell("SQLite", *uvloop.run(_sqlite(Path(folder) / "bench.db")), report)
