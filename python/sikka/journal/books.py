"""Reads the ledger: accounts summed over their stripes, transactions with their postings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, select

from sikka.domain.ledger import Account, Chart, Direction, LedgerTransaction, Posting
from sikka.journal import tables
from sikka.journal.changes import TRANSACTION_ROWS
from sikka.journal.database import Database, Query
from sikka.journal.mapping import raw
from sikka.journal.queries import newest_first, page_cursor
from sikka.ports import AccountBalance, Page

_ACCOUNTS = tables.ledger_accounts
_ENTRIES = tables.ledger_entries
_TRANSACTIONS = tables.ledger_transactions


def account_of(id: str) -> Account:
    """The account of an id such as `merchant_payable/mer_…/INR/test`.

    Raises:
        ValueError: when the id is not of that form.
    """
    chart, owner, currency, mode = id.split("/")
    if mode not in ("live", "test"):
        raise ValueError("an account's id ends with its mode")
    return Account(Chart(chart), owner, currency, mode == "live")


class BookReader:
    """The reads of the ledger.

    Args:
        database: where to read.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def accounts(
        self, owner: str | None, livemode: bool, page: Page
    ) -> Sequence[AccountBalance]:
        """Accounts in the order of their ids."""
        query = _balances().where(_ACCOUNTS.c.livemode == int(livemode))
        if owner is not None:
            query = query.where(_ACCOUNTS.c.owner == owner)
        if page.starting_after:
            query = query.where(_ACCOUNTS.c.id > page.starting_after)
        order: ColumnElement[Any] = _ACCOUNTS.c.id.asc()
        if page.ending_before:
            query = query.where(_ACCOUNTS.c.id < page.ending_before)
            order = _ACCOUNTS.c.id.desc()
        rows = await self._database.rows(query.order_by(order).limit(page.limit + 1))
        found = _account_balances(rows)
        return found[::-1] if page.ending_before else found

    async def trial_balance(self, livemode: bool) -> Sequence[AccountBalance]:
        """Every account of a mode, in the order of their ids."""
        query = _balances().where(_ACCOUNTS.c.livemode == int(livemode))
        return _account_balances(await self._database.rows(query.order_by(_ACCOUNTS.c.id)))

    async def transactions(
        self,
        livemode: bool,
        page: Page,
        owner: str | None,
        payment_id: str | None,
        account_id: str | None,
    ) -> Sequence[LedgerTransaction]:
        """Transactions, newest first, narrowed by whatever is given."""
        table = _TRANSACTIONS.c
        where = [table.livemode == int(livemode)]
        if payment_id is not None:
            where.append(table.payment_id == payment_id)
        if account_id is not None:
            where.append(_touches(_ENTRIES.c.account_id == account_id))
        if owner is not None:
            accounts = await self._accounts_of(owner)
            where.append(_touches(_ENTRIES.c.account_id.in_(accounts)))
        cursor = await page_cursor(self._database, table.created_at, table.id, page)
        query = select(*raw(_TRANSACTIONS, TRANSACTION_ROWS.columns)).where(*where)
        rows = await self._database.rows(
            newest_first(query, table.created_at, table.id, page, cursor)
        )
        heads = TRANSACTION_ROWS.decode(rows)
        if page.ending_before:
            heads.reverse()
        return await self._with_postings(heads)

    async def _accounts_of(self, owner: str) -> list[str]:
        query = select(_ACCOUNTS.c.id).where(_ACCOUNTS.c.owner == owner).distinct()
        return [row[0] for row in await self._database.rows(query)]

    async def _with_postings(self, heads: Sequence[tuple[Any, ...]]) -> list[LedgerTransaction]:
        if not heads:
            return []
        entry = _ENTRIES.c
        query = select(entry.transaction_id, entry.account_id, entry.direction, entry.amount_minor)
        ids = [head[0] for head in heads]
        query = query.where(entry.transaction_id.in_(ids))
        postings: defaultdict[str, list[Posting]] = defaultdict(list)
        ordered = query.order_by(entry.transaction_id, entry.position)
        for id_, account, direction, amount in await self._database.rows(ordered):
            postings[id_].append(Posting(account_of(account), Direction(direction), amount))
        return [
            LedgerTransaction(
                id=id_,
                bucket=bucket,
                payment_id=payment_id,
                refund_id=refund_id,
                kind=kind,
                reverses=reverses,
                postings=tuple(postings[id_]),
                created_at=created_at,
            )
            for id_, bucket, payment_id, refund_id, kind, reverses, _, _, created_at in heads
        ]


def _touches(which: ColumnElement[bool]) -> ColumnElement[bool]:
    return _TRANSACTIONS.c.id.in_(select(_ENTRIES.c.transaction_id).where(which))


def _balances() -> Query:
    table = _ACCOUNTS.c
    return select(table.id, func.sum(table.debits_minor), func.sum(table.credits_minor)).group_by(
        table.id
    )


def _account_balances(rows: Sequence[Sequence[Any]]) -> list[AccountBalance]:
    # MySQL sums integers as DECIMAL.
    return [
        AccountBalance(account_of(id_), int(debits), int(credits)) for id_, debits, credits in rows
    ]
