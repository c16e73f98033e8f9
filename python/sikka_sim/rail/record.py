"""The record: every transaction and every message, and a way to wait for them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from sikka_sim.rail.transaction import FINAL, Transaction


@dataclass(frozen=True, slots=True)
class Message:
    """One message over the wire, in or out.

    Attributes:
        at: ISO 8601 time.
        direction: ``in`` from the gateway, ``out`` to it.
        api: the message's API or the façade's operation.
        transaction_id: the transaction it is about.
        message_id: ``Head@msgId``, or empty.
        outcome: the HTTP answer in a word: ``ack``, ``refused U55``, ``no ack``.
        body: the bytes as text.
    """

    at: str
    direction: Literal["in", "out"]
    api: str
    transaction_id: str
    message_id: str
    outcome: str
    body: str

    def as_json(self) -> dict[str, str]:
        """The message as the control interface shows it."""
        return {name: getattr(self, name) for name in self.__slots__}


class Record:
    """What the rail did.

    Args:
        messages_max: how many of the latest messages are kept; 0 keeps none.
    """

    def __init__(self, messages_max: int = 50_000) -> None:
        self._transactions: dict[str, Transaction] = {}
        self._messages: deque[Message] = deque(maxlen=messages_max)
        self._changed = asyncio.Condition()
        self._notifying: asyncio.Task[None] | None = None

    def __iter__(self) -> Iterator[Transaction]:
        return iter(self._transactions.values())

    def __len__(self) -> int:
        return len(self._transactions)

    def __contains__(self, transaction_id: str) -> bool:
        return transaction_id in self._transactions

    def add(self, transaction: Transaction) -> None:
        """Take up a new transaction.

        Raises:
            ValueError: its id is taken.
        """
        if transaction.id in self._transactions:
            raise ValueError("transaction id is taken")
        self._transactions[transaction.id] = transaction
        self.notify()

    def get(self, transaction_id: str) -> Transaction | None:
        """The transaction, or None when the rail never took it."""
        return self._transactions.get(transaction_id)

    def __getitem__(self, transaction_id: str) -> Transaction:
        return self._transactions[transaction_id]

    def note(self, message: Message) -> None:
        """Keep one message, and count it for its transaction."""
        self._messages.append(message)
        transaction = self._transactions.get(message.transaction_id)
        if transaction is not None:
            transaction.messages += 1
        self.notify()

    def messages(self, transaction_id: str | None = None, api: str | None = None) -> list[Message]:
        """The kept messages, oldest first; of one transaction or one API where given."""
        return [
            message
            for message in self._messages
            if transaction_id in (None, message.transaction_id) and api in (None, message.api)
        ]

    def notify(self) -> None:
        """Wake everybody who waits for the record to change."""
        if self._notifying is None or self._notifying.done():
            self._notifying = asyncio.get_running_loop().create_task(self._wake())

    async def _wake(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def until(self, predicate: Callable[[], bool], timeout_s: float = 10.0) -> None:
        """Wait until the predicate holds; it is asked after every change of the record.

        Raises:
            TimeoutError: it does not hold within ``timeout_s`` real seconds.
        """
        async with asyncio.timeout(timeout_s), self._changed:
            await self._changed.wait_for(predicate)

    async def decided(self, transaction_id: str, timeout_s: float = 10.0) -> Transaction:
        """Wait until the transaction is there and has ended (SUCCESS or FAILURE) and return it.

        Raises:
            TimeoutError: it has not within ``timeout_s`` real seconds.
        """
        await self.until(
            lambda: transaction_id in self and self[transaction_id].status in FINAL, timeout_s
        )
        return self[transaction_id]

    async def answered(self, transaction_id: str, timeout_s: float = 10.0) -> Transaction:
        """Wait until the transaction's outcome was told at least once, acknowledged or not.

        Raises:
            TimeoutError: it was not within ``timeout_s`` real seconds.
        """
        await self.until(
            lambda: transaction_id in self and bool(self[transaction_id].answers), timeout_s
        )
        return self[transaction_id]

    def totals(self) -> dict[str, int]:
        """Sums over all transactions in paise, and their count by status."""
        totals = {"transactions": len(self), "debited": 0, "credited": 0, "reversed": 0}
        for transaction in self:
            totals["debited"] += transaction.debited_minor
            totals["credited"] += transaction.credited_minor
            totals["reversed"] += transaction.reversed_minor
            totals[transaction.status] = totals.get(transaction.status, 0) + 1
        return totals
