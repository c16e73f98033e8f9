"""What scoring costs, beside every engine that Python can call. The engines agree, or nothing runs.

Run as `python -m benches trees`. The targets are ratios, measured in one run.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import xgboost

import sikka_core
from benches.measure import Timing, alternate, as_report, print_table, print_targets
from benches.tree_peers import (
    LightgbmModel,
    Rows,
    Scorer,
    XgboostModel,
    assert_agreement,
    bench_rows,
)

SECONDS_PER_CASE = 2.0
ROUNDS_ONE_ROW = 400
ROUNDS_MANY_ROWS = 15
MANY_ROWS = 10_000
STARTS = 21
PATHS = ("avx512", "avx2", "portable")

# Both run in a fresh interpreter and print milliseconds, or microseconds a thousand rows.
COLD_START = """
import sys, time
start = time.perf_counter()
import sikka_core
imported = time.perf_counter()
model = sikka_core.load_model(sys.argv[1])
loaded = time.perf_counter()
model.score([0.0] * model.feature_count)
print((imported - start) * 1e3, (loaded - imported) * 1e3, (time.perf_counter() - start) * 1e3)
"""
ONE_PATH = """
import statistics, sys, time
import numpy, sikka_core
model, rows = sikka_core.load_model(sys.argv[1]), numpy.load(sys.argv[2])
out = numpy.empty(len(rows), numpy.float32)
times = []
for _ in range(30):
    start = time.perf_counter()
    model.score_many(rows, out)
    times.append(time.perf_counter() - start)
print(statistics.median(times) / len(rows) * 1e9)
"""


def measure(scorers: dict[str, Scorer], rows: Rows, rounds: int) -> dict[str, Timing]:
    """Time every engine on the same rows, after a look at their answers."""
    assert_agreement(scorers, rows if len(rows) > 1 else bench_rows(2_000))
    cases = {name: scorer(rows) for name, scorer in scorers.items()}
    return alternate(cases, SECONDS_PER_CASE, rounds)


def measure_one_row(model: XgboostModel) -> dict[str, Timing]:
    """One row from Python; ours from a list as well."""
    row = bench_rows(1)
    listed = row[0].tolist()
    assert_agreement(model.scorers(), bench_rows(2_000))
    cases: dict[str, Callable[[], Any]] = {
        name: scorer(row) for name, scorer in model.scorers().items()
    }
    cases["sikka_core, from a list"] = lambda: model.core.score(listed)
    return alternate(cases, SECONDS_PER_CASE, ROUNDS_ONE_ROW)


def measure_contributions(model: XgboostModel) -> dict[str, Timing]:
    """The shares of the features in one row's margin."""
    rows = bench_rows(1)
    row, matrix = rows[0], xgboost.DMatrix(rows)
    theirs = model.booster.predict(matrix, pred_contribs=True)[0]
    assert np.abs(np.array(model.core.contributions(row)) - theirs).max() < 1e-3
    return alternate(
        {
            "sikka_core": lambda: model.core.contributions(row),
            "XGBoost, matrix prepared": lambda: model.booster.predict(matrix, pred_contribs=True),
        },
        SECONDS_PER_CASE,
        ROUNDS_MANY_ROWS,
    )


def measure_load(model: XgboostModel, path: Path) -> dict[str, Timing]:
    """From the bytes of a model to one that scores."""
    saved = path.with_suffix(".ubj")
    saved.write_bytes(model.saved)
    return alternate(
        {
            "sikka_core, own form": lambda: sikka_core.load_model(path),
            "sikka_core, UBJ": lambda: sikka_core.Model.from_xgboost(saved.read_bytes()),
            "XGBoost, UBJ": lambda: xgboost.Booster(model_file=saved),
        },
        SECONDS_PER_CASE,
        ROUNDS_MANY_ROWS,
    )


def cold_starts_ms(path: Path) -> dict[str, float]:
    """Import, load and first score in interpreters of their own: medians."""
    runs = [numbers_of(COLD_START, [str(path)]) for _ in range(STARTS)]
    imports, loads, wholes = (statistics.median(column) for column in zip(*runs, strict=True))
    return {
        "cold_start_import_ms": imports,
        "cold_start_load_ms": loads,
        "cold_start_ms_at_most_50": wholes,
    }


def paths_ns_per_row(path: Path, rows_path: Path) -> dict[str, float]:
    """Many rows on each path that the processor has, each in interpreters that take turns."""
    available = [name for name in PATHS if has_path(name)]
    runs: dict[str, list[float]] = {name: [] for name in available}
    for _ in range(5):
        for name in available:
            arguments = [str(path), str(rows_path)]
            runs[name] += numbers_of(ONE_PATH, arguments, SIKKA_CORE_SIMD=name)
    return {
        f"many_500x6_ns_per_row_{name}": statistics.median(times) for name, times in runs.items()
    }


def has_path(name: str) -> bool:
    finished = subprocess.run(
        [sys.executable, "-c", "import sikka_core"],
        env={**os.environ, "SIKKA_CORE_SIMD": name},
        capture_output=True,
        check=False,
    )
    return finished.returncode == 0


def numbers_of(code: str, arguments: list[str], **variables: str) -> list[float]:
    """The numbers that a program prints."""
    finished = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    return [float(word) for word in finished.stdout.split()]


def best_peer(timings: dict[str, Timing]) -> float:
    """How many times the fastest engine of others takes as long as ours."""
    others = [t.median_s for name, t in timings.items() if not name.startswith("sikka_core")]
    return min(others) / timings["sikka_core"].median_s


def run(report: dict[str, Any]) -> None:
    """Measure, print the tables, and put medians and ratios into `report["trees"]`.

    Raises RuntimeError when the native core is a debug build, AssertionError when two engines do
    not agree.
    """
    if sikka_core.BUILD_PROFILE != "release":
        raise RuntimeError("sikka_core is a debug build; benches need a release build")
    with TemporaryDirectory() as name:
        tables, seconds, targets = run_in(Path(name))
    print_targets(targets)
    report["trees"] = {
        **{title: as_report(timings) for title, timings in tables.items()},
        "compile_s": seconds,
        "simd": sikka_core.SIMD,
        "ratios": targets,
    }


def run_in(folder: Path) -> tuple[dict[str, dict[str, Timing]], dict[str, float], dict[str, float]]:
    """Every table, the seconds that compilers of models took, and the targets."""
    rows = bench_rows(MANY_ROWS)
    small, large = XgboostModel(100, folder), XgboostModel(500, folder)
    light = LightgbmModel(100, folder)
    path, rows_path = folder / "large.model", folder / "rows.npy"
    path.write_bytes(large.core.to_bytes())
    np.save(rows_path, rows)
    tables = {
        "one row, XGBoost 100x6": measure_one_row(small),
        "one row, LightGBM 100x6": measure(light.scorers(), bench_rows(1), ROUNDS_ONE_ROW),
        "many rows, XGBoost 100x6": measure(small.scorers(), rows, ROUNDS_MANY_ROWS),
        "many rows, XGBoost 500x6": measure(large.scorers(), rows, ROUNDS_MANY_ROWS),
        "many rows, LightGBM 100x6": measure(light.scorers(), rows, ROUNDS_MANY_ROWS),
        "contributions, XGBoost 100x6": measure_contributions(small),
        "load, XGBoost 500x6": measure_load(large, path),
    }
    for title, timings in tables.items():
        print_table(title, timings, next(iter(timings)))
    seconds = {
        "tl2cgen 100x6": small.compile_s,
        "tl2cgen 500x6": large.compile_s,
        "lleaves 100x6": light.compile_s,
    }
    starts, paths = cold_starts_ms(path), paths_ns_per_row(path, rows_path)
    return tables, seconds, targets_of(tables) | starts | paths


def targets_of(tables: dict[str, dict[str, Timing]]) -> dict[str, float]:
    """The figures that a bar was set for, and those beside them."""
    one, one_light = tables["one row, XGBoost 100x6"], tables["one row, LightGBM 100x6"]
    load = tables["load, XGBoost 500x6"]["sikka_core, own form"]
    return {
        "one_row_us_at_most_2": one["sikka_core"].median_s * 1e6,
        "one_row_speed_of_best_peer_at_least_4": best_peer(one),
        "one_row_speed_of_best_peer_of_lightgbm": best_peer(one_light),
        "many_100x6_speed_of_best_peer_at_least_3": best_peer(tables["many rows, XGBoost 100x6"]),
        "many_500x6_speed_of_best_peer_at_least_3": best_peer(tables["many rows, XGBoost 500x6"]),
        "many_100x6_speed_of_best_peer_of_lightgbm": best_peer(tables["many rows, LightGBM 100x6"]),
        "contributions_speed_of_xgboost": best_peer(tables["contributions, XGBoost 100x6"]),
        "load_500_trees_ms_at_most_5": load.median_s * 1e3,
    }
