from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sikka.domain.errors import InvalidRequest
from sikka.domain.money import MAXIMUM_MINOR, MINOR_UNIT_EXPONENTS, Money, share_of

amounts = st.integers(0, MAXIMUM_MINOR)
currencies = st.sampled_from(sorted(MINOR_UNIT_EXPONENTS))


@given(amounts, currencies)
def test_an_amount_survives_the_way_through_its_major_text(amount: int, currency: str) -> None:
    money = Money(amount, currency)
    assert Money.from_major_text(money.major_text(), currency) == money


@given(st.integers(0, 10**12), st.integers(0, 10**12), currencies)
def test_adding_and_taking_away_is_exact(one: int, other: int, currency: str) -> None:
    total = Money(one, currency) + Money(other, currency)
    assert total.amount_minor == one + other
    assert total - Money(other, currency) == Money(one, currency)


@given(st.text(max_size=20) | st.from_regex(r"[0-9]{1,13}(\.[0-9]{0,3})?", fullmatch=True))
def test_any_text_is_read_as_an_exact_amount_or_refused_by_name(text: str) -> None:
    if re.fullmatch(r"(0|[1-9][0-9]{0,12})(\.[0-9]{1,2})?", text, re.ASCII):
        whole, _, minor = Money.from_major_text(text, "INR").major_text().partition(".")
        given_whole, _, given_minor = text.partition(".")
        assert (whole, minor) == (given_whole, given_minor.ljust(2, "0"))
        return
    with pytest.raises(InvalidRequest) as caught:
        Money.from_major_text(text, "INR")
    assert caught.value.param == "amount"


@pytest.mark.parametrize(
    "text", ["", "1.", ".5", "1.234", "-1", "+1", "01", "1e2", "١", "1,00", " 1"]
)
def test_an_amount_that_is_no_plain_decimal_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        Money.from_major_text(text, "INR")
    assert caught.value.code == "amount_invalid"


def test_yen_has_no_decimals() -> None:
    assert Money(1299, "JPY").major_text() == "1299"
    with pytest.raises(InvalidRequest):
        Money.from_major_text("12.99", "JPY")


@pytest.mark.parametrize("amount", [-1, MAXIMUM_MINOR + 1, 1.0, True, "1"])
def test_money_is_an_integer_within_the_column(amount: object) -> None:
    with pytest.raises(InvalidRequest):
        Money(amount, "INR")  # type: ignore[arg-type]


def test_currencies_are_never_mixed() -> None:
    with pytest.raises(InvalidRequest) as caught:
        Money(1, "INR") + Money(1, "USD")
    assert caught.value.code == "currency_mismatch"
    with pytest.raises(InvalidRequest):
        Money(1, "XXX")


@given(amounts, st.integers(0, 10_000))
def test_a_share_is_the_nearest_minor_unit(amount: int, basis_points: int) -> None:
    assert abs(share_of(amount, basis_points) * 10_000 - amount * basis_points) <= 5_000
