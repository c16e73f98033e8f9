"""What is held to be true of a payment, and since when.

Silence speaks after a while: a payment that nobody has disputed when the label delay has passed
counts as genuine, for the features of later payments and for whoever trains then. What turns out
later to be fraud is a second verdict. Whoever knew already then that it would has looked ahead.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sikka.fraud.training.stream import MISSING, PaymentStream

# A verdict that is never spoken, as a time: later than any payment may be.
NEVER_MS = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class Verdicts:
    """When each payment was first judged, and when that changed.

    Args:
        first_ms: (n,) int64, when something was first held to be true; NEVER_MS without a label.
        first: (n,) bool, whether that was fraud.
        second_ms: (n,) int64, since when it is held to be fraud after all; NEVER_MS for most.
    """

    first_ms: NDArray[np.int64]
    first: NDArray[np.bool_]
    second_ms: NDArray[np.int64]

    def by(self, moment_ms: int) -> NDArray[np.int8]:
        """What was held to be true before a moment.

        (n,) int8: 1 for fraud, 0 for none, -1 for nothing.
        """
        held = np.where(self.first_ms < moment_ms, self.first, MISSING)
        return np.where(self.second_ms < moment_ms, 1, held).astype(np.int8)


def verdicts_of(stream: PaymentStream, label_delay_ms: int) -> Verdicts:
    """The verdicts on every payment.

    A label that does not say when it became known was known when the delay had passed. A label
    that became known later changes what silence had said by then, if it says fraud.

    Args:
        stream: the payments.
        label_delay_ms: how long after a payment silence means that it was genuine.
    """
    labelled, fraud = stream.fraud != MISSING, stream.fraud == 1
    matures_ms = stream.time_ms + label_delay_ms
    known_ms = np.where(stream.known_ms == MISSING, matures_ms, stream.known_ms)
    late = labelled & (known_ms > matures_ms)
    return Verdicts(
        first_ms=np.where(labelled, np.minimum(known_ms, matures_ms), NEVER_MS),
        first=fraud & ~late,
        second_ms=np.where(late & fraud, known_ms, NEVER_MS),
    )
