"""The rail's record against ours, transaction by transaction."""

from __future__ import annotations

from decimal import Decimal

import pytest

from sikka.ops.rail_record import OurTransaction, RailTransaction, compare

AMOUNT = Decimal("1299.00")


def ours(status: str, outcome: str | None = None, rrn: str | None = "1") -> OurTransaction:
    return OurTransaction("pay_1", status, AMOUNT, "SKA1", outcome, rrn)


def theirs(status: str, amount: str = "1299.00", rrn: str = "1") -> RailTransaction:
    return RailTransaction("SKA1", status, Decimal(amount), rrn=rrn)


@pytest.mark.parametrize(
    ("here", "there"),
    [
        (ours("SUCCESS", "approved"), theirs("SUCCESS")),
        (ours("FAILED", "declined"), theirs("FAILURE")),
        (ours("FAILED"), None),
        (ours("EXPIRED"), theirs("FAILURE")),
        # Money that came late and goes back: known here, and booked to suspense.
        (ours("EXPIRED", "approved"), theirs("SUCCESS")),
        (ours("PENDING"), theirs("SUCCESS")),
        (ours("PENDING"), theirs("FAILURE")),
        (ours("PENDING"), None),
    ],
)
def test_what_agrees_or_is_open_is_not_told(
    here: OurTransaction, there: RailTransaction | None
) -> None:
    assert list(compare(here, there)) == []


@pytest.mark.parametrize(
    ("here", "there", "sentence"),
    [
        (ours("SUCCESS"), theirs("FAILURE"), "pay_1 is paid here and FAILURE on the rail"),
        (ours("SUCCESS"), theirs("DEEMED"), "pay_1 is paid here and DEEMED on the rail"),
        (ours("SUCCESS"), None, "pay_1 is paid here and absent on the rail"),
        (ours("FAILED"), theirs("SUCCESS"), "pay_1 is FAILED here and SUCCESS on the rail"),
        (ours("EXPIRED"), theirs("SUCCESS"), "pay_1 is EXPIRED here and SUCCESS on the rail"),
        (
            ours("SUCCESS"),
            theirs("SUCCESS", amount="1299.01"),
            "pay_1 is of 1299.00 here and of 1299.01 on the rail",
        ),
        (
            ours("SUCCESS"),
            theirs("SUCCESS", rrn="2"),
            "pay_1 has another reference number on the rail",
        ),
    ],
)
def test_what_differs_is_told_in_a_sentence(
    here: OurTransaction, there: RailTransaction | None, sentence: str
) -> None:
    assert list(compare(here, there)) == [sentence]
