"""Fits how a margin becomes a probability, on payments that the trees were not grown on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sikka.domain.errors import InvalidRequest
from sikka.fraud.models.calibration import LOG_ODDS_MAX, Calibration

# With fewer frauds a free line follows their chance; a straight one has two numbers to fit.
FRAUDS_FOR_ISOTONIC = 100
POINTS = 20
END_REACH, END_SLOPE = 50.0, 0.1
NEWTON_STEPS_MAX = 100
NEWTON_TOLERANCE = 1e-10
# A straight line of log-odds is drawn as far as the log-odds are bounded.
SLOPE_MIN = 1e-3


def calibrate(margins: NDArray[np.float32], frauds: NDArray[np.bool_]) -> Calibration:
    """Fit the probability of fraud over the margin, never falling.

    With 100 frauds or more it is centred isotonic regression (Oron and Flournoy, "Centered
    isotonic regression", 2017) on at most 20 groups of payments with equally many frauds; with
    fewer, Platt's straight line ("Probabilistic outputs for support vector machines", 1999) with
    his targets, which keep it from promising certainty.

    Args:
        margins: (n,) float32, finite.
        frauds: (n,) bool.

    Raises:
        InvalidRequest: there are no frauds or nothing else, or fraud is not more likely where the
            margin is higher.
    """
    count = int(frauds.sum())
    if count in (0, len(frauds)):
        raise InvalidRequest(
            message=f"calibration needs frauds and other payments, and got {count} frauds among"
            f" {len(frauds)}: take a longer validation period",
            param="fraud",
        )
    wide = margins.astype(np.float64)
    points = _isotonic(wide, frauds) if count >= FRAUDS_FOR_ISOTONIC else None
    if points is not None:
        return Calibration("isotonic", *points)
    return Calibration("platt", *_platt(wide, frauds))


Points = tuple[tuple[float, ...], tuple[float, ...]]


def _isotonic(margins: NDArray[np.float64], frauds: NDArray[np.bool_]) -> Points | None:
    """The centres of the groups, each with its log-odds; None when one group is all there is."""
    blocks: list[_Block] = []
    for block in _groups(margins, frauds):
        blocks.append(block)
        while len(blocks) > 1 and blocks[-2].log_odds >= blocks[-1].log_odds:
            last = blocks.pop()
            blocks.append(blocks.pop().with_(last))
    rising = [blocks[0]]
    for block in blocks[1:]:
        if block.centre > rising[-1].centre:
            rising.append(block)
    if len(rising) == 1:
        return None
    centres = [block.centre for block in rising]
    log_odds = [block.log_odds for block in rising]
    # Beyond the last groups nothing was measured; the line goes on nearly level, so that payments
    # keep their order.
    reach, rise = END_REACH, END_REACH * END_SLOPE
    return (
        (centres[0] - reach, *centres, centres[-1] + reach),
        (log_odds[0] - rise, *log_odds, log_odds[-1] + rise),
    )


class _Block:
    """Payments of neighbouring margins, counted together."""

    def __init__(self, payments: int, frauds: int, margin_sum: float) -> None:
        self._payments = payments
        self._frauds = frauds
        self._margin_sum = margin_sum

    @property
    def centre(self) -> float:
        return self._margin_sum / self._payments

    @property
    def log_odds(self) -> float:
        # Half a payment of either kind (Jeffreys): no group is all fraud or none for certain.
        odds = (self._frauds + 0.5) / (self._payments - self._frauds + 0.5)
        return float(np.log(odds))

    def with_(self, other: _Block) -> _Block:
        return _Block(
            self._payments + other._payments,
            self._frauds + other._frauds,
            self._margin_sum + other._margin_sum,
        )


def _groups(margins: NDArray[np.float64], frauds: NDArray[np.bool_]) -> list[_Block]:
    """Groups of equally many frauds by margin, from the lowest; equal margins stay together."""
    order = np.argsort(margins, kind="stable")
    margins, frauds = margins[order], frauds[order]
    each = max(frauds.sum() // POINTS, 1)
    # A group ends after its share of the frauds, at the last payment of the same margin.
    ends = np.flatnonzero(frauds)[each - 1 :: each]
    ends = np.searchsorted(margins, margins[ends], side="right")
    ends = np.unique(np.append(ends, len(margins)))
    starts = np.append(0, ends[:-1])
    sums = np.add.reduceat(margins, starts)
    counts = np.add.reduceat(frauds.astype(np.int64), starts)
    sizes = ends - starts
    return [
        _Block(int(size), int(count), float(total))
        for size, count, total in zip(sizes, counts, sums, strict=True)
    ]


def _platt(margins: NDArray[np.float64], frauds: NDArray[np.bool_]) -> Points:
    """Two points of the line, as far out as log-odds may be."""
    slope, intercept = _platt_line(margins, frauds)
    if not slope > SLOPE_MIN:
        raise InvalidRequest(
            message="in the validation period fraud is not more likely where the model's margin is"
            " higher: it has learnt nothing that lasts; take more data",
            param="fraud",
        )
    ends = (-LOG_ODDS_MAX, LOG_ODDS_MAX)
    return tuple((end - intercept) / slope for end in ends), ends


def _platt_line(margins: NDArray[np.float64], frauds: NDArray[np.bool_]) -> tuple[float, float]:
    """Slope and intercept of the log-odds, by Newton's method with halved steps.

    See Lin, Lin and Weng, "A note on Platt's probabilistic outputs", 2007.
    """
    count = int(frauds.sum())
    others = len(frauds) - count
    targets = np.where(frauds, (count + 1) / (count + 2), 1 / (others + 2))
    design = np.column_stack([margins, np.ones_like(margins)])
    line = np.array([0.0, np.log((count + 1) / (others + 1))])
    loss = _log_loss(design @ line, targets)
    for _ in range(NEWTON_STEPS_MAX):
        likely = 1 / (1 + np.exp(-design @ line))
        gradient = design.T @ (likely - targets)
        curvature = (design * (likely * (1 - likely))[:, None]).T @ design + 1e-12 * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        share = 1.0
        while (next_loss := _log_loss(design @ (line - share * step), targets)) > loss:
            share /= 2
            if share < NEWTON_TOLERANCE:
                return float(line[0]), float(line[1])
        line, gain, loss = line - share * step, loss - next_loss, next_loss
        if gain < NEWTON_TOLERANCE * max(loss, 1.0):
            break
    return float(line[0]), float(line[1])


def _log_loss(log_odds: NDArray[np.float64], targets: NDArray[np.float64]) -> float:
    return float(np.sum(np.logaddexp(0, log_odds) - targets * log_odds))
