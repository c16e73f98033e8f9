"""How a model did on payments with labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sikka.fraud.models.document import Period
from sikka.fraud.training.scored import Scored


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How a model did on a stream.

    Args:
        hash: SHA-256 of the stream.
        period: which payments it was judged on.
        scored: these.
        vectors: (n, len(FEATURE_NAMES)) float32, theirs.
        metrics: as in `ModelDocument.metrics`.
        trained_on: whether the model was trained on this very stream, and is judged on the part of
            it that its training left for the test.
    """

    hash: str
    period: Period
    scored: Scored
    vectors: NDArray[np.float32]
    metrics: dict[str, float]
    trained_on: bool
