"""Where charts are drawn: one look for all, and the same bytes for the same numbers."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

INK, QUIET, GRID = "#1f2933", "#616e7c", "#e4e7eb"
BLUE, RED, GREEN = "#0b6e99", "#c2413b", "#3f8f5f"
# The marks of an axis of shares, also where it is logarithmic.
SHARES = FuncFormatter(lambda share, _: f"{100 * share:.6g} %")
DOTS_PER_INCH = 130
WIDTH_IN, HEIGHT_IN = 6.6, 4.2

# The one font that matplotlib brings along; a dollar sign is a dollar sign.
LOOK: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "text.parse_math": False,
    "font.size": 9.5,
    "text.color": INK,
    "axes.edgecolor": QUIET,
    "axes.labelcolor": QUIET,
    "axes.labelsize": 9,
    "axes.titlesize": 10.5,
    "axes.titlelocation": "left",
    "axes.titlepad": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "lines.linewidth": 1.8,
    "legend.framealpha": 0.9,
    "legend.edgecolor": "white",
    "legend.fontsize": 9,
}


def drawn(
    draw: Callable[[list[Axes]], None], panels: int = 1, height_in: float = HEIGHT_IN
) -> bytes:
    """A PNG of what a function draws.

    Args:
        draw: draws on the panels, which stand side by side.
        panels: how many there are.
        height_in: how high the picture is.
    """
    # Whatever the machine's own settings of matplotlib are, they have no say here.
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(LOOK)
        figure = Figure(figsize=(WIDTH_IN, height_in), dpi=DOTS_PER_INCH, layout="tight")
        FigureCanvasAgg(figure)
        draw([figure.add_subplot(1, panels, place + 1) for place in range(panels)])
        picture = io.BytesIO()
        # The name of the program that wrote it would change with its version.
        figure.savefig(picture, format="png", metadata={"Software": None})
    return picture.getvalue()
