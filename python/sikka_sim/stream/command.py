"""``python -m sikka_sim stream``: a stream of payments to a file, or what a stream holds."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from sikka_sim.stream.generator import START, Stream
from sikka_sim.stream.parameters import BASELINE, ParametersError, load_parameters
from sikka_sim.stream.summary import Summary
from sikka_sim.stream.table import write

if TYPE_CHECKING:
    import pyarrow as pa

EXAMPLES = """\
examples:
  python -m sikka_sim stream --users 5000 --days 60 --output stream.parquet
  python -m sikka_sim stream --users 5000 --days 60 --seed 2 --scenario shifted --output other.csv
  python -m sikka_sim stream --users 5000 --days 60 --summary

The same parameters, sizes and seed give the same bytes. Every parameter and its source stand in
sikka_sim/stream/parameters.yaml; --parameters reads a file of yours instead.
"""
PROGRESS_S = 0.2


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sikka_sim stream",
        description="Generate Indian payments, honest and fraudulent, by UPI and card.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--users", type=int, default=5_000, help="people who pay (5000)")
    parser.add_argument("--merchants", type=int, help="whom they pay (a fourth of the users)")
    parser.add_argument("--days", type=int, default=60, help="how many days (60)")
    parser.add_argument(
        "--start", type=date.fromisoformat, default=START, help=f"the first of them ({START})"
    )
    parser.add_argument("--seed", type=int, default=1, help="of all chance (1)")
    parser.add_argument("--scenario", default=BASELINE, help="of the parameters (baseline)")
    parser.add_argument("--parameters", type=Path, help="a file of parameters, not the shipped")
    parser.add_argument("--output", type=Path, help="file to write, .parquet or .csv")
    parser.add_argument("--summary", action="store_true", help="print what the stream holds")
    return parser


def _with_progress(tables: Iterator[pa.Table], days: int) -> Iterator[pa.Table]:
    """The same tables; on a terminal, a line says how far they are."""
    shown, rows = 0.0, 0
    for day, table in enumerate(tables, 1):
        rows += len(table)
        yield table
        if sys.stderr.isatty() and (time.monotonic() - shown > PROGRESS_S or day == days):
            shown = time.monotonic()
            end = "\n" if day == days else ""
            sys.stderr.write(f"\rday {day} of {days}, {rows:,} payments{end}")
            sys.stderr.flush()


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


def main(arguments: Sequence[str]) -> int:
    """Run the command; its exit code, which is 0 when all went well.

    Args:
        arguments: what stands after ``stream``.
    """
    parser = _arguments()
    options = parser.parse_args(arguments)
    if options.output is None and not options.summary:
        parser.error("one of --output and --summary is required")
    try:
        stream = Stream(
            load_parameters(options.parameters, scenario=options.scenario),
            users=options.users,
            merchants=options.merchants,
            days=options.days,
            seed=options.seed,
            start=options.start,
        )
        _run(stream, options)
    except (ParametersError, ValueError) as error:
        parser.error(str(error))
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _run(stream: Stream, options: argparse.Namespace) -> None:
    begun = time.monotonic()
    summary = Summary()
    tables = _with_progress(stream.tables(), options.days)
    if options.summary:
        tables = _counted(tables, summary)
    if options.output is None:
        for _ in tables:
            pass
    else:
        rows = write(tables, options.output)
        _say(f"{rows:,} payments in {options.output} after {time.monotonic() - begun:.1f} s")
    if options.summary:
        _say(str(summary))


def _counted(tables: Iterator[pa.Table], summary: Summary) -> Iterator[pa.Table]:
    """The same tables, counted as they pass."""
    for table in tables:
        summary.add(table)
        yield table
