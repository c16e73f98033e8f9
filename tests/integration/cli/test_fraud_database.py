"""`sikka fraud train --data database`: a model of the gateway's own payments."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest

from sikka.domain.change import Change
from sikka.domain.fraud.history import user_of
from sikka.domain.fraud.label import FraudLabel, LabelSource
from sikka.domain.payment import Payment, Stage, Status
from sikka.fraud.models.folder import read_model
from sikka.journal.database import Database
from sikka.journal.journal import SqlJournal
from sikka.journal.migrate import upgrade
from sikka_core import new_id
from tests.integration.cli.commands import Commands, configured
from tests.integration.journal.made import made_assessment, made_payment, milliseconds
from tests.unit.fraud.training.payments import DAY_MS, columns

PAYMENTS = 2_500
LABEL_DELAY_DAYS = 2
REPORTED_AFTER = timedelta(hours=7)


def rows() -> Iterator[dict[str, Any]]:
    """The rows of a made stream."""
    made = columns(payments=PAYMENTS)
    for row in zip(*made.values(), strict=True):
        yield dict(zip(made, row, strict=True))


def payment_of(number: int, row: dict[str, Any]) -> Payment:
    """A live payment that succeeded."""
    return made_payment(
        key=f"order-{number}",
        merchant_id="mer_01KE7ZT9S3" + row["merchant"].partition("-")[2].zfill(16),
        at=datetime.fromtimestamp(row["time_ms"] / 1_000, UTC),
        user_id=row["user"] or "guest",
        amount_minor=row["amount_minor"],
        livemode=True,
        status=Status.SUCCESS,
        stage=Stage.CAPTURED,
    )


def change_of(payment: Payment, row: dict[str, Any]) -> Change:
    """A payment as it was assessed, and the merchant's word if it was fraud."""
    places = {
        f"{name}_microdegrees": None if row[name] is None else round(row[name] * 1_000_000)
        for name in ("latitude", "longitude")
    }
    assessment = replace(
        made_assessment(payment),
        instrument=row["instrument"],
        device_fingerprint=row["device"],
        ip_address=row["ip"],
        **places,
    )
    if not row["fraud"]:
        return Change(payment.bucket, (payment, assessment))
    told_at = payment.created_at + REPORTED_AFTER
    label = FraudLabel(
        new_id("lbl", payment.bucket, milliseconds(told_at)), payment.bucket, payment.id,
        payment.merchant_id, True, LabelSource.API, None, told_at, "key", told_at, True,
    )  # fmt: skip
    return Change(payment.bucket, (payment, assessment, label))


def written_down(payment: Payment, row: dict[str, Any]) -> dict[str, Any]:
    """What a file says of the same payment: silence was heard when its time was over."""
    fraud = bool(row["fraud"])
    made_ms = milliseconds(payment.created_at)
    known_ms = milliseconds(payment.created_at + REPORTED_AFTER)
    return {
        "payment_id": payment.id,
        "time_ms": made_ms,
        "amount_minor": payment.amount_minor,
        "currency": payment.currency,
        "payment_method": str(payment.payment_method),
        "user": user_of(payment.merchant_id, payment.user_id),
        **{name: row[name] for name in ("instrument", "device", "ip", "latitude", "longitude")},
        "merchant": payment.merchant_id,
        "fraud": fraud,
        "known_ms": known_ms if fraud else made_ms + LABEL_DELAY_DAYS * DAY_MS,
    }


async def move_in(url: str, path: Path) -> None:
    """Put the payments into a database, and into a file."""
    paid = [(payment_of(number, row), row) for number, row in enumerate(rows())]
    paid.sort(key=lambda each: each[0].id)
    await upgrade(url)
    database = Database.open(url)
    journal = SqlJournal(database, lambda what, /, **facts: None)
    await journal.start()
    await asyncio.gather(*(journal.commit(change_of(*each)) for each in paid))
    await journal.stop()
    await database.close()
    pyarrow.parquet.write_table(pa.Table.from_pylist([written_down(*each) for each in paid]), path)


def train(commands: Commands, data: str, output: str) -> dict[str, bytes]:
    """The files of the model that a training makes, without its pictures."""
    ended = commands.run(
        "fraud", "train", "--data", data, "--output", output, "--version", "own-1",
        "--label-delay-days", str(LABEL_DELAY_DAYS),
    )  # fmt: skip
    assert ended.code == 0, ended.err
    folder = commands.directory / output
    return {name: (folder / name).read_bytes() for name in ("model.bin", "model.json")}


@pytest.mark.slow
async def test_the_gateways_own_payments_make_the_model_that_a_file_of_them_makes(
    tmp_path: Path, database_url: str
) -> None:
    await move_in(database_url, tmp_path / "payments.parquet")
    commands = configured(tmp_path, database_url)
    own = train(commands, "database", "own")
    assert own == train(commands, "payments.parquet", "filed")
    document = read_model(tmp_path / "own")[1]
    assert document.metrics["average_precision"] > 10 * document.metrics["base_rate"]
    judged = commands.run(
        "fraud", "evaluate", "--model", "own", "--data", "database", "--report", "judged", "--json"
    )
    assert judged.code == 0, judged.err
    (told,) = judged.objects
    assert {name: told[name] for name in document.metrics} == document.metrics
