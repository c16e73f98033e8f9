"""Double entry: accounts, balanced transactions, and what each business event books.

    what happens                 debit                     credit
    payment captured             receivable                merchant payable, fee income, GST
    deemed or late success       receivable                suspense
    deemed, then confirmed       suspense                  merchant payable, fee income, GST
    deemed, then refused         suspense                  receivable
    refund                       merchant payable          refunds in clearing
    refund of a late success     suspense                  refunds in clearing
    refund failed                the reverse of its booking

Nothing is updated or deleted; a correction is a new, reversing transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sikka.domain.merchant import Merchant
from sikka.domain.money import share_of
from sikka.domain.payment import Payment
from sikka.domain.refund import Refund, RefundOrigin


class AccountKind(StrEnum):
    """Debits increase assets and expenses; credits increase the others."""

    ASSET = "asset"
    LIABILITY = "liability"
    INCOME = "income"
    EXPENSE = "expense"


class Direction(StrEnum):
    """The side of an entry."""

    DEBIT = "debit"
    CREDIT = "credit"


class Chart(StrEnum):
    """The accounts of the house. Merchant payable is one account per merchant."""

    RECEIVABLE = "receivable"
    BANK = "bank"
    RAIL_FEES = "rail_fees"
    MERCHANT_PAYABLE = "merchant_payable"
    FEE_INCOME = "fee_income"
    GST_PAYABLE = "gst_payable"
    SUSPENSE = "suspense"
    REFUNDS_IN_CLEARING = "refunds_in_clearing"


KINDS = {
    Chart.RECEIVABLE: AccountKind.ASSET,
    Chart.BANK: AccountKind.ASSET,
    Chart.RAIL_FEES: AccountKind.EXPENSE,
    Chart.MERCHANT_PAYABLE: AccountKind.LIABILITY,
    Chart.FEE_INCOME: AccountKind.INCOME,
    Chart.GST_PAYABLE: AccountKind.LIABILITY,
    Chart.SUSPENSE: AccountKind.LIABILITY,
    Chart.REFUNDS_IN_CLEARING: AccountKind.LIABILITY,
}


@dataclass(frozen=True, slots=True)
class Account:
    """One account in one currency and mode. `owner` is a merchant's id, a rail's name or empty."""

    chart: Chart
    owner: str
    currency: str
    livemode: bool

    @property
    def id(self) -> str:
        """The account's name in the books: `merchant_payable/mer_…/INR/test`."""
        mode = "live" if self.livemode else "test"
        return f"{self.chart}/{self.owner}/{self.currency}/{mode}"

    @property
    def kind(self) -> AccountKind:
        """Asset, liability, income or expense."""
        return KINDS[self.chart]


@dataclass(frozen=True, slots=True)
class Posting:
    """One side of a transaction; minor units, positive."""

    account: Account
    direction: Direction
    amount_minor: int


@dataclass(frozen=True, slots=True)
class LedgerTransaction:
    """A balanced transaction of one currency.

    Raises:
        ValueError: when debits and credits differ, an amount is not positive, or currencies mix.
    """

    id: str
    bucket: int
    payment_id: str
    refund_id: str | None
    kind: str
    reverses: str | None
    postings: tuple[Posting, ...]
    created_at: datetime

    def __post_init__(self) -> None:
        debits = credits = 0
        for posting in self.postings:
            if posting.amount_minor <= 0:
                raise ValueError(f"{self.kind}: a posting must be positive")
            if posting.direction is Direction.DEBIT:
                debits += posting.amount_minor
            else:
                credits += posting.amount_minor
        if debits != credits or not debits:
            raise ValueError(f"{self.kind}: debits {debits} differ from credits {credits}")
        if len({posting.account.currency for posting in self.postings}) != 1:
            raise ValueError(f"{self.kind}: a transaction has one currency")


@dataclass(frozen=True, slots=True)
class Fee:
    """What the gateway keeps of a capture, and the GST on it; minor units."""

    fee_minor: int
    gst_minor: int


def fee_of(merchant: Merchant, amount_minor: int) -> Fee:
    """The fee on an amount, never more than the amount itself together with its GST."""
    fee = share_of(amount_minor, merchant.fee_basis_points) + merchant.fee_fixed_minor
    gst = share_of(fee, merchant.gst_basis_points)
    if fee + gst > amount_minor:
        fee = amount_minor * 10_000 // (10_000 + merchant.gst_basis_points)
        gst = amount_minor - fee
    return Fee(fee, gst)


class Books:
    """Writes the transactions of one payment.

    Args:
        payment: gives currency, mode, merchant and bucket.
        rail: the rail that owes us the money (`npci`, a sponsor bank).
        at: the time of booking.
    """

    def __init__(self, payment: Payment, rail: str, at: datetime) -> None:
        self._payment = payment
        self._rail = rail
        self._at = at

    def captured(self, id: str, merchant: Merchant) -> LedgerTransaction:
        """The payment succeeded."""
        return self._payable(id, "capture", Chart.RECEIVABLE, merchant)

    def held(self, id: str, kind: str) -> LedgerTransaction:
        """Money arrived whose owner is not certain: `deemed` or `late_success`."""
        return self._move(id, kind, Chart.RECEIVABLE, Chart.SUSPENSE)

    def released(self, id: str, merchant: Merchant) -> LedgerTransaction:
        """A deemed payment is confirmed."""
        return self._payable(id, "deemed_confirmed", Chart.SUSPENSE, merchant)

    def unheld(self, id: str) -> LedgerTransaction:
        """A deemed payment turned out to have failed."""
        return self._move(id, "deemed_refused", Chart.SUSPENSE, Chart.RECEIVABLE)

    def refunded(self, id: str, refund: Refund) -> LedgerTransaction:
        """A refund is on its way."""
        source = (
            Chart.SUSPENSE if refund.origin is RefundOrigin.LATE_SUCCESS else Chart.MERCHANT_PAYABLE
        )
        return self._move(id, "refund", source, Chart.REFUNDS_IN_CLEARING, refund)

    def refund_failed(self, id: str, refund: Refund) -> LedgerTransaction:
        """A refund failed: its booking is reversed."""
        target = (
            Chart.SUSPENSE if refund.origin is RefundOrigin.LATE_SUCCESS else Chart.MERCHANT_PAYABLE
        )
        return self._move(id, "refund_failed", Chart.REFUNDS_IN_CLEARING, target, refund)

    def _account(self, chart: Chart) -> Account:
        payment = self._payment
        owner = ""
        if chart is Chart.MERCHANT_PAYABLE:
            owner = payment.merchant_id
        elif chart in (Chart.RECEIVABLE, Chart.SUSPENSE, Chart.REFUNDS_IN_CLEARING):
            owner = self._rail
        return Account(chart, owner, payment.currency, payment.livemode)

    def _transaction(
        self, id: str, kind: str, postings: tuple[Posting, ...], refund: Refund | None = None
    ) -> LedgerTransaction:
        return LedgerTransaction(
            id=id,
            bucket=self._payment.bucket,
            payment_id=self._payment.id,
            refund_id=refund.id if refund else None,
            kind=kind,
            reverses="refund" if kind == "refund_failed" else None,
            postings=postings,
            created_at=self._at,
        )

    def _move(
        self, id: str, kind: str, debit: Chart, credit: Chart, refund: Refund | None = None
    ) -> LedgerTransaction:
        amount = refund.amount_minor if refund else self._payment.amount_minor
        postings = (
            Posting(self._account(debit), Direction.DEBIT, amount),
            Posting(self._account(credit), Direction.CREDIT, amount),
        )
        return self._transaction(id, kind, postings, refund)

    def _payable(self, id: str, kind: str, debit: Chart, merchant: Merchant) -> LedgerTransaction:
        amount = self._payment.amount_minor
        fee = fee_of(merchant, amount)
        parts = (
            (Chart.MERCHANT_PAYABLE, amount - fee.fee_minor - fee.gst_minor),
            (Chart.FEE_INCOME, fee.fee_minor),
            (Chart.GST_PAYABLE, fee.gst_minor),
        )
        postings = (
            Posting(self._account(debit), Direction.DEBIT, amount),
            *(
                Posting(self._account(chart), Direction.CREDIT, part)
                for chart, part in parts
                if part
            ),
        )
        return self._transaction(id, kind, postings)
