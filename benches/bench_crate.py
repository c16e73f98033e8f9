"""What the crate costs from Rust, without Python: Criterion's benches, and their medians.

Run as `python -m benches crate`. Criterion keeps its figures and pictures in `target/criterion`.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from benches.measure import print_targets

ROOT = Path(__file__).parents[1]
FIGURES = ROOT / "target" / "criterion"
# The bar is for what fits the caches beside it; more entities wait for memory.
FOUR_ENTITIES = "features/four entities of/1550"


def medians_ns() -> dict[str, float]:
    """The median of every bench that Criterion knows, by its full name."""
    found = {}
    for path in sorted(FIGURES.glob("**/new/estimates.json")):
        name = json.loads(path.with_name("benchmark.json").read_text())["full_id"]
        found[name] = json.loads(path.read_text())["median"]["point_estimate"]
    return found


def run(report: dict[str, Any]) -> None:
    """Run `cargo bench` and put its medians into `report["crate"]`."""
    subprocess.run(["cargo", "bench", "--quiet", "--locked"], cwd=ROOT, check=True)  # noqa: S607
    medians = medians_ns()
    targets = {"four_entities_us_at_most_2": medians[FOUR_ENTITIES] / 1e3}
    print_targets(targets)
    report["crate"] = {"median_ns": medians, "ratios": targets}


if __name__ == "__main__":
    run({})
