from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sikka.fraud.models.calibration import Calibration

LINE = Calibration("isotonic", (-4.0, -1.0, 2.0), (-8.0, -3.0, 1.5))


def test_a_probability_lies_on_the_line_and_beyond_the_ends_is_theirs() -> None:
    def log_odds(margin: float) -> float:
        probability = LINE.probability(margin)
        return math.log(probability / (1 - probability))

    assert log_odds(-4) == pytest.approx(-8)
    assert log_odds(-2.5) == pytest.approx(-5.5)
    assert log_odds(-1) == pytest.approx(-3)
    assert log_odds(0) == pytest.approx(-1.5)
    for margin in (2.0, 2.1, 1e300, math.inf):
        assert log_odds(margin) == pytest.approx(1.5)
    for margin in (-4.1, -1e300, -math.inf):
        assert log_odds(margin) == pytest.approx(-8)


def test_no_number_has_no_probability() -> None:
    with pytest.raises(ValueError, match="^margin must be a number$"):
        LINE.probability(math.nan)


@st.composite
def calibrations(draw: st.DrawFn) -> Calibration:
    size = draw(st.integers(2, 20))
    margins, log_odds = (
        sorted(draw(st.lists(st.floats(-most, most), min_size=size, max_size=size, unique=True)))
        for most in (1e6, 30)
    )
    return Calibration("isotonic", tuple(margins), tuple(log_odds))


@given(calibrations(), st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_a_higher_margin_is_never_less_likely(
    calibration: Calibration, one: float, other: float
) -> None:
    low, high = sorted((one, other))
    assert 0 < calibration.probability(low) <= calibration.probability(high) + 1e-15 <= 1 + 1e-15


@given(calibrations())
def test_it_comes_back_from_json_as_it_was(calibration: Calibration) -> None:
    written = msgspec.json.encode(calibration)
    assert msgspec.json.decode(written, type=Calibration) == calibration


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"margins": (1.0,), "log_odds": (1.0,)}, "margins must be 2 to 64 numbers"),
        (
            {"margins": tuple(map(float, range(65))), "log_odds": ()},
            "margins must be 2 to 64 numbers",
        ),
        ({"log_odds": (1.0, 2.0)}, "log_odds must be as many numbers as margins"),
        ({"margins": (0.0, 1.0, math.inf)}, "margins must be finite"),
        ({"margins": (0.0, math.nan, 1.0)}, "margins must be finite"),
        ({"margins": (0.0, 2.0, 1.0)}, "margins must rise from each to the next"),
        ({"margins": (0.0, 0.0, 1.0)}, "margins must rise from each to the next"),
        ({"log_odds": (0.0, 0.0, 1.0)}, "log_odds must rise from each to the next"),
        ({"log_odds": (0.0, 1.0, 31.0)}, "log_odds must be within -30..30"),
        ({"log_odds": (0.0, math.nan, 1.0)}, "log_odds must be within -30..30"),
    ],
)
def test_points_that_break_a_rule_are_refused(fields: dict[str, Any], message: str) -> None:
    whole = {"margins": (0.0, 1.0, 2.0), "log_odds": (0.0, 1.0, 2.0), **fields}
    with pytest.raises(ValueError, match=f"^{message}$"):
        Calibration("isotonic", **whole)
