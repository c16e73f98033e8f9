"""Does the rail's own record agree with ours? The seventh thing that must hold, whatever fails."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import aiohttp
import msgspec
from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncEngine

from sikka.domain.errors import InvalidRequest

ROWS_AT_ONCE = 1_000
FETCH_TIMEOUT_S = 60.0
NO_ID = ""

# A payment that is not ours to book any more is still told as paid by its UPI side: money that
# came late and went back.
_PAYMENTS = text(
    "SELECT p.id, p.status, p.amount, u.npci_txn_id, u.outcome, u.rrn"
    " FROM payments p JOIN upi_transactions u ON u.payment_id = p.id"
    " WHERE u.rail = :rail AND p.id > :last ORDER BY p.id LIMIT :rows"
)
_REFUNDS = text(
    "SELECT r.id, r.status, r.amount, r.npci_txn_id, r.outcome, r.rrn"
    " FROM refunds r JOIN upi_transactions u ON u.payment_id = r.payment_id"
    " WHERE u.rail = :rail AND r.id > :last ORDER BY r.id LIMIT :rows"
)


class RailTransaction(msgspec.Struct, frozen=True):
    """A transaction as the rail tells it; amounts in major units, as decimal text."""

    id: str
    status: str
    amount: Decimal
    credited: Decimal = Decimal(0)
    rrn: str | None = None
    reference: str = ""


class RailRecord(msgspec.Struct, frozen=True):
    """Everything that a rail has done for us."""

    transactions: list[RailTransaction]


@dataclass(frozen=True, slots=True)
class OurTransaction:
    """A payment or refund as we tell it; the amount in major units."""

    id: str
    status: str
    amount: Decimal
    transaction_id: str
    outcome: str | None
    rrn: str | None

    @property
    def is_paid(self) -> bool:
        """Whether we believe that the money has moved."""
        return self.status == "SUCCESS" or self.outcome == "approved"


async def fetch(url: str) -> RailRecord:
    """The record that a rail shows at a URL as JSON: `{"transactions": […]}`.

    Raises:
        InvalidRequest: nothing usable is there.
    """
    timeout = aiohttp.ClientTimeout(total=FETCH_TIMEOUT_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(url, raise_for_status=True) as response,
        ):
            return msgspec.json.decode(await response.read(), type=RailRecord)
    except (aiohttp.ClientError, TimeoutError) as error:
        raise InvalidRequest(message=f"{url} cannot be read: {type(error).__name__}") from error
    except msgspec.MsgspecError as error:
        raise InvalidRequest(message=f"{url} is no rail's record: {error}") from error


async def disagreements(engine: AsyncEngine, rail: str, record: RailRecord) -> AsyncIterator[str]:
    """Every sentence in which the record of a rail and ours differ.

    What is still open here may be anything there. A sponsor bank's transactions have names of its
    own; those are found by their reference to ours.

    Raises:
        SQLAlchemyError: the database cannot be read.
    """
    theirs = {each.reference: each for each in record.transactions if each.reference}
    theirs.update({each.id: each for each in record.transactions})
    known: set[str] = set()
    for query in (_PAYMENTS, _REFUNDS):
        async for ours in _ours(engine, query, rail):
            known.add(ours.transaction_id)
            for sentence in compare(ours, theirs.get(ours.transaction_id)):
                yield sentence
    for each in record.transactions:
        if each.id not in known and each.reference not in known:
            yield f"{rail} has {each.id} ({each.status}), which is not in the database"


def compare(ours: OurTransaction, theirs: RailTransaction | None) -> Iterator[str]:
    """What differs between one transaction here and there; None is one the rail never had."""
    status = theirs.status if theirs else "absent"
    if ours.is_paid and status != "SUCCESS":
        yield f"{ours.id} is paid here and {status} on the rail"
    if not ours.is_paid and ours.status in ("FAILED", "EXPIRED") and status == "SUCCESS":
        yield f"{ours.id} is {ours.status} here and {status} on the rail"
    if theirs is None:
        return
    if theirs.amount != ours.amount:
        yield f"{ours.id} is of {ours.amount} here and of {theirs.amount} on the rail"
    if ours.is_paid and theirs.rrn and ours.rrn and theirs.rrn != ours.rrn:
        yield f"{ours.id} has another reference number on the rail"


async def _ours(engine: AsyncEngine, query: TextClause, rail: str) -> AsyncIterator[OurTransaction]:
    last = NO_ID
    while True:
        parameters: Mapping[str, Any] = {"rail": rail, "last": last, "rows": ROWS_AT_ONCE}
        async with engine.connect() as connection:
            rows: Sequence[Sequence[Any]] = (await connection.execute(query, parameters)).fetchall()
        for id_, status, amount, transaction_id, outcome, rrn in rows:
            yield OurTransaction(id_, status, Decimal(str(amount)), transaction_id, outcome, rrn)
        if len(rows) < ROWS_AT_ONCE:
            return
        last = rows[-1][0]
