"""What a model is not to be trusted with, in words."""

from __future__ import annotations

from sikka.fraud.models.calibration import Calibration
from sikka.fraud.models.document import TrainingData
from sikka.fraud.training.split import DAY_MS

KINDS = (
    "It learnt from {days:.0f} days with {frauds:,} known frauds; kinds of fraud that are not among"
    " them it has never seen."
)
AMOUNTS = "It knows amounts in {currency} only."
MISSING = "A feature that was always missing in training says nothing to it."
DELAY = (
    "A payment that nobody had disputed {delay:g} days after it was made counted as genuine, until"
    " somebody did; where labels come later than in training, risk by labels is staler."
)
REFUSED = "Payments that were refused have no outcome: what was refused before, it cannot judge."
ROUGH = (
    "Only {frauds:,} frauds were there to calibrate on: the log-odds of its probabilities are a"
    " straight line through them, and rough."
)


def limits_of(data: TrainingData, calibration: Calibration) -> tuple[str, ...]:
    """The limits of a model of this training, a sentence each."""
    days = (data.train.until_ms - data.train.from_ms) / DAY_MS
    limits = [
        KINDS.format(days=days, frauds=data.train.frauds),
        AMOUNTS.format(currency=data.currency),
        MISSING,
        DELAY.format(delay=data.label_delay_ms / DAY_MS),
        REFUSED,
    ]
    if calibration.method == "platt":
        limits.append(ROUGH.format(frauds=data.validation.frauds))
    return tuple(limits)
