from __future__ import annotations

import pytest

from sikka.fraud.training.report.words import moment, money, percent


@pytest.mark.parametrize(
    ("minor", "text"),
    [
        (0, "INR 0"),
        (12_345, "INR 123"),
        (99, "INR 0.99"),
        (123_456, "INR 1.23 k"),
        (123_456_789, "INR 1.23 m"),
        (-5_000_000_000_00, "INR -5 bn"),
    ],
)
def test_money_is_short(minor: int, text: str) -> None:
    assert money(minor, "INR") == text


def test_moments_are_in_utc_and_shares_in_percent() -> None:
    assert moment(1_750_000_000_000) == "2025-06-15 15:06"
    assert percent(0.12345) == "12.3 %"
    assert percent(0.00012, 3) == "0.012 %"
