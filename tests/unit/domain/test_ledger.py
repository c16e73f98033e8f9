from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sikka.domain.ledger import (
    KINDS,
    Account,
    Books,
    Chart,
    Direction,
    LedgerTransaction,
    Posting,
    fee_of,
)
from sikka.domain.money import MAXIMUM_MINOR
from sikka.domain.refund import RefundOrigin
from tests.unit.domain.records import AT, merchant, payment, refund


def _balances(*transactions: LedgerTransaction) -> Counter[Chart]:
    """Debits less credits of each account."""
    totals: Counter[Chart] = Counter()
    for transaction in transactions:
        for posting in transaction.postings:
            sign = 1 if posting.direction is Direction.DEBIT else -1
            totals[posting.account.chart] += sign * posting.amount_minor
    return totals


@given(
    st.integers(1, MAXIMUM_MINOR),
    st.integers(0, 10_000),
    st.integers(0, 10**6),
    st.integers(0, 10_000),
)
def test_a_capture_balances_and_never_takes_more_than_it_has(
    amount: int, fee: int, fixed: int, gst: int
) -> None:
    seller = merchant(fee_basis_points=fee, fee_fixed_minor=fixed, gst_basis_points=gst)
    booked = Books(payment(amount_minor=amount), "npci", AT).captured("ltx_1", seller)
    totals = _balances(booked)
    assert sum(totals.values()) == 0
    assert totals[Chart.RECEIVABLE] == amount
    taken = fee_of(seller, amount)
    assert totals[Chart.FEE_INCOME] == -taken.fee_minor <= 0
    assert totals[Chart.GST_PAYABLE] == -taken.gst_minor <= 0
    assert taken.fee_minor + taken.gst_minor <= amount


def test_a_fee_of_one_per_cent_carries_gst_of_eighteen() -> None:
    fee = fee_of(merchant(), 129_900)
    assert (fee.fee_minor, fee.gst_minor) == (1_299, 234)


def test_a_deemed_payment_that_is_confirmed_ends_like_a_captured_one() -> None:
    books = Books(payment(), "npci", AT)
    straight = _balances(books.captured("1", merchant()))
    around = _balances(books.held("1", "deemed"), books.released("2", merchant()))
    assert {k: v for k, v in around.items() if v} == straight


def test_a_deemed_payment_that_is_refused_leaves_nothing_behind() -> None:
    books = Books(payment(), "npci", AT)
    totals = _balances(books.held("1", "deemed"), books.unheld("2"))
    assert not any(totals.values())


@pytest.mark.parametrize("origin", list(RefundOrigin))
def test_a_failed_refund_is_reversed_to_the_minor_unit(origin: RefundOrigin) -> None:
    books = Books(payment(), "npci", AT)
    returned = refund(origin=origin)
    opened = books.refunded("1", returned)
    reversal = books.refund_failed("2", returned)
    assert not any(_balances(opened, reversal).values())
    assert reversal.reverses == "refund"


def test_a_late_success_passes_through_suspense_and_never_touches_the_merchant() -> None:
    books = Books(payment(), "npci", AT)
    back = refund(origin=RefundOrigin.LATE_SUCCESS, amount_minor=129_900)
    totals = _balances(books.held("1", "late_success"), books.refunded("2", back))
    assert totals[Chart.SUSPENSE] == 0
    assert Chart.MERCHANT_PAYABLE not in totals
    assert totals[Chart.REFUNDS_IN_CLEARING] == -129_900


def _pair(debit: int, credit: int, currency: str = "INR") -> LedgerTransaction:
    return LedgerTransaction(
        id="ltx_1",
        bucket=0,
        payment_id="pay_1",
        refund_id=None,
        kind="capture",
        reverses=None,
        postings=(
            Posting(Account(Chart.BANK, "", "INR", False), Direction.DEBIT, debit),
            Posting(Account(Chart.SUSPENSE, "", currency, False), Direction.CREDIT, credit),
        ),
        created_at=AT,
    )


@pytest.mark.parametrize(
    ("debit", "credit", "currency"), [(1, 2, "INR"), (0, 0, "INR"), (-1, -1, "INR"), (1, 1, "USD")]
)
def test_a_transaction_that_does_not_balance_cannot_exist(
    debit: int, credit: int, currency: str
) -> None:
    with pytest.raises(ValueError, match="capture"):
        _pair(debit, credit, currency)


def test_every_account_of_the_chart_has_a_kind_and_a_name_of_its_own() -> None:
    assert set(KINDS) == set(Chart)
    names = {
        Account(chart, owner, "INR", live).id
        for chart in Chart
        for owner in ("", "mer_1")
        for live in (True, False)
    }
    assert len(names) == len(Chart) * 4
