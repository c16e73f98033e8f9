"""The judge of the two records says no when they differ."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from sikka_sim import SCRIPTS, Transaction
from sikka_sim.rail.transaction import customer
from tests.e2e.agreement import disagreements
from tests.e2e.archive import PaymentRow, RefundRow

PAID = PaymentRow(
    "pay_1", "SUCCESS", "captured", 3, 100, 100, 0, None, "SKA1", "approved", "632700000001", "npci"
)
FAILED = replace(PAID, status="FAILED", stage="declined", captured_minor=0, outcome="declined")
OPEN = replace(PAID, status="PENDING", stage="deemed", captured_minor=0, outcome="deemed")
LATE = replace(FAILED, outcome="approved")
REFUND = RefundRow("rfd_1", "pay_1", "SUCCESS", "merchant", 40, "SKA2", "approved", False)


def on_the_rail(**values: object) -> Transaction:
    transaction = Transaction(
        id="SKA1",
        kind="COLLECT",
        owner="400011",
        request_id="SKA0",
        amount_minor=100,
        payer=customer("asha@simbank"),
        payee=customer("chaipoint@sikka"),
        rrn="632700000001",
        script=SCRIPTS["asha"],
        created_at=datetime(2026, 11, 23, 10, 0, tzinfo=UTC),
        status="SUCCESS",
        credited_minor=100,
    )
    for name, value in values.items():
        setattr(transaction, name, value)
    return transaction


REFUNDED = {"id": "SKA2", "kind": "REFUND", "amount_minor": 40, "credited_minor": 40}


@pytest.mark.parametrize(
    ("payment", "rail"),
    [
        (PAID, [on_the_rail()]),
        (LATE, [on_the_rail()]),
        (FAILED, [on_the_rail(status="FAILURE", credited_minor=0)]),
        (FAILED, []),
        (OPEN, [on_the_rail(status="DEEMED", credited_minor=0)]),
        (OPEN, [on_the_rail()]),
    ],
)
def test_records_that_agree_are_left_in_peace(payment: PaymentRow, rail: list[Transaction]) -> None:
    assert disagreements([payment], [], rail) == []


@pytest.mark.parametrize(
    ("payment", "rail", "says"),
    [
        (PAID, [], "ABSENT"),
        (PAID, [on_the_rail(status="FAILURE")], "FAILURE"),
        (PAID, [on_the_rail(status="DEEMED")], "DEEMED"),
        (PAID, [on_the_rail(amount_minor=99)], "another amount"),
        (PAID, [on_the_rail(credited_minor=0)], "credited with 0"),
        (PAID, [on_the_rail(rrn="1")], "another RRN"),
        (FAILED, [on_the_rail()], "FAILED, and SUCCESS"),
        (FAILED, [on_the_rail(status="PENDING")], "FAILED, and PENDING"),
        (LATE, [], "ABSENT"),
        (OPEN, [], "absent"),
        (PAID, [on_the_rail(), on_the_rail(id="SKA9")], "do not know"),
    ],
)
def test_records_that_differ_are_told(
    payment: PaymentRow, rail: list[Transaction], says: str
) -> None:
    told = disagreements([payment], [], rail)
    assert any(says in line for line in told), told


@pytest.mark.parametrize(
    ("refund", "rail", "agrees"),
    [
        (REFUND, [on_the_rail(**REFUNDED)], True),
        (REFUND, [], False),
        (REFUND, [on_the_rail(**{**REFUNDED, "status": "FAILURE"})], False),
        (REFUND, [on_the_rail(**{**REFUNDED, "amount_minor": 41})], False),
        (replace(REFUND, status="FAILED"), [on_the_rail(**REFUNDED)], False),
        (replace(REFUND, status="FAILED"), [], True),
    ],
)
def test_refunds_are_compared_too(refund: RefundRow, rail: list[Transaction], agrees: bool) -> None:
    told = disagreements([PAID], [refund], [on_the_rail(), *rail])
    assert (told == []) is agrees, told
