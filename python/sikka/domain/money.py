"""Money: an integer number of minor units and a currency. Never a float."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sikka.domain.errors import InvalidRequest

# ISO 4217 minor-unit exponents of the currencies that fit a column of two decimals.
MINOR_UNIT_EXPONENTS = {"INR": 2, "USD": 2, "EUR": 2, "GBP": 2, "SGD": 2, "AED": 2, "JPY": 0}

# DECIMAL(15,2) holds thirteen digits before the point.
MAXIMUM_MINOR = 10**15 - 1

_MAJOR = re.compile(r"(0|[1-9][0-9]{0,15})(?:\.([0-9]{1,2}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount of money.

    Args:
        amount_minor: integer minor units, 0 to 999,999,999,999,999.
        currency: an ISO 4217 code of `MINOR_UNIT_EXPONENTS`.

    Raises:
        InvalidRequest: when either is out of its range.
    """

    amount_minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.amount_minor) is not int:
            raise InvalidRequest("amount_invalid", "amount must be an integer", param="amount")
        if self.currency not in MINOR_UNIT_EXPONENTS:
            raise InvalidRequest(
                "currency_unsupported",
                f"currency must be one of {', '.join(sorted(MINOR_UNIT_EXPONENTS))}",
                param="currency",
            )
        if not 0 <= self.amount_minor <= MAXIMUM_MINOR:
            raise InvalidRequest(
                "amount_invalid", f"amount must be 0 to {MAXIMUM_MINOR}", param="amount"
            )

    def __add__(self, other: Money) -> Money:
        return Money(self.amount_minor + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.amount_minor - self._same(other), self.currency)

    def _same(self, other: Money) -> int:
        if other.currency != self.currency:
            raise InvalidRequest(
                "currency_mismatch",
                f"cannot combine {self.currency} with {other.currency}",
                param="currency",
            )
        return other.amount_minor

    def major_text(self) -> str:
        """The amount in major units as the rails write it: `1299.00`, or `1299` for yen."""
        exponent = MINOR_UNIT_EXPONENTS[self.currency]
        if exponent == 0:
            return str(self.amount_minor)
        whole, minor = divmod(self.amount_minor, 10**exponent)
        return f"{whole}.{minor:0{exponent}d}"

    @classmethod
    def from_major_text(cls, text: str, currency: str) -> Money:
        """Read `1299`, `1299.0` or `1299.00`.

        Raises:
            InvalidRequest: when the text is no plain decimal, or has more decimals than the
                currency.
        """
        match = _MAJOR.fullmatch(text)
        exponent = MINOR_UNIT_EXPONENTS.get(currency, 2)
        if match is None or len(match[2] or "") > exponent:
            raise InvalidRequest(
                "amount_invalid",
                f"an amount in {currency} must look like {'1299.00' if exponent else '1299'}",
                param="amount",
            )
        return cls(int(match[1] + (match[2] or "").ljust(exponent, "0")), currency)


def share_of(amount_minor: int, basis_points: int) -> int:
    """Return `basis_points` (1/100 of a per cent) of an amount, rounded half up to a minor unit."""
    return (amount_minor * basis_points + 5_000) // 10_000
