"""The chart of what a threshold costs."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from sikka.fraud.training.report.canvas import BLUE, GREEN, QUIET, SHARES, drawn
from sikka.fraud.training.report.words import money
from sikka.fraud.training.scored import Scored
from sikka.fraud.training.thresholds import Costs, outcomes_at

THRESHOLDS = np.geomspace(1e-3, 0.999, 241)


def cost_chart(scored: Scored, costs: Costs, currency: str) -> bytes:
    """What frauds, reviews and refusals cost over the threshold, and where that is least."""
    outcomes = outcomes_at(scored, THRESHOLDS)
    never_minor = int(scored.amount_minor[scored.frauds].sum())

    def draw(panels: list[Axes]) -> None:
        axes = panels[0]
        for name, minor, color in (
            ("refusing what is flagged", outcomes.cost_of_refusing_minor(costs), BLUE),
            ("reviewing what is flagged", outcomes.cost_of_reviewing_minor(costs), GREEN),
        ):
            least = int(np.argmin(minor))
            label = f"{name}: least {money(int(minor[least]), currency)}"
            axes.plot(THRESHOLDS, minor, color=color, label=f"{label} at {THRESHOLDS[least]:.3f}")
            axes.plot(THRESHOLDS[least], minor[least], "o", color=color, markersize=6)
        axes.axhline(
            never_minor,
            color=QUIET,
            linestyle=":",
            linewidth=1.2,
            label=f"flagging nothing: {money(never_minor, currency)}",
        )
        axes.yaxis.set_major_formatter(FuncFormatter(lambda minor, _: money(minor, currency)))
        axes.set(
            xscale="log",
            xlim=(THRESHOLDS[0], 1),
            # Low thresholds can cost many times as much; the picture is about the others.
            ylim=(0, 2 * never_minor),
            xlabel="threshold: probability from which on payments are flagged",
            ylabel="cost in the period",
            title="Cost at thresholds",
        )
        axes.xaxis.set_major_formatter(SHARES)
        axes.legend(loc="upper right")

    return drawn(draw)
