"""What the database holds, read by plain SQL and none of the gateway's own code."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Self

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

_PAYMENTS = """
    SELECT p.id, p.status, p.stage, p.version, p.amount, p.captured_amount, p.refunded_amount,
           p.failure_code, u.npci_txn_id, u.outcome, u.rrn, u.rail
    FROM payments p JOIN upi_transactions u ON u.payment_id = p.id ORDER BY p.id
"""
_REFUNDS = """
    SELECT id, payment_id, status, origin, amount, npci_txn_id, outcome, needs_attention
    FROM refunds ORDER BY id
"""


@dataclass(frozen=True, slots=True)
class PaymentRow:
    """A payment with its UPI side; amounts in minor units."""

    id: str
    status: str
    stage: str
    version: int
    amount_minor: int
    captured_minor: int
    refunded_minor: int
    failure_code: str | None
    transaction_id: str
    outcome: str | None
    rrn: str | None
    rail: str


@dataclass(frozen=True, slots=True)
class RefundRow:
    """A refund."""

    id: str
    payment_id: str
    status: str
    origin: str
    amount_minor: int
    transaction_id: str
    outcome: str | None
    needs_attention: bool


def minor(amount: Any) -> int:
    """A column of money in minor units."""
    return int(Decimal(str(amount)) * 100)


def _payment(*row: Any) -> PaymentRow:
    id, status, stage, version, amount, captured, refunded, failure, txn, outcome, rrn, rail = row
    return PaymentRow(
        id, status, stage, version, minor(amount), minor(captured), minor(refunded),
        failure, txn, outcome, rrn, rail,
    )  # fmt: skip


def _refund(*row: Any) -> RefundRow:
    id, payment_id, status, origin, amount, txn, outcome, needs_attention = row
    return RefundRow(
        id, payment_id, status, origin, minor(amount), txn, outcome, bool(needs_attention)
    )


class Archive:
    """A database. Use it as `async with Archive(url)`."""

    def __init__(self, url: str) -> None:
        # A pool would hold connections across a server that is stopped.
        self._engine: AsyncEngine = create_async_engine(url, poolclass=NullPool)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._engine.dispose()

    async def rows(self, statement: str, **parameters: Any) -> list[Any]:
        """The rows of a query."""
        async with self._engine.connect() as connection:
            return list((await connection.execute(text(statement), parameters)).fetchall())

    async def number(self, statement: str, **parameters: Any) -> int:
        """The one number that a query answers."""
        ((number,),) = await self.rows(statement, **parameters)
        return int(number)

    async def execute(self, statement: str, **parameters: Any) -> None:
        """Change data behind the gateway's back."""
        async with self._engine.begin() as connection:
            await connection.execute(text(statement), parameters)

    async def payments(self) -> list[PaymentRow]:
        """Every payment, oldest first."""
        return [_payment(*row) for row in await self.rows(_PAYMENTS)]

    async def refunds(self) -> list[RefundRow]:
        """Every refund, oldest first."""
        return [_refund(*row) for row in await self.rows(_REFUNDS)]

    async def count(self, table: str) -> int:
        """How many rows a table has."""
        return await self.number(f"SELECT COUNT(*) FROM {table}")

    async def actions(self, payment_id: str) -> list[str]:
        """The audit trail of a payment in its order."""
        rows = await self.rows(
            "SELECT action FROM audit_log WHERE payment_id = :id ORDER BY sequence", id=payment_id
        )
        return [row[0] for row in rows]

    async def backlog(self) -> int:
        """How many events are not relayed, and deliveries not made."""
        return await self.number(
            "SELECT (SELECT COUNT(*) FROM outbox_events WHERE NOT relayed)"
            " + (SELECT COUNT(*) FROM webhook_deliveries WHERE status = 'pending')"
        )
