"""`POST /v1/payments` over HTTP on MariaDB, and the whole lifecycle, with CPU and profile.

Everything runs on this machine at once: wrk, the gateway, MariaDB (durable: it flushes at every
commit) and a rail that answers at once. So the rate is what the machine does for all of them, and
CPU per payment says where it went. `ended/s` counts to the last outcome: a load that creates faster
than callbacks are taken in has the difference still before it when it ends.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import tempfile
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benches.stack import BIN, Load, Stack, running

# What a payment costs Kill Bill 0.22 on MariaDB on the same kind of machine: one purchase over HTTP
# with its built-in payment plugin, everything durable, two cores for server, database and client.
KILL_BILL = {"rate": 225.0, "p99_ms": 131.0, "server_cpu_us": 4_500.0, "database_cpu_us": 3_900.0}

CONNECTIONS = (1, 16, 64, 256)
WORKERS = (1, 2)
SECONDS = 5
PROFILE_SECONDS = 6
_FRAME = re.compile(r"^(?P<name>.+) \((?P<file>[^)]+)\)$")


def run(report: dict[str, Any]) -> None:
    """Measure creation and lifecycle, print tables, and put figures and profiles in `report`."""
    section: dict[str, Any] = {"peer_kill_bill": KILL_BILL}
    report["http"] = section
    for workers in WORKERS:
        shown = "one process" if workers == 1 else f"{workers} processes"
        with running(workers=workers, callbacks=False) as stack:
            section[f"create_{workers}"] = _measure(
                stack, f"POST /v1/payments, the rail answers at once, {shown}"
            )
            if workers == 1:
                section["create_profile"] = _profile(stack)
        with running(workers=workers, callbacks=True) as stack:
            section[f"lifecycle_{workers}"] = _measure(
                stack, f"whole lifecycle: signed, sent, called back, verified, booked, {shown}"
            )
            if workers == 1:
                section["lifecycle_profile"] = _profile(stack)


def _measure(stack: Stack, title: str) -> dict[str, Any]:
    stack.load("warm", 16, 3)
    loads = {n: stack.load(f"c{n}", n, SECONDS) for n in CONNECTIONS}
    print(f"\n{title}")
    print(
        f"  {'connections':>11}  {'payments/s':>10}  {'p50 ms':>7}  {'p99 ms':>7}  "
        f"{'gateway us':>10}  {'database us':>11}  {'rail us':>8}  {'not 2xx':>7}  {'ended/s':>7}"
    )
    for connections, load in loads.items():
        cpu = "  ".join(
            f"{load.cpu_us(name):{width}.0f}"
            for name, width in (("gateway", 10), ("database", 11), ("rail", 8))
        )
        print(
            f"  {connections:>11}  {load.rate:>10.0f}  {load.p50_ms:>7.1f}  {load.p99_ms:>7.1f}  "
            f"{cpu}  {load.refused + load.failed:>7}  {load.ended_rate:>7.0f}"
        )
    for load in loads.values():
        if load.refused or load.failed:
            raise RuntimeError(f"{load.refused + load.failed} payments were not taken: no figure")
    best = max(loads.values(), key=lambda load: load.rate)
    print(f"  {best.rate / KILL_BILL['rate']:.1f} times Kill Bill 0.22 (225/s, measured before)")
    return {str(connections): _figures(load) for connections, load in loads.items()}


def _figures(load: Load) -> dict[str, Any]:
    cpu_us = {name: load.cpu_us(name) for name in load.cpu_s}
    return {
        **asdict(load),
        "rate": load.rate,
        "ended_rate": load.ended_rate,
        "cpu_us": cpu_us,
    }


def _profile(stack: Stack) -> dict[str, Any]:
    """Sample the gateway under load with py-spy; return self time by function and by package."""
    with tempfile.TemporaryDirectory() as name:
        output = Path(name) / "stacks.txt"
        sampler = subprocess.Popen(
            [
                str(BIN / "py-spy"),
                "record",
                "--pid",
                str(stack.gateway.pid),
                "--subprocesses",
                "--duration",
                str(PROFILE_SECONDS - 1),
                "--rate",
                "400",
                "--native",
                "--format",
                "raw",
                "--output",
                str(output),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        stack.load("profile", 64, PROFILE_SECONDS)
        sampler.wait(60)
        stacks = output.read_text().splitlines() if output.exists() else []
    functions: Counter[str] = Counter()
    rooms: Counter[str] = Counter()
    for line in stacks:
        frames, _, count = line.rpartition(" ")
        path = frames.split(";")
        functions[path[-1]] += int(count)
        rooms[_room(path)] += int(count)
    total = sum(functions.values()) or 1
    shares = {name: round(100 * n / total, 1) for name, n in rooms.most_common(14)}
    top = {name: round(100 * n / total, 1) for name, n in functions.most_common(25)}
    print("  where the gateway's time goes (per cent of samples)")
    for name, share in shares.items():
        print(f"    {share:5.1f}  {name}")
    return {"samples": total, "by_room": shares, "by_function": top}


def _room(path: list[str]) -> str:
    """The deepest frame of ours, or of a package we call, that a sample was under."""
    for frame in reversed(path):
        match = _FRAME.match(frame)
        if match is None:
            continue
        file = match["file"].partition(":")[0]
        if file.startswith("sikka/"):
            return "/".join(file.split("/")[:3])
        for package in ("sqlalchemy", "asyncmy", "aiohttp", "msgspec", "yarl", "multidict"):
            if f"{package}/" in file:
                return package
    return "interpreter, event loop, system"


def main() -> None:
    """Run this bench alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="also write the report here")
    options = parser.parse_args()
    report: dict[str, Any] = {}
    run(report)
    if options.json:
        options.json.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
