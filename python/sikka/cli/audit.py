"""`sikka audit`: verify, tail."""

from __future__ import annotations

from datetime import datetime

import click
import msgspec

from sikka.bootstrap import House
from sikka.cli.exits import CommandFailed
from sikka.cli.operator import run_with_house
from sikka.cli.output import json_option, show_all
from sikka.domain.records import AuditRecord
from sikka.journal.audit import verify_audit
from sikka.ports import Page

COLUMNS = ("timestamp", "action", "status", "user_id", "payment_id", "ip_address")


class AuditView(msgspec.Struct, frozen=True):
    """A line of the trail as the command line shows it."""

    id: str
    timestamp: datetime
    action: str
    status: str
    user_id: str
    payment_id: str | None
    merchant_id: str | None
    ip_address: str | None
    metadata: dict[str, object]


@click.group()
def audit() -> None:
    r"""Verify and read the audit trail.

    \b
    Examples:
      sikka audit verify
      sikka audit tail --payment pay_…
    """


@audit.command()
@click.pass_context
def verify(context: click.Context) -> None:
    """Check every line's hash and place. Exit code 1 when the trail was tampered with."""

    async def work(house: House) -> None:
        report = await verify_audit(house.database)
        for each in report.breaks:
            print(f"BROKEN  bucket {each.bucket} line {each.sequence}: {each.text}")
        if not report.holds:
            raise CommandFailed(
                f"the audit trail does not hold at {len(report.breaks)} places; keep the database"
                " as it is and compare it with a backup"
            )
        print(f"OK  {report.lines} lines in {report.buckets} chains hold")

    run_with_house(context, work)


@audit.command()
@click.option("--payment", "payment_id", help="Of this payment.")
@click.option("--merchant", "merchant_id", help="Of this merchant.")
@click.option("--bucket", type=click.IntRange(0, 4_095), help="Of this bucket.")
@click.option("--limit", type=click.IntRange(1, 1_000), default=20, show_default=True)
@json_option
@click.pass_context
def tail(
    context: click.Context,
    payment_id: str | None,
    merchant_id: str | None,
    bucket: int | None,
    limit: int,
    as_json: bool,
) -> None:
    r"""Show the latest lines of a payment, a merchant or a bucket, oldest first.

    \b
    Example:
      sikka audit tail --payment pay_… --limit 50
    """
    if sum(each is not None for each in (payment_id, merchant_id, bucket)) != 1:
        raise click.UsageError("give one of --payment, --merchant and --bucket", context)

    async def work(house: House) -> None:
        rows = await house.reader.audit(
            Page(limit), bucket=bucket, payment_id=payment_id, merchant_id=merchant_id
        )
        shown = [_view(row) for row in reversed(rows[:limit])]
        show_all(shown, COLUMNS, as_json=as_json)

    run_with_house(context, work)


def _view(record: AuditRecord) -> AuditView:
    return AuditView(
        record.id,
        record.timestamp,
        record.action,
        record.status,
        record.user_id,
        record.payment_id,
        record.merchant_id,
        record.ip_address,
        dict(record.metadata),
    )
