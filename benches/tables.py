"""The report as a page: every comparison with its spread, every target with its verdict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from benches.measure import verdict

HEAD = """# The tables of the last run

Written by `make bench` from [report.json](report.json); [REPORT.md](REPORT.md) says what they mean.
The cases of a table took turns in one run: compare them with one another, not with another day's.
The last column is how many times as long a case takes as the first one, which is ours.
"""


def page(report: Mapping[str, Any]) -> str:
    """Return the report in Markdown: the targets first, then the tables."""
    lines = [HEAD, f"Python {report['python']}, {report['cores']} cores.", ""]
    rooms = {name: part for name, part in report.items() if isinstance(part, dict)}
    lines += ["| target or ratio | measured | |", "|---|---|---|"]
    for room, part in rooms.items():
        for name, value in part.get("ratios", {}).items():
            lines.append(
                f"| {room}: {name.replace('_', ' ')} | {value:.3g} | {verdict(name, value)} |"
            )
    for room, part in rooms.items():
        for title, timings in comparisons(part, room):
            lines += ["", f"## {title}", "", *table(timings)]
    return "\n".join(lines) + "\n"


def comparisons(part: Mapping[str, Any], title: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every table within a part of the report, under the names that lead to it."""
    if part and all(isinstance(case, dict) and "median_s" in case for case in part.values()):
        yield title, part
        return
    for name, inner in part.items():
        if isinstance(inner, dict):
            yield from comparisons(inner, f"{title}: {name}")


def table(timings: Mapping[str, Any]) -> list[str]:
    """One line a case, in microseconds a call, ours first."""
    ordered = sorted(timings, key=lambda name: not name.startswith(("sikka", "journal")))
    first = timings[ordered[0]]["median_s"]
    rows = ["| | median us | p10 us | p90 us | times |", "|---|---|---|---|---|"]
    for name in ordered:
        case = timings[name]
        cells = [f"{case[key] * 1e6:,.2f}" for key in ("median_s", "low_s", "high_s")]
        rows.append(f"| {name} | {' | '.join(cells)} | {case['median_s'] / first:.2f} x |")
    return rows
