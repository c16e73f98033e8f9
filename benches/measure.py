"""Time cases against one another on a machine that is not quiet.

A shared machine changes its speed while a bench runs. So the cases take turns, round after round,
and every comparison is one of medians over rounds that saw the same machine. Short turns and many
rounds are best: most turns then pass without the scheduler taking the processor away.
"""

from __future__ import annotations

import gc
import re
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Timing:
    """The time of one call: median, 10th and 90th percentile over the rounds."""

    median_s: float
    low_s: float
    high_s: float
    rounds: int


def alternate(
    cases: Mapping[str, Callable[[], object]], seconds_per_case: float, rounds: int
) -> dict[str, Timing]:
    """Call every case in turn for `rounds` rounds, each for its share of `seconds_per_case`.

    A turn repeats its call often enough that reading the clock does not count. Garbage collection
    rests meanwhile. Raises ValueError when there are fewer than three rounds.
    """
    if rounds < 3:
        raise ValueError("rounds must be at least 3")
    turn_s = seconds_per_case / rounds
    calls = {name: _calls_in(turn_s, case) for name, case in cases.items()}
    seconds: dict[str, list[float]] = {name: [] for name in cases}
    names = list(cases)
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        for round_number in range(rounds):
            # Who comes first changes, so that nobody always runs on warm or cold caches.
            shift = round_number % len(names)
            for name in names[shift:] + names[:shift]:
                seconds[name].append(_time(cases[name], calls[name]))
    finally:
        if was_enabled:
            gc.enable()
    return {name: _timing(samples) for name, samples in seconds.items()}


def print_table(title: str, timings: Mapping[str, Timing], baseline: str) -> None:
    """Print one line a case, with its speed relative to `baseline` (above 1: faster than it)."""
    width = max(len(name) for name in timings)
    print(f"\n{title}")
    print(f"  {'':{width}}  {'median':>10}  {'p10':>10}  {'p90':>10}  {'speed':>7}")
    for name, timing in timings.items():
        ratio = timings[baseline].median_s / timing.median_s
        cells = (_microseconds(value) for value in (timing.median_s, timing.low_s, timing.high_s))
        print(f"  {name:{width}}  {'  '.join(cells)}  {ratio:6.2f}x")


def print_targets(targets: Mapping[str, float]) -> None:
    """Print one line a figure; where its name ends in a bar, whether the bar was reached."""
    print("\nRatios of medians, and other targets")
    for name, value in targets.items():
        print(f"  {name}: {value:.3f}  {verdict(name, value)}".rstrip())


def verdict(name: str, value: float) -> str:
    """Whether a figure reached the bar that its name ends in; nothing when there is none."""
    bar = re.search(r"_at_(least|most)_([0-9.]+)$", name)
    if bar is None:
        return ""
    limit = float(bar[2])
    reached = value >= limit if bar[1] == "least" else value <= limit
    return "reached" if reached else "MISSED"


def as_report(timings: Mapping[str, Timing]) -> dict[str, Any]:
    """Return the timings as plain data for a JSON report."""
    return {name: asdict(timing) for name, timing in timings.items()}


def _calls_in(turn_s: float, case: Callable[[], object]) -> int:
    case()
    calls = 1
    while (elapsed_s := _time(case, calls) * calls) < turn_s / 4:
        calls *= 2
    return max(1, round(calls * turn_s / elapsed_s))


def _time(case: Callable[[], object], calls: int) -> float:
    repeat = range(calls)
    start = time.perf_counter()
    for _ in repeat:
        case()
    return (time.perf_counter() - start) / calls


def _timing(samples: list[float]) -> Timing:
    deciles = statistics.quantiles(samples, n=10, method="inclusive")
    return Timing(statistics.median(samples), deciles[0], deciles[-1], len(samples))


def _microseconds(seconds: float) -> str:
    return f"{seconds * 1e6:7.3f} us"
