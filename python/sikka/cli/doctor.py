"""`sikka doctor`: says what is wrong, and what to do about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click
from sqlalchemy.exc import SQLAlchemyError

from sikka.bootstrap.rails import npci_rail
from sikka.cli.exits import CommandFailed
from sikka.cli.main import settings_of
from sikka.cli.operator import run_loop
from sikka.domain.errors import ConfigurationError, InvalidRequest, Unavailable
from sikka.domain.fraud.model import ModelState
from sikka.journal import migrate
from sikka.journal.database import Database
from sikka.journal.fraud.models import SqlFraudModels
from sikka.journal.invariants import check_invariants
from sikka.journal.outbox import SqlHousekeeping
from sikka.ops import doctor as checks
from sikka.ops import logging as logs
from sikka.ops import rail_record
from sikka.ops.doctor import Level, Line
from sikka.settings import Npci, Settings
from sikka.worker.keeper import PRESENCE


@click.command()
@click.option("--invariants", is_flag=True, help="Check on the data what must hold always.")
@click.option(
    "--rail-record",
    "records",
    multiple=True,
    metavar="[RAIL=]URL",
    help="Compare with a rail's own record, JSON at this URL; the rail is npci if not named.",
)
@click.pass_context
def doctor(context: click.Context, invariants: bool, records: tuple[str, ...]) -> None:
    r"""Look at configuration, database, Redis, keys, clock and rails, a line each.

    OK is well, WARN works and should be different, FAIL does not work: then the exit code is 1.

    \b
    Examples:
      sikka doctor
      sikka doctor --invariants
      sikka doctor --rail-record npci=http://127.0.0.1:9000/sim/transactions
    """
    logs.configure("ERROR", "plain")
    try:
        settings = settings_of(context)
    except ConfigurationError as error:
        lines = [checks.fail("configuration", str(error), "correct it and run sikka doctor again")]
        print(lines[0])
    else:
        lines = run_loop(_examined(settings, records, invariants=invariants))
    counts = Counter(line.level for line in lines)
    print(f"\n{counts[Level.FAIL]} failed, {counts[Level.WARN]} warnings, {counts[Level.OK]} well")
    if counts[Level.FAIL]:
        raise CommandFailed(f"{counts[Level.FAIL]} checks failed; see above")


async def _examined(settings: Settings, records: Iterable[str], *, invariants: bool) -> list[Line]:
    lines = []
    async for line in _examine(settings, records, invariants=invariants):
        print(line, flush=True)
        lines.append(line)
    return lines


async def _examine(
    settings: Settings, records: Iterable[str], *, invariants: bool
) -> AsyncIterator[Line]:
    yield checks.ok("configuration", "every setting is known and valid")
    for line in checks.configuration(settings):
        yield line
    now = datetime.now(UTC)
    if settings.redis is not None:
        for line in await checks.redis(settings.redis.url.reveal()):
            yield line
    npci = settings.upi.npci
    keys_are_usable = True
    if npci is not None:
        for line in checks.keys(npci, now):
            keys_are_usable &= line.level is not Level.FAIL
            yield line
    database = Database.open(settings.database.url.reveal(), 2)
    try:
        if npci is not None and keys_are_usable:
            yield await _rail(npci, database)
        async for line in _data(settings, database, now, records, invariants=invariants):
            yield line
    finally:
        await database.close()


async def _data(
    settings: Settings,
    database: Database,
    now: datetime,
    records: Iterable[str],
    *,
    invariants: bool,
) -> AsyncIterator[Line]:
    path = Path(str(database.url.database))
    if settings.database.is_sqlite and not path.exists():  # noqa: ASYNC240 - once, nobody waits.
        yield checks.fail("database", f"there is no file {path}", "run sikka migrate")
        return
    found = list(await checks.database(database.engine))
    for line in found:
        yield line
    if any(line.level is Level.FAIL for line in found):
        return
    try:
        at = await migrate.current(settings.database.url.reveal())
        line = checks.schema(at, migrate.head())
        yield line
        if line.level is Level.FAIL:
            return
        in_force = await SqlFraudModels(database).in_force()
        yield checks.fraud_model(in_force.get(ModelState.CHAMPION))
        live = await SqlHousekeeping(database).live_leases(PRESENCE, now)
        yield checks.workers(live)
        if invariants:
            async for line in _invariants(database, now):
                yield line
        for record in records:
            async for line in _agreement(database, record):
                yield line
    except (Unavailable, SQLAlchemyError) as error:
        yield checks.fail("database", str(error), "check that it runs, and try again")


async def _invariants(database: Database, now: datetime) -> AsyncIterator[Line]:
    findings = await check_invariants(database, now)
    for finding in findings:
        yield checks.fail(
            f"invariant {finding.invariant}", finding.text, "stop, and see the runbook"
        )
    if not findings:
        yield checks.ok("invariants", "everything that the data can tell holds")


async def _agreement(database: Database, record: str) -> AsyncIterator[Line]:
    name, separator, url = record.partition("=")
    if not separator or "/" in name:
        name, url = "npci", record
    subject, agrees = f"invariant 7, {name}", True
    try:
        transactions = await rail_record.fetch(url)
    except InvalidRequest as error:
        yield checks.fail(subject, str(error), "check --rail-record")
        return
    async for sentence in rail_record.disagreements(database.engine, name, transactions):
        agrees = False
        yield checks.fail(subject, sentence, "settle it with the rail")
    if agrees:
        yield checks.ok(subject, f"agrees on {len(transactions.transactions)} transactions")


async def _rail(npci: Npci, database: Database) -> Line:
    rail = npci_rail(npci, database, lambda _what, /, **_facts: None)
    await rail.open()
    try:
        return await checks.rail(rail.name, partial(rail.heartbeat, datetime.now(UTC)))
    finally:
        await rail.close()
