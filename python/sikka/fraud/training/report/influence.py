"""Which features a model listens to."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from sikka.fraud.models.document import ModelDocument
from sikka.fraud.training.report.canvas import BLUE, GREEN, SHARES, drawn
from sikka_core import FEATURE_NAMES, Model

FEATURES_SHOWN = 16
PAYMENTS_MAX = 2_000
HEIGHT_IN = 5.6


def mean_contributions(model: Model, vectors: NDArray[np.float32]) -> dict[str, float]:
    """The mean of how far each feature moves the margin, up or down, the furthest first.

    Args:
        model: the model.
        vectors: (n, len(FEATURE_NAMES)) float32, n > 0; of many rows, two thousand evenly spaced
            ones are looked at.
    """
    rows = np.unique(np.linspace(0, len(vectors) - 1, PAYMENTS_MAX).astype(np.intp))
    moved = np.array([model.contributions(vectors[row])[:-1] for row in rows])
    means = np.abs(moved).mean(axis=0)
    order = np.argsort(-means, kind="stable")
    return {FEATURE_NAMES[place]: float(means[place]) for place in order.tolist()}


def importance_chart(document: ModelDocument, contributions: dict[str, float]) -> bytes:
    """The first features by contribution, and what their splits gained in training."""
    names = [name for name, mean in contributions.items() if mean > 0][:FEATURES_SHOWN][::-1]

    def draw(panels: list[Axes]) -> None:
        moved, gained = panels
        moved.barh(names, [contributions[name] for name in names], color=BLUE, height=0.65)
        moved.set(title="Moves the margin by", xlabel="mean, up or down, in log-odds")
        gained.barh(names, [document.gain.get(name, 0) for name in names], color=GREEN, height=0.65)
        gained.set(title="Gain in training", xlabel="share of all splits' gain")
        gained.xaxis.set_major_formatter(SHARES)
        gained.set_yticklabels([])
        for axes in panels:
            axes.grid(visible=False, axis="y")
            axes.tick_params(axis="y", length=0)

    return drawn(draw, panels=2, height_in=HEIGHT_IN)
