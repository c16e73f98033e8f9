"""sikka_rows beside SQLAlchemy, on real databases, and beside the same work in plain Python.

The same rows go through both sides on one machine in turn. Neither the making of the rows nor
emptying the table is timed. SQLAlchemy gets its rows ready in its own types (Decimal, naive
datetimes), needs no type of ours, and writes JSON with the same library; of several page sizes
of its insertmanyvalues the fastest one counts. What a database needs with nothing left to
prepare is measured as well, so that the client's part can be told from it.
"""

from __future__ import annotations

import asyncio
import gc
import statistics
import tempfile
import time
import warnings
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvloop
from sqlalchemy.exc import SAWarning

from benches.measure import Timing, alternate, as_report, print_table
from benches.payment_rows import COLUMNS, PAYMENTS, dumps, loads, payment
from benches.row_sides import DATABASE, IMV, Case, MariaDbSide, Side, SqliteSide
from tests.harness.mariadb import MariaDb

ROW_COUNT = 200
SECONDS_PER_CASE = 1.0
ROUNDS = 40
PAGE_SIZES = (50, 200, 1000)
TUNING_ROUNDS = 9
SPEED_MIN = 3.0

ROWS = [payment(number) for number in range(ROW_COUNT)]
ENCODED = PAYMENTS.encode(ROWS)


async def race(
    cases: Mapping[str, Case], reset: Case, rounds: int = ROUNDS
) -> dict[str, tuple[Timing, Timing]]:
    """Everybody in turn, round after round: wall time and this thread's CPU of one call each."""
    seconds: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in cases}
    names = list(cases)
    gc.collect()
    gc.disable()
    try:
        for number in range(-2, rounds):
            shift = number % len(names)
            for name in names[shift:] + names[:shift]:
                await reset()
                started_s, started_cpu_s = time.perf_counter(), time.thread_time()
                await cases[name]()
                wall_s = time.perf_counter() - started_s
                cpu_s = time.thread_time() - started_cpu_s
                if number >= 0:
                    seconds[name][0].append(wall_s)
                    seconds[name][1].append(cpu_s)
    finally:
        gc.enable()
    return {name: (_timing(wall), _timing(cpu)) for name, (wall, cpu) in seconds.items()}


def _timing(samples: list[float]) -> Timing:
    deciles = statistics.quantiles(samples, n=10, method="inclusive")
    return Timing(statistics.median(samples), deciles[0], deciles[-1], len(samples))


async def tuned(execute: Callable[[int], Awaitable[Any]], reset: Case) -> int:
    """The page size with which insertmanyvalues needs the least CPU for these rows."""
    cases = {str(size): lambda size=size: execute(size) for size in PAGE_SIZES}
    timings = await race(cases, reset, TUNING_ROUNDS)
    return int(min(timings, key=lambda size: timings[size][1].median_s))


async def _compete(side: Side) -> dict[str, Any]:
    """Check that everybody stores the same rows, then race: inserts first, then selects."""

    async def nothing() -> None:
        """Reading leaves everything as it is."""

    page_size = await tuned(side.insertmanyvalues, side.reset)
    writers = side.writers(page_size)
    for name, write in writers.items():
        await side.reset()
        await write()
        if await side.stored(name) != side.rows:
            raise RuntimeError(f"{name} stored other rows")
    inserts = await race(writers, side.reset)
    await side.reset()
    await writers[IMV]()
    selects = await race(side.readers(), nothing)
    return {"page_size": page_size, "insert": inserts, "select": selects}


async def _mariadb(url: str) -> dict[str, Any]:
    side = await MariaDbSide.open(url, ROWS)
    try:
        return await _compete(side)
    finally:
        await side.close()


async def _sqlite() -> dict[str, Any]:
    side = SqliteSide(ROWS)
    try:
        return await _compete(side)
    finally:
        side.close()


def _tell(database: str, found: dict[str, Any], report: dict[str, Any]) -> None:
    for what, peer in (("insert", IMV), ("select", "SQLAlchemy")):
        timings: dict[str, tuple[Timing, Timing]] = found[what]
        title = f"{database}: {what} of {ROW_COUNT} payments"
        wall = {name: each[0] for name, each in timings.items()}
        cpu = {name: each[1] for name, each in timings.items()}
        print_table(f"{title}, to the answer", wall, peer)
        print_table(f"{title}, CPU of the client", cpu, peer)
        ours = min(
            (name for name in cpu if name.startswith("sikka_rows")),
            key=lambda name: cpu[name].median_s,
        )
        # A difference of two figures wants quiet ones.
        alone_s = cpu[DATABASE].low_s
        ratios = {
            "wall": wall[peer].median_s / wall[ours].median_s,
            "client_cpu": cpu[peer].median_s / cpu[ours].median_s,
            "preparation_cpu": (cpu[peer].low_s - alone_s) / (cpu[ours].low_s - alone_s),
        }
        print(
            f"  {ours} over {peer}: {ratios['wall']:.1f}x to the answer, "
            f"{ratios['client_cpu']:.1f}x of CPU (at least {SPEED_MIN:.0f}), "
            f"{ratios['preparation_cpu']:.1f}x less what the database needs alone"
        )
        report.setdefault("rows", {})[title] = {
            "wall": as_report(wall),
            "client_cpu": as_report(cpu),
            "ours": ours,
            "over_sqlalchemy": ratios,
            "page_size": found["page_size"],
            "reached": ratios["client_cpu"] >= SPEED_MIN,
        }


def money_text(amount_minor: int) -> str:
    sign = "-" if amount_minor < 0 else ""
    major, minor = divmod(abs(amount_minor), 100)
    return f"{sign}{major}.{minor:02}"


def time_text(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def checked(kind: type) -> Any:
    def check(value: object) -> object:
        if type(value) is not kind:
            raise TypeError(f"expected {kind.__name__}")
        return value

    return check


IN_PYTHON = {
    "text": checked(str),
    "int": checked(int),
    "bool": int,
    "money": money_text,
    "time": time_text,
    "json": lambda value: dumps(value).decode(),
}
OUT_PYTHON = {
    "text": checked(str),
    "int": checked(int),
    "bool": bool,
    "money": lambda text: int(text.replace(".", "")),
    "time": lambda text: datetime.fromisoformat(text).replace(tzinfo=UTC),
    "json": loads,
}


def through_python(rows: list[tuple[Any, ...]], codecs: dict[str, Any]) -> list[tuple[Any, ...]]:
    functions = [codecs[kind] for _, kind in COLUMNS]
    return [
        tuple(
            None if value is None else function(value)
            for function, value in zip(functions, row, strict=True)
        )
        for row in rows
    ]


def plain_insert() -> tuple[str, list[Any]]:
    names = ",".join(f"`{name}`" for name, _ in COLUMNS)
    row = "(" + ",".join(["%s"] * len(COLUMNS)) + ")"
    text = f"INSERT INTO `payments` ({names}) VALUES " + ",".join([row] * ROW_COUNT)
    return text, [value for row in through_python(ROWS, IN_PYTHON) for value in row]


def rows_insert() -> tuple[str, list[Any]]:
    return PAYMENTS.insert(ROW_COUNT, "format"), PAYMENTS.insert_parameters(ROWS)


CASES: dict[str, dict[str, Callable[[], object]]] = {
    f"encode {ROW_COUNT} payments": {
        "sikka_rows": lambda: PAYMENTS.encode(ROWS),
        "plain Python": lambda: through_python(ROWS, IN_PYTHON),
    },
    f"decode {ROW_COUNT} payments": {
        "sikka_rows": lambda: PAYMENTS.decode(ENCODED),
        "plain Python": lambda: through_python(ENCODED, OUT_PYTHON),
    },
    f"insert of {ROW_COUNT} payments: text and parameters": {
        "sikka_rows": rows_insert,
        "plain Python": plain_insert,
    },
}


def run(report: dict[str, Any]) -> None:
    """Race on both databases and beside plain Python, print tables, fill in `report`."""
    report["rows"] = {}
    with tempfile.TemporaryDirectory(prefix="sikka-") as folder:
        server = MariaDb.start(Path(folder) / "mariadb")
        try:
            url = server.url(server.create_database())
            _tell("MariaDB", uvloop.run(_mariadb(url)), report)
        finally:
            server.stop()
    with warnings.catch_warnings():
        # SQLAlchemy keeps amounts as floats on SQLite, and says so.
        warnings.simplefilter("ignore", SAWarning)
        _tell("SQLite", asyncio.run(_sqlite()), report)
    for title, cases in CASES.items():
        answers = [case() for case in cases.values()]
        if answers[0] != answers[1]:
            raise RuntimeError(f"{title}: the peers do not agree")
        timings = alternate(cases, SECONDS_PER_CASE, ROUNDS)
        print_table(title, timings, "plain Python")
        report["rows"][title] = as_report(timings)
