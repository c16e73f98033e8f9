"""Charts of how a model ranks payments, and of what its probabilities mean."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MultipleLocator
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve, roc_curve

from sikka.fraud.training.evaluation import Evaluation
from sikka.fraud.training.ranking import FALSE_POSITIVE_RATE
from sikka.fraud.training.reliability import Reliability, reliability_of
from sikka.fraud.training.report.canvas import BLUE, GREEN, INK, QUIET, RED, SHARES, drawn

# How far to the right the ROC curve is shown: whoever flags more good payments than this has lost.
FALSE_POSITIVE_RATE_SHOWN = 0.02
POINTS_SHOWN = 2_000
PROBABILITY_SHOWN_MIN = 1e-4
# The quantile of a normal distribution that leaves 2.5 % on each side.
WILSON_Z = 1.96


def precision_recall_chart(evaluation: Evaluation) -> bytes:
    """Precision over recall, with the point at a false positive rate of 0.1 %."""
    scored, metrics = evaluation.scored, evaluation.metrics
    precisions, recalls, _ = precision_recall_curve(
        scored.frauds, scored.margins, drop_intermediate=True
    )

    def draw(panels: list[Axes]) -> None:
        axes = panels[0]
        axes.plot(*_thinned(recalls, precisions), color=BLUE, drawstyle="steps-post")
        axes.axhline(scored.base_rate, color=QUIET, linestyle=":", linewidth=1.2)
        axes.text(0.01, scored.base_rate, "flagging at random", color=QUIET, va="bottom")
        point = metrics["recall_at_fpr_0.1_percent"], metrics["precision_at_fpr_0.1_percent"]
        _mark(axes, point, "1 good payment in 1,000 flagged")
        axes.set(
            xlim=(0, 1.01),
            ylim=(0, 1.03),
            xlabel="recall: share of frauds that are flagged",
            ylabel="precision: share of frauds among the flagged",
            title=f"Precision and recall (average precision {metrics['average_precision']:.3f})",
        )

    return drawn(draw)


def roc_chart(evaluation: Evaluation) -> bytes:
    """Recall over the false positive rate, near zero."""
    scored, metrics = evaluation.scored, evaluation.metrics
    false_rates, recalls, _ = roc_curve(scored.frauds, scored.margins)
    shown = int(np.searchsorted(false_rates, FALSE_POSITIVE_RATE_SHOWN, side="right")) + 1

    def draw(panels: list[Axes]) -> None:
        axes = panels[0]
        curve = _thinned(false_rates[:shown], recalls[:shown])
        axes.plot(*curve, color=BLUE, drawstyle="steps-post")
        axes.axvline(FALSE_POSITIVE_RATE, color=RED, linestyle=":", linewidth=1.2)
        recall = metrics["recall_at_fpr_0.1_percent"]
        _mark(axes, (FALSE_POSITIVE_RATE, recall), f"recall {recall:.1%} at 0.1 %")
        axes.xaxis.set_major_locator(MultipleLocator(FALSE_POSITIVE_RATE_SHOWN / 10))
        axes.xaxis.set_major_formatter(SHARES)
        axes.set(
            xlim=(0, FALSE_POSITIVE_RATE_SHOWN),
            ylim=(0, 1.03),
            xlabel="false positive rate: share of good payments that are flagged",
            ylabel="recall",
            title=f"ROC near zero (area under the whole curve {metrics['auc']:.3f})",
        )

    return drawn(draw)


def calibration_chart(evaluation: Evaluation) -> bytes:
    """The share of frauds over the probability that was told, in groups."""
    groups = reliability_of(evaluation.scored)
    low, high = _wilson(groups)
    error = evaluation.metrics["expected_calibration_error"]

    def draw(panels: list[Axes]) -> None:
        axes = panels[0]
        there = groups.actual >= PROBABILITY_SHOWN_MIN
        axes.plot(
            [PROBABILITY_SHOWN_MIN, 1], [PROBABILITY_SHOWN_MIN, 1], color=QUIET, ls=":", lw=1.2
        )
        bars = np.maximum([groups.actual - low, high - groups.actual], 0)
        axes.errorbar(
            groups.expected[there],
            groups.actual[there],
            yerr=bars[:, there],
            fmt="o",
            color=BLUE,
            elinewidth=1,
            markersize=5,
            label="share of frauds, with its 95 % interval",
        )
        none = groups.expected[~there]
        axes.plot(
            none,
            np.full(len(none), PROBABILITY_SHOWN_MIN),
            "o",
            color=BLUE,
            fillstyle="none",
            clip_on=False,
            label="groups without a fraud" if len(none) else None,
        )
        axes.set(
            xscale="log",
            yscale="log",
            xlim=(PROBABILITY_SHOWN_MIN, 1.1),
            ylim=(PROBABILITY_SHOWN_MIN, 1.1),
            xlabel="probability that the model tells",
            ylabel="share of frauds",
            title=f"Calibration (expected error {error:.5f})",
        )
        axes.xaxis.set_major_formatter(SHARES)
        axes.yaxis.set_major_formatter(SHARES)
        axes.legend(loc="upper left")

    return drawn(draw)


def score_chart(evaluation: Evaluation) -> bytes:
    """How probabilities are distributed among frauds and other payments."""
    scored = evaluation.scored
    bins: list[float] = np.geomspace(PROBABILITY_SHOWN_MIN, 1, 41).tolist()

    def draw(panels: list[Axes]) -> None:
        axes = panels[0]
        for rows, color, name in (
            (~scored.frauds, GREEN, "good payments"),
            (scored.frauds, RED, "frauds"),
        ):
            shown = np.clip(scored.probabilities[rows], bins[0], bins[-1])
            weights = np.full(len(shown), 1 / len(shown))
            axes.hist(shown, bins, weights=weights, color=color, alpha=0.25, histtype="stepfilled")
            axes.hist(
                shown,
                bins,
                weights=weights,
                color=color,
                histtype="step",
                linewidth=1.6,
                label=name,
            )
        axes.set(
            xscale="log",
            xlim=(bins[0], bins[-1]),
            xlabel="probability that the model tells",
            ylabel="share of frauds, and of good payments",
            title="Scores",
        )
        axes.xaxis.set_major_formatter(SHARES)
        axes.yaxis.set_major_formatter(SHARES)
        axes.legend(loc="upper center")

    return drawn(draw)


def _mark(axes: Axes, point: tuple[float, float], text: str) -> None:
    """Mark a point, with words on the side where there is room."""
    left = point[0] > axes.get_xlim()[1] / 2
    axes.plot(*point, "o", color=RED, markersize=6, zorder=3)
    axes.annotate(
        text,
        point,
        xytext=(-10 if left else 10, -18),
        textcoords="offset points",
        ha="right" if left else "left",
        color=INK,
        bbox={
            "boxstyle": "round,pad=0.2",
            "facecolor": "white",
            "edgecolor": "none",
            "alpha": 0.85,
        },
    )


def _thinned(
    across: NDArray[np.float64], up: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """At most some thousands of the points of a curve, its ends among them."""
    if len(across) <= POINTS_SHOWN:
        return across, up
    kept = np.unique(np.linspace(0, len(across) - 1, POINTS_SHOWN).astype(np.intp))
    return across[kept], up[kept]


def _wilson(groups: Reliability) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The 95 % interval of each group's share (Wilson 1927)."""
    share, payments = groups.actual, groups.payments
    wide = 1 + WILSON_Z**2 / payments
    centre = (share + WILSON_Z**2 / (2 * payments)) / wide
    reach = np.sqrt(share * (1 - share) / payments + (WILSON_Z / (2 * payments)) ** 2)
    reach = WILSON_Z * reach / wide
    return np.asarray(centre - reach), np.asarray(centre + reach)
