"""Whether the rail's own record and our database tell the same story of every payment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from sikka_sim import Transaction
from tests.e2e.archive import PaymentRow, RefundRow

Rail = Mapping[str, Transaction]


def disagreements(
    payments: Iterable[PaymentRow],
    refunds: Iterable[RefundRow],
    transactions: Iterable[Transaction],
) -> list[str]:
    """Every sentence in which the two records differ; empty when they agree.

    The names of a sponsor bank's transactions are its own, so those are compared by `reference`.
    """
    rail = {transaction.reference or transaction.id: transaction for transaction in transactions}
    rail.update({each.id: each for each in list(rail.values())})
    ours_paid, ours_refunded = list(payments), list(refunds)
    known = {each.transaction_id for each in ours_paid}
    known |= {each.transaction_id for each in ours_refunded}
    return [
        *_unknown(rail, known),
        *(line for each in ours_paid for line in _of_payment(each, rail)),
        *(line for each in ours_refunded for line in _of_refund(each, rail)),
    ]


def _unknown(rail: Rail, known: set[str]) -> Iterator[str]:
    for transaction in {each.id: each for each in rail.values()}.values():
        if not known & {transaction.id, transaction.reference}:
            yield f"the rail has {transaction.id}, which we do not know"


def _of_payment(payment: PaymentRow, rail: Rail) -> Iterator[str]:
    transaction = rail.get(payment.transaction_id)
    status = transaction.status if transaction else "ABSENT"
    paid = payment.status == "SUCCESS" or payment.outcome == "approved"
    if paid and status != "SUCCESS":
        yield f"{payment.id} is paid, and {status} on the rail"
    if payment.status in ("FAILED", "EXPIRED") and not paid and status not in ("FAILURE", "ABSENT"):
        yield f"{payment.id} is {payment.status}, and {status} on the rail"
    if payment.outcome == "deemed" and status == "ABSENT":
        yield f"{payment.id} is deemed, and absent on the rail"
    if transaction is None:
        return
    if transaction.amount_minor != payment.amount_minor:
        yield f"{payment.id} is of another amount on the rail"
    if paid and transaction.credited_minor != payment.amount_minor:
        yield f"{payment.id} was credited with {transaction.credited_minor}"
    if payment.status == "SUCCESS" and payment.rrn != transaction.rrn:
        yield f"{payment.id} has another RRN on the rail"


def _of_refund(refund: RefundRow, rail: Rail) -> Iterator[str]:
    transaction = rail.get(refund.transaction_id)
    status = transaction.status if transaction else "ABSENT"
    if refund.status == "SUCCESS" and status != "SUCCESS":
        yield f"{refund.id} succeeded, and is {status} on the rail"
    if refund.status == "FAILED" and status not in ("FAILURE", "ABSENT"):
        yield f"{refund.id} failed, and is {status} on the rail"
    if transaction is not None and transaction.amount_minor != refund.amount_minor:
        yield f"{refund.id} is of another amount on the rail"
