"""`sikka fraud labels`: import."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import click

from sikka.bootstrap import House
from sikka.cli.exits import CommandFailed
from sikka.cli.operator import operator, run_with_house
from sikka.flows.fraud.import_labels import import_labels
from sikka.flows.fraud.label import LineStatus
from sikka.journal.fraud.labels import SqlLabelReads


@click.group()
def labels() -> None:
    """Say of payments whether they were fraud."""


@labels.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.pass_context
def import_(context: click.Context, file: Path) -> None:
    r"""Label the payments that a CSV file of chargebacks names.

    The first line names the columns: payment (our id, the RRN or the rail's transaction id), kind
    (fraud or not_fraud), known_at (2026-11-23T10:00:00+05:30), and if there are any reason and
    reference (the number of the chargeback). A line that was read before changes nothing, so a
    file may be given again.

    \b
    Example:
      sikka fraud labels import chargebacks.csv
    """
    actor = operator("fraud labels import").actor

    async def work(house: House) -> None:
        counts: Counter[LineStatus] = Counter()
        reads = SqlLabelReads(house.database)
        with file.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as text:
            async for outcome in import_labels(house.parts, reads, text, actor):
                counts[outcome.status] += 1
                if outcome.status is LineStatus.REFUSED:
                    print(f"line {outcome.number}: {outcome.message}", file=sys.stderr)
        told = ", ".join(f"{counts[status]} {status}" for status in LineStatus)
        print(told)
        if counts[LineStatus.REFUSED]:
            raise CommandFailed(
                f"{counts[LineStatus.REFUSED]} lines were refused; correct them and give the file"
                " again"
            )

    run_with_house(context, work)
