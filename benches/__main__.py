"""Run all benches and write the report: `python -m benches [--json PATH] [NAME …]`."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import time
from pathlib import Path
from typing import Any

import sikka_core
from benches.tables import page

BENCHES = (
    "core", "trees", "features", "feature_stores", "models", "assessments", "policy", "crate",
    "rows", "journal", "http",
)  # fmt: skip


def main() -> None:
    """Run the named benches, or all, one after the other."""
    parser = argparse.ArgumentParser(prog="python -m benches", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHES))
    parser.add_argument("--json", type=Path, default=Path("benches/report.json"))
    options = parser.parse_args()
    unknown = set(options.names) - set(BENCHES)
    if unknown:
        parser.error(f"no bench is called {', '.join(sorted(unknown))}")
    if sikka_core.BUILD_PROFILE != "release":
        parser.error("the core is a debug build: run `make setup` first")
    # Naming some benches brings their part of an existing report up to date.
    report: dict[str, Any] = {}
    if options.names and options.json.exists():
        report = json.loads(options.json.read_text())
    report |= {
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "load_before": os.getloadavg()[0],
    }
    names = options.names or BENCHES
    for number, name in enumerate(names, 1):
        started_s = time.monotonic()
        print(f"\n[{number}/{len(names)}] {name}", flush=True)
        importlib.import_module(f"benches.bench_{name}").run(report)
        print(f"  {time.monotonic() - started_s:.0f} s", flush=True)
        options.json.write_text(json.dumps(report, indent=1, sort_keys=True) + "\n")
        options.json.with_name("TABLES.md").write_text(page(report))
    print(f"\nthe report is in {options.json}, its tables beside it in TABLES.md")


if __name__ == "__main__":
    main()
