"""Scores many models in a process whose path through the processor is forced from outside.

Run as `python forced_path.py FOLDER`, with SIKKA_CORE_SIMD set. The folder holds `<name>.model` and
`<name>.npy`, the rows; `<name>.margins.npy` is written beside them, with one line for each way of
laying the rows out in memory.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np

import sikka_core

SPARE = 3


def layouts(rows: np.ndarray) -> dict[str, np.ndarray]:
    """The same float32 rows as other arrays hold them."""
    count, features = rows.shape
    wide = np.full((2 * count, features + SPARE), np.nan, np.float32)
    wide[::2, 1 : features + 1] = rows
    return {
        "float32": np.ascontiguousarray(rows),
        "float64": rows.astype(np.float64),
        "columns": np.asfortranarray(rows),
        "columns of float64": np.asfortranarray(rows.astype(np.float64)),
        "strided": wide[::2, 1 : features + 1],
        "backwards": np.ascontiguousarray(rows[::-1, ::-1])[::-1, ::-1],
    }


def margins(model: sikka_core.Model, rows: np.ndarray) -> np.ndarray:
    """The margins of the rows, one line a layout."""
    return np.stack(
        [np.asarray(model.score_many(laid_out, margin=True)) for laid_out in layouts(rows).values()]
    )


def main() -> None:
    """Scores everything in the folder."""
    if os.environ["SIKKA_CORE_SIMD"] != sikka_core.SIMD:
        raise SystemExit("the path was not taken")
    for path in Path(sys.argv[1]).glob("*.model"):
        rows = np.load(path.with_suffix(".npy"))
        model = sikka_core.load_model(path)
        np.save(path.with_suffix(".margins.npy"), margins(model, rows))


if __name__ == "__main__":
    main()
