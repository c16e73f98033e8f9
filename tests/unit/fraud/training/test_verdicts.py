"""What is held to be true of payments, and since when."""

from __future__ import annotations

import numpy as np
import pytest

from sikka.fraud.training.verdicts import NEVER_MS, verdicts_of
from tests.unit.fraud.training.payments import START_MS, columns, stream

DELAY_MS = 1_000


@pytest.mark.parametrize(
    ("fraud", "known_after_ms", "spoken"),
    [
        (None, None, []),
        (False, None, [(DELAY_MS, False)]),
        (False, 400, [(400, False)]),
        (False, 5_000, [(DELAY_MS, False)]),
        (True, None, [(DELAY_MS, True)]),
        (True, 400, [(400, True)]),
        (True, DELAY_MS, [(DELAY_MS, True)]),
        # Silence had spoken by then.
        (True, 5_000, [(DELAY_MS, False), (5_000, True)]),
    ],
)
def test_verdicts_are_spoken_when_something_becomes_known_or_nothing_has(
    fraud: bool | None, known_after_ms: int | None, spoken: list[tuple[int, bool]]
) -> None:
    made = columns(payments=1)
    made["time_ms"], made["fraud"] = [START_MS], [fraud]
    made["known_ms"] = [None if known_after_ms is None else START_MS + known_after_ms]
    verdicts = verdicts_of(stream(made), DELAY_MS)
    times = [START_MS + after for after, _ in spoken]
    assert verdicts.first_ms.tolist() == [times[0] if times else NEVER_MS]
    assert verdicts.second_ms.tolist() == [times[1] if len(times) > 1 else NEVER_MS]
    # Of two verdicts the later holds; none holds in its own millisecond, but after it.
    for moment_ms in {START_MS, *times, *(time_ms + 1 for time_ms in times), NEVER_MS}:
        held = [
            said for time_ms, (_, said) in zip(times, spoken, strict=True) if time_ms < moment_ms
        ]
        expected = int(held[-1]) if held else -1
        assert verdicts.by(moment_ms).tolist() == [expected]
    assert verdicts.by(NEVER_MS).dtype == np.int8
